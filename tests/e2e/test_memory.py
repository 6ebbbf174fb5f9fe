"""A daemon that goes on without its store keeps pages in memory, and says of none that it is safe before it is sent."""

import subprocess
import unittest

import delivery
import harness
from delivery import alert
from harness import ALICE
from test_store_trouble import Held


class Memory(Held):
    def in_memory(self):
        """A daemon that works without the store."""
        serve = self.place.serve()
        self.assert_exit(self.send("new01", timeout=240), 0)
        harness.wait_until(lambda: "pages go out without it" in self.place.log(), 20)
        return serve

    def test_memory_promises_nothing(self):
        """What is only in a daemon's memory is neither stored nor sent, and whoever asked is told so."""
        self.in_memory()
        self.sim.faults([{"method": "POST", "do": "status", "status": 503, "code": 20503, "when": "before"}])
        done = self.send("new02", "--wait", "2", timeout=240)
        self.assert_exit(done, 75)
        self.assertIn("not stored", done.stderr)
        self.sim.faults([])
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 3, 60)
        self.assert_once(self.sim, ["old01", "new01", "new02"])

    def test_memory_that_is_slow(self):
        """The daemon sends it, but not within the second that a command waits: it is sent once."""
        self.in_memory()
        self.sim.settings(latency=4000)
        self.assert_exit(self.send("new02", timeout=240), 0)
        self.assert_once(self.sim, ["old01", "new01", "new02"])
        self.assertEqual(len(self.sim.creates()), 3)

    def test_memory_that_dies(self):
        """The daemon is killed with the page in its memory: whoever handed it over sends it."""
        serve = self.in_memory()
        self.sim.faults([{"method": "POST", "do": "status", "status": 429, "code": 20429, "retry_after": 600, "times": 1}])
        send = delivery.popen(self.place, "send", "-t", ALICE, "--wait", "60", *alert(host="new02"),
                              stdin=subprocess.DEVNULL)
        harness.wait_until(lambda: len(self.sim.creates()) == 3, 30)
        serve.kill()
        self.assertEqual(send.wait(120), 0)
        self.assert_once(self.sim, ["old01", "new01", "new02"])


if __name__ == "__main__":
    unittest.main()

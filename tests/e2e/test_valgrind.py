"""send, the drainer that it leaves behind, and serve, under valgrind: no error, nothing lost. What it sees and the sanitizers
do not is the inside of the libraries that we use."""

import shutil
import subprocess
import unittest

import delivery
import harness
from delivery import alert
from harness import ALICE, BOB

VALGRIND = shutil.which("valgrind")


def works():
    """Without the C library's symbols valgrind does not even begin."""
    if not VALGRIND:
        return False
    return subprocess.run([VALGRIND, "--quiet", "true"], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(works(), "needs valgrind")
class Valgrind(delivery.Test):
    def setUp(self):
        self.sim = self.simulator(settings=delivery.QUICK)
        self.place = self.site(self.sim)

    def words(self, *words):
        return ["--leak-check=full", "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99", "--quiet",
                f"--log-file={self.place.folder}/valgrind.%p", harness.program("NT_BIN", "notify_twilio"), *words]

    def judge(self):
        for path in self.place.folder.glob("valgrind.*"):
            self.assertEqual(path.read_text(), "", path)

    def test_send(self):
        done = self.place.run(*self.words("send", "-t", ALICE, *alert()), binary=VALGRIND, timeout=120)
        delivery.wait_gone(self.place, 30)
        self.judge()
        self.assert_exit(done, 0)
        self.assert_once(self.sim, ["web01"])

    def test_serve(self):
        serve = self.place.start(*self.words("serve"), binary=VALGRIND)
        harness.wait_until(lambda: "info: ready" in self.place.log(), 30)
        self.assert_exit(self.place.run("send", "-t", BOB, *alert(host="db01")), 0)
        harness.wait_until(lambda: self.sim.messages(BOB), 30)
        self.assertEqual(harness.end_process(serve, 60), 0)
        self.judge()


if __name__ == "__main__":
    unittest.main()

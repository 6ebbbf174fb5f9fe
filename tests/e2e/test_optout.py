"""STOP and START: a number that opted out is remembered, and forgotten when it says START or an admin says so."""

import unittest

import delivery
import harness

STOPPED = "+15005550004"  # Twilio's magic number: answers 21610


class OptOut(harness.Test):
    def state(self, site):
        return [page["state"] for page in site.queue_json()]

    def opted_out(self, site):
        return bool(delivery.rows(site, "SELECT 1 FROM number WHERE opted_out > 0"))

    def stop(self):
        sim = self.simulator()
        site = self.site(sim)
        done = site.run("send", "-t", STOPPED, *delivery.alert("web01"))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn(STOPPED, done.stderr)
        self.assertTrue(self.opted_out(site))
        asked = len(sim.creates())
        done = site.run("send", "-t", STOPPED, *delivery.alert("web02"))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertEqual(len(sim.creates()), asked, "nothing more is sent to a number that said STOP")
        self.assertIn(STOPPED, site.run("oncall", STOPPED).stdout)
        self.assertIn("OPTED OUT", site.run("oncall", STOPPED).stdout)
        return sim, site

    def test_a_later_start_clears_it(self):
        sim, site = self.stop()
        sim.plant(**{"from": STOPPED, "to": harness.FROM, "body": " Start\n", "status": "received"})
        site.serve()
        harness.wait_until(lambda: not self.opted_out(site), 10, "the START is seen")

    def test_other_words_do_not(self):
        sim, site = self.stop()
        sim.plant(**{"from": STOPPED, "to": harness.FROM, "body": "start the car", "status": "received"})
        before = len(sim.requests())
        site.serve()
        harness.wait_until(lambda: sim.requests(since=before + 1, method="GET"), 10, "the number's messages are looked at")
        self.assertTrue(self.opted_out(site))

    def test_a_retry_by_hand_clears_it(self):
        sim, site = self.stop()
        page = site.queue_json()[0]["id"]
        done = site.run("queue", "retry", str(page))
        self.assertEqual(done.returncode, 0, done.stderr)
        harness.wait_until(lambda: len(sim.creates()) > 1, 10, "sent again")


if __name__ == "__main__":
    unittest.main()

"""Promises that stand between the stages: that what does not reach anybody is heard of, and that nothing grows for ever."""

import os
import pathlib
import pwd
import signal
import time
import unittest

import delivery
import harness

STOPPED = "+15005550004"  # Twilio's magic number: answers 21610
NOBODYS = 65534


class Alarms(harness.Test):
    """What an admin must hear of by another way than the one that is broken."""

    def alarmed(self, sim=None, config=None, **kwargs):
        site = self.site(sim, **kwargs)
        self.heard = site.folder / "alarms"
        site.configure({"alarm": {"command": ["/bin/sh", "-c", f"cat >> {self.heard}"]}, **(config or {})})
        return site

    def alarms(self):
        return self.heard.read_text() if self.heard.exists() else ""

    def hears(self, words):
        harness.wait_until(lambda: words in self.alarms(), 10, f"an alarm with '{words}'")

    def test_a_page_for_a_number_that_said_stop(self):
        site = self.alarmed(self.simulator())
        site.run("send", "-t", STOPPED, *delivery.alert("web01"))
        self.hears("web01")
        self.heard.unlink()
        done = site.run("send", "-t", STOPPED, *delivery.alert("web02"))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn(f"to {STOPPED} was not sent: the number has opted out", site.log())
        self.assertEqual(self.alarms(), "", "the same cause is told once in a quarter of an hour")

    def test_a_sender_that_is_refused(self):
        sim = self.simulator()
        site = self.alarmed(sim, {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 1000},
                                                         {"from": harness.FROM_2, "segments_per_second": 1000}]}})
        sim.faults([{"method": "POST", "from": harness.FROM, "do": "status", "status": 400, "code": 21606}])
        done = site.run("send", "-t", harness.ALICE, *delivery.alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([m["from"] for m in sim.messages()], [harness.FROM_2])
        self.hears(harness.FROM)

    def test_a_certificate_that_is_not_trusted(self):
        sim = self.simulator(tls=True)
        site = self.alarmed(sim)
        site.configure({"twilio": {"ca_file": None}})
        done = site.run("send", "-t", harness.ALICE, "--wait", "2", *delivery.alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.hears("cannot be reached")
        self.assertEqual([p["state"] for p in delivery.pages(site)], ["queued"])
        self.assertEqual(sim.creates(), [])

    def test_the_command_gets_nothing_but_its_text(self):
        sim = self.simulator()
        site = self.site(sim)
        opened = site.folder / "open"
        site.configure({"alarm": {"command": ["/bin/sh", "-c", "readlink /proc/$$/fd/* > $0", str(opened)]}})
        site.serve()
        site.run("send", "-t", harness.ALICE, *delivery.alert())
        harness.wait_until(sim.messages, 10)  # a connection to Twilio stands
        site.run("send", "-t", STOPPED, *delivery.alert())
        harness.wait_until(lambda: opened.exists() and opened.read_text(), 10)
        self.assertNotIn("socket:", opened.read_text())

    def test_new_credentials_are_tried_at_once(self):
        sim = self.simulator()
        site = self.alarmed(sim)
        site.write_token("0" * 32)
        daemon = site.serve()
        for service in ("HTTP", "SSH"):
            site.run("send", "-t", harness.ALICE, *delivery.alert(service=service))
        self.hears("does not let us in")
        site.write_token(harness.TOKEN)
        daemon.send_signal(signal.SIGHUP)
        harness.wait_until(sim.messages, 10, "a page goes without waiting for the minute to pass")


class Log(harness.Test):
    def test_who_was_left_out_is_in_the_log(self):
        site = self.site(self.simulator(), {"fallback": ["alice"]})
        site.serve()
        site.run("send", "-t", "nobody-of-that-name", *delivery.alert())
        self.assertIn("'nobody-of-that-name' is no contact", site.log())
        self.assertIn("the fallback is used", site.log())

    def test_an_alert_for_nobody_is_in_the_daemons_log(self):
        site = self.site(self.simulator())
        site.serve()
        done = site.run("send", "-t", "nobody-of-that-name", *delivery.alert())
        self.assertEqual(done.returncode, 65)
        self.assertTrue(done.stderr.endswith("\n") and not done.stderr.endswith("\n\n"), repr(done.stderr))
        self.assertIn("an alert could not be taken", site.log())

    def test_rotated(self):
        site = self.site(self.simulator())
        daemon = site.serve()
        site.log_path.rename(site.folder / "log.1")
        daemon.send_signal(signal.SIGHUP)
        harness.wait_until(site.log_path.exists, 10, "the log is opened anew")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root_becomes_the_stores_owner_and_keeps_its_log(self):
        site = self.site(self.simulator())
        site.folder.chmod(0o755)
        os.chown(site.store_folder, NOBODYS, NOBODYS)
        done = site.run("send", "-t", harness.ALICE, *delivery.alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({pathlib.Path(f).owner() for f in site.store_folder.iterdir()},
                         {pwd.getpwuid(NOBODYS).pw_name})
        self.assertEqual(site.log_path.owner(), "root")
        harness.wait_until(lambda: "delivered" in site.log(), 20, "the drainer left behind logs where its starter did")


class Reload(harness.Test):
    def test_a_token_that_cannot_be_read_any_more(self):
        sim = self.simulator()
        site = self.site(sim)
        daemon = site.serve()
        site.token_path.unlink()
        daemon.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "the one in force stays" in site.log(), 10)
        site.run("send", "-t", harness.ALICE, *delivery.alert())
        harness.wait_until(sim.messages, 10, "the page goes with the token that was read before")


class Retention(harness.Test):
    def test_without_a_daemon(self):
        site = self.site(self.simulator(settings=delivery.QUICK), {"retain": "1s"})
        site.run("send", "-t", harness.ALICE, *delivery.alert("web01"))
        harness.wait_until(lambda: not site.survivors(), 20, "the drainer ends")
        time.sleep(1.1)
        site.run("send", "-t", harness.BOB, *delivery.alert("web02"))
        harness.wait_until(lambda: [p["host"] for p in delivery.pages(site)] == ["web02"], 10, "the old page is deleted")


if __name__ == "__main__":
    unittest.main()

"""`send` by itself, with no daemon: what it stores, sends, waits for, prints and leaves behind."""

import base64
import json
import os
import select
import signal
import subprocess
import time
import unittest

import delivery
import harness
from delivery import alert, pages, wait_gone
from harness import ALICE, BOB

JSON_KEYS = ["id", "to", "contact", "class", "event", "state", "sid", "error", "body", "encoding", "segments", "truncated",
             "media", "attempts", "next_attempt", "created"]
NOT_VALID = "+15005550001"  # Twilio's own test numbers
NOT_MOBILE = "+15005550009"
STOPPED = "+15005550004"


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


class Sending(delivery.Test):
    def setUp(self):
        self.sim = self.simulator(settings=delivery.QUICK)
        self.site_ = self.site(self.sim)

    def send(self, *args, **kwargs):
        return self.site_.run("send", *args, **kwargs)

    def test_fan_out(self):
        done = self.send("-t", "oncall", *alert())
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(m["to"] for m in self.sim.messages()), [ALICE, BOB])
        self.assertEqual(delivery.states(self.site_), ["sent", "sent"])
        wait_gone(self.site_)
        self.assertEqual(delivery.states(self.site_), ["delivered", "delivered"])
        self.assertEqual([p["contact"] for p in pages(self.site_)], ["alice", "bob"])

    def test_words_for_people(self):
        for to, numbers in (("alice@example.org", [ALICE]), ("alice,bob", [ALICE, BOB]), ("+1 500 555 1003",
                            [harness.CAROL]), ("oncall,alice", [ALICE, BOB])):
            with self.subTest(to):
                self.sim.reset()
                self.assert_exit(self.send("-t", to, *alert(host=f"h{len(to)}")), 0)
                harness.wait_until(lambda: delivery.settled(self.site_))
                self.assertEqual(sorted(m["to"] for m in self.sim.messages()), numbers)

    def test_does_not_wait(self):
        self.sim.settings(latency=6000)
        done, took = self.timed(lambda: self.send("-t", ALICE, "--wait", "0", *alert()))
        self.assert_exit(done, 0)
        self.assertLess(took, 5)
        self.assertIn(delivery.states(self.site_), (["queued"], ["sending"]))
        wait_gone(self.site_)
        self.assert_once(self.sim, ["web01"])

    def test_waits_no_longer_than_told(self):
        self.sim.settings(latency=9000)
        done, took = self.timed(lambda: self.send("-t", ALICE, "--wait", "1", "--json", *alert()))
        self.assert_exit(done, 0)
        self.assertGreater(took, 0.95)
        self.assertLess(took, 8)
        self.assertEqual([p["state"] for p in lines(done)], ["sending"])
        wait_gone(self.site_)
        self.assert_once(self.sim, ["web01"])
        self.assertEqual(delivery.states(self.site_), ["delivered"])

    def test_waits_for_a_slow_twilio(self):
        self.sim.settings(latency=1500)
        done = self.send("-t", ALICE, "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual([p["state"] for p in lines(done)], ["sent"])

    def test_json(self):
        done = self.send("-t", "alice", "--json", *alert(output="a" * 300, time="2026-01-02T03:04:05Z"))
        self.assert_exit(done, 0)
        page = lines(done)[0]
        self.assertEqual(list(page), JSON_KEYS)
        message = self.sim.messages()[0]
        self.assertEqual({**page, "id": 0, "created": 0},
                         {"id": 0, "to": ALICE, "contact": "alice", "class": "urgent", "event": "problem", "state": "sent",
                          "sid": message["sid"], "error": None, "body": message["body"], "encoding": "GSM-7",
                          "segments": 1, "truncated": True, "media": [], "attempts": 1, "next_attempt": None,
                          "created": 0})
        self.assertIsInstance(page["id"], int)
        self.assertLess(abs(page["created"] - time.time()), 60)
        self.assertEqual(len(message["body"]), 160)

    def test_json_of_a_refused_page(self):
        done = self.send("-t", NOT_VALID, "--json", *alert(state="WARNING"))
        self.assert_exit(done, 69)
        page = lines(done)[0]
        self.assertEqual(list(page), JSON_KEYS)
        self.assertEqual((page["state"], page["class"], page["error"]["code"], page["sid"], page["contact"]),
                         ("failed", "routine", 21211, None, None))
        self.assertIn("21211", page["error"]["message"])

    def test_refused(self):
        done = self.send("-t", NOT_VALID, *alert())
        self.assert_exit(done, 69)
        self.assertIn(NOT_VALID, done.stderr)
        self.assertEqual(len(self.sim.creates()), 1)
        again = self.send("-t", NOT_VALID, *alert())
        self.assert_exit(again, 69)
        self.assertEqual(len(self.sim.creates()), 1, "a refused page is not tried again")

    def test_one_refused_number_leaves_the_rest_alone(self):
        done = self.send("-t", f"{NOT_VALID},{ALICE},{NOT_MOBILE},{BOB}", "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual(sorted(m["to"] for m in self.sim.messages()), [ALICE, BOB])
        for number in (NOT_VALID, NOT_MOBILE):
            self.assertIn(number, done.stderr)
        for number in (ALICE, BOB):
            self.assertNotIn(number, done.stderr)
        self.assertEqual({p["to"]: p["state"] for p in lines(done)},
                         {NOT_VALID: "failed", ALICE: "sent", NOT_MOBILE: "failed", BOB: "sent"})

    def test_opted_out(self):
        self.assert_exit(self.send("-t", STOPPED, *alert()), 69)
        self.assert_exit(self.send("-t", STOPPED, *alert(host="db01")), 69)
        self.assertEqual(len(self.sim.creates()), 1, "a number that said STOP is not asked again")

    def test_failover_to_the_next_number(self):
        self.site_.configure({"contacts": [{"name": "dora", "numbers": [NOT_MOBILE, BOB]}], "groups": []})
        done = self.send("-t", "dora", "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual({p["to"]: p["state"] for p in lines(done)}, {NOT_MOBILE: "failed", BOB: "sent"})
        self.assert_once(self.sim, ["web01"], BOB)

    def test_duplicate(self):
        self.assert_exit(self.send("-t", ALICE, *alert()), 0)
        done = self.send("-t", ALICE, "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual([p["state"] for p in lines(done)], ["duplicate"])
        self.assert_once(self.sim, ["web01"])

    def test_recovery(self):
        self.assert_exit(self.send("-t", ALICE, *alert()), 0)
        self.assert_exit(self.send("-t", ALICE, *alert(state="OK", output="fine")), 0)
        harness.wait_until(lambda: len(self.sim.messages()) == 2)  # it may have been handed over
        self.assertEqual([m["body"].split(":")[0] for m in self.sim.messages()], ["CRITICAL PROBLEM", "RECOVERY"])

    def test_usage(self):
        for words in (["--bogus"], ["-t"], ["--wait", "x", *alert()], ["--wait", "-1", *alert()], ["no-pair"],
                      ["--max-segments", "0", *alert()], ["-s", "bogus", *alert()], ["-m", "ftp://x/y", *alert()],
                      ["-t", ALICE, *(["-m", "https://x.example/y.png"] * 11), *alert()], ["--data", "x", *alert()]):
            with self.subTest(words[:3]):
                done = self.send(*words)
                self.assert_exit(done, 64)
                self.assertIn("notify_twilio send:", done.stderr)
        self.assertEqual(self.sim.requests(), [])
        self.assertEqual(pages(self.site_), [])

    def test_nobody(self):
        for words in (["-t", "nobody-known"], ["-t", "12"], ["-t", ""], ["-t", ","], []):
            with self.subTest(words):
                self.assert_exit(self.send(*words, *alert()), 65)
        self.assertEqual(self.sim.requests(), [])

    def test_no_alert(self):
        self.assert_exit(self.send("-t", ALICE, stdin=""), 65)
        self.assert_exit(self.send("-t", ALICE, "event=bogus", "host=web01"), 65)
        self.assertEqual(self.sim.requests(), [])

    def test_routine_is_not_for_everybody(self):
        self.site_.configure({"contacts": [{"name": "alice", "numbers": [ALICE], "routine": False}], "groups": []})
        done = self.send("-t", "alice", *alert(state="WARNING"))
        self.assert_exit(done, 0)
        self.assertEqual(self.sim.requests(), [])
        self.assert_exit(self.send("-t", "alice", *alert()), 0)
        self.assert_once(self.sim, ["web01"])

    def test_dry_run_is_the_real_form(self):
        words = ["-t", "oncall", *alert(output="50 % & more + $(x) é", time="2026-01-02T03:04:05Z")]
        dry = self.send("--dry-run", "--json", *words)
        self.assert_exit(dry, 0)
        self.assertEqual(self.sim.requests(), [])
        self.assertFalse(self.site_.database.exists())
        self.assertEqual(self.site_.survivors(), [])
        text = self.send("--dry-run", *words)
        self.assert_exit(text, 0)
        self.assertEqual(list(lines(dry)[0]), JSON_KEYS + ["request"])
        self.assert_exit(self.send(*words), 0)
        real = {r["fields"]["To"]: r for r in self.sim.creates()}
        for page in lines(dry):
            request = real[page["to"]]
            self.assertEqual([p for p in page["request"]["form"] if p[0] != "ValidityPeriod"],
                             [p for p in request["form"] if p[0] != "ValidityPeriod"])
            self.assertEqual([p[0] for p in page["request"]["form"]], [p[0] for p in request["form"]])
            self.assertEqual(page["request"]["url"], self.sim.url + request["path"])
            self.assertIn(f"POST {page['request']['url']}\n", text.stdout)
            for name, value in page["request"]["form"]:
                if name != "ValidityPeriod":
                    self.assertIn(f"{name}={value}\n", text.stdout)

    def test_nothing_can_be_done(self):
        site = self.site(base_url="http://127.0.0.1:9")
        site.store_folder.rmdir()
        site.store_folder.write_text("a file where the folder should be")
        done = site.run("send", "-t", ALICE, "--wait", "1", *alert())
        self.assert_exit(done, 75)

    def test_without_configuration(self):
        site = self.site(self.sim)
        site.config_path.unlink()
        done = site.run("send", "-t", ALICE, *alert())
        self.assert_exit(done, 75)
        self.assertIn(str(site.config_path), done.stderr)


class LeftBehind(delivery.Test):
    """The drainer that outlives the command."""

    def test_all_is_closed_and_the_session_its_own(self):
        sim = self.simulator(latency=2000)
        site = self.site(sim)
        keep_read, keep_write = os.pipe()
        low, high = os.open("/dev/null", os.O_RDONLY), os.dup2(keep_write, 200)
        send = delivery.popen(site, "send", "-t", ALICE, "--wait", "0", *alert(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(keep_write, low, high))
        os.close(keep_write)
        os.close(high)
        os.close(low)
        try:
            self.assertEqual(send.wait(10), 0)
            for fd in (send.stdout.fileno(), send.stderr.fileno(), keep_read):
                readable, _, _ = select.select([fd], [], [], 1)
                self.assertTrue(readable, "a descriptor is still open in the drainer")
                self.assertEqual(os.read(fd, 100), b"")
            drainers = site.survivors()
            self.assertEqual(len(drainers), 1)
            pid = drainers[0]
            self.assertEqual(os.getsid(pid), pid)
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
            self.assertEqual([os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)], ["/dev/null"] * 3)
            self.assertIn(delivery.states(site), (["queued"], ["sending"]))
        finally:
            os.close(keep_read)
            send.stdout.close()
            send.stderr.close()
        harness.wait_until(sim.messages, 10)
        self.assert_once(sim, ["web01"])

    def test_ends_when_all_is_settled(self):
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim)
        self.assert_exit(site.run("send", "-t", "oncall", *alert()), 0)
        harness.wait_until(lambda: delivery.states(site) == ["delivered"] * 2, 10)
        start = time.monotonic()
        wait_gone(site, 5)
        self.assertLess(time.monotonic() - start, harness.PATIENCE * 1.0)
        self.assertFalse(site.socket.exists())

    def test_another_send_finds_it(self):
        sim = self.simulator(latency=4000)
        site = self.site(sim)
        self.assert_exit(site.run("send", "-t", ALICE, "--wait", "0", *alert()), 0)
        drainers = site.survivors()
        self.assertEqual(len(drainers), 1)
        harness.wait_until(site.socket.exists)
        done = site.run("send", "-t", BOB, "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual(site.survivors(), drainers, "no second drainer is left")
        harness.wait_until(lambda: len(sim.messages()) == 2, 10)

    def test_killed_by_the_monitor(self):
        """SIGKILL to the command's whole process group, what a monitor does on its time-out. A page that takes longer than a
        second is with a drainer that does not belong to the group."""
        sim = self.simulator(latency=9000, settings=delivery.QUICK)
        site = self.site(sim)
        send = delivery.popen(site, "send", "-t", ALICE, *alert(), stdin=subprocess.DEVNULL, start_new_session=True)
        group = send.pid
        harness.wait_until(lambda: [pid for pid in site.survivors() if os.getpgid(pid) != group], 5, "a drainer of its own")
        self.assertIsNone(send.poll(), "the command still waits")
        os.killpg(group, 9)
        send.wait()
        harness.wait_until(lambda: delivery.settled(site), 15)
        wait_gone(site)
        self.assert_once(sim, ["web01"])

    def test_slow_page_is_waited_for(self):
        """The answer comes after the drainer has been left behind: the command still tells it."""
        sim = self.simulator(latency=2500, settings=delivery.QUICK)
        site = self.site(sim)
        done = site.run("send", "-t", ALICE, "--json", *alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        page = json.loads(done.stdout)
        self.assertEqual((page["state"], page["attempts"]), ("sent", 1))
        self.assertEqual(len(sim.creates()), 1)

    def test_asked_to_end(self):
        """SIGTERM (a monitor's gentle time-out) or Ctrl-C while it waits: the drainer is left behind at once."""
        def asked(number):
            sim, site = places[number]
            send = delivery.popen(site, "send", "-t", ALICE, *alert(), stdin=subprocess.DEVNULL, start_new_session=True)
            harness.wait_until(lambda: delivery.states(site) == ["sending"])
            os.killpg(send.pid, number)
            status, took = self.timed(lambda: send.wait(30))
            self.assertEqual(status, 0, "it is stored")
            self.assertLess(took, 4)
            harness.wait_until(lambda: delivery.settled(site), 10)
            self.assertEqual(len(sim.creates()), 1)
            self.assertNotIn("when its drainer died", site.log())
            self.assert_once(sim, ["web01"])

        places = {}
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            sim = self.simulator(latency=5000, settings=delivery.QUICK)
            places[number] = (sim, self.site(sim))
        delivery.in_parallel(*(lambda n=number: asked(n) for number in places))


class Secrets(delivery.Test):
    def look_everywhere(self, site, *texts):
        forms = [harness.TOKEN, harness.KEY_SECRET]
        forms += [base64.b64encode(f"{user}:{secret}".encode()).decode() for user, secret in
                  ((harness.ACCOUNT, harness.TOKEN), (harness.KEY, harness.KEY_SECRET))]
        for form in forms:
            for text in texts:
                self.assertNotIn(form, text)
            for path in site.folder.rglob("*"):
                if path.is_file() and path not in (site.token_path, site.config_path):
                    self.assertNotIn(form.encode(), path.read_bytes(), path)

    def test_nowhere(self):
        """Not in argv, a log, an error text or the queue: when it works, when it is refused, when nobody answers."""
        for name, twilio, fault in (
                ("token file", {}, None),
                ("token in the configuration", {"auth_token_file": None, "auth_token": harness.TOKEN}, None),
                ("API key", {"auth_token_file": None, "api_key_sid": harness.KEY, "api_key_secret": harness.KEY_SECRET},
                 None),
                ("not accepted", {}, {"do": "status", "status": 401, "code": 20003,
                                      "message": f"Authenticate {harness.ACCOUNT}"}),
                ("nobody answers", {"base_url": "http://127.0.0.1:9"}, None),
                ("answers with the token", {}, {"do": "status", "status": 400, "code": 20001,
                                                "message": f"bad {harness.TOKEN}"})):
            with self.subTest(name):
                sim = self.simulator(settings=delivery.QUICK)
                site = self.site(sim, {"twilio": twilio})
                if fault:
                    sim.faults([{"method": "POST", **fault}])
                send = delivery.popen(site, "send", "-v", "-t", ALICE, "--json", "--wait", "1", *alert(),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                seen = []
                while send.poll() is None:
                    for pid in [send.pid, *site.survivors()]:
                        try:
                            with open(f"/proc/{pid}/cmdline", "rb") as f:
                                seen.append(f.read().decode(errors="replace"))
                            with open(f"/proc/{pid}/environ", "rb") as f:
                                seen.append(f.read().decode(errors="replace"))
                        except OSError:
                            pass
                out, err = send.communicate()
                self.assertTrue(seen)
                site.serve()
                if name != "answers with the token":
                    self.look_everywhere(site, out, err, site.log(), *seen)


if __name__ == "__main__":
    unittest.main()

"""`serve`: the hand-over, signals, the service manager, and those who go around it."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import delivery
import harness
from delivery import alert, pages
from harness import ALICE, BOB

NOBODY = pwd.getpwnam("nobody")


class Serving(delivery.Test):
    settings = delivery.QUICK

    def setUp(self):
        self.sim = self.simulator(settings=self.settings)
        self.place = self.site(self.sim, delivery.NO_THROTTLE)

    def send(self, host, *args, to=ALICE, **kwargs):
        return self.place.run("send", "-t", to, *args, *alert(host=host), **kwargs)

    def wait_sent(self, n, limit=10):
        harness.wait_until(lambda: len(self.sim.messages()) >= n, limit, f"{n} messages")


class HandOver(Serving):
    def test_answered_after_the_commit(self):
        self.sim.settings(latency=8000)
        self.place.serve()
        self.send("warm")
        done, took = self.timed(lambda: self.send("web01", "--json"))
        self.assert_exit(done, 0)
        self.assertLess(took, 7, "nobody waits for Twilio")
        page = json.loads(done.stdout)
        self.assertEqual((page["state"], page["to"]), ("queued", ALICE))
        self.assertIn(page["id"], [p["id"] for p in pages(self.place)], "it is stored when the answer comes")
        self.assertEqual(len(self.place.survivors()), 1, "no drainer but the daemon")
        self.wait_sent(2)
        self.assert_once(self.sim, ["warm", "web01"])

    def test_exits(self):
        self.place.serve()
        self.assert_exit(self.send("web01", to="nobody-known"), 65)
        done = self.send("web01", to="+15005550004")
        self.assert_exit(done, 0)
        harness.wait_until(lambda: delivery.states(self.place) == ["failed"])
        done = self.send("web02", to="+15005550004")
        self.assert_exit(done, 69)
        self.assertIn("STOP", done.stderr)

    def test_seen_without_a_word(self):
        """A page that another process stores is noticed within a second or so."""
        self.place.serve()
        done = self.send("web01", "--socket", self.place.folder / "elsewhere", "--wait", "0")
        self.assert_exit(done, 0)
        self.wait_sent(1, 3)
        self.assert_once(self.sim, ["web01"])

    def test_stopped_and_continued(self):
        """Nobody answers in time, the sender goes alone, and the request is still in the socket when serve goes on."""
        serve = self.place.serve()
        self.place.stop_idle(serve)
        try:
            done, took = self.timed(lambda: self.send("web01", "--wait", "1"))
            self.assert_exit(done, 0)
            self.assertLess(took, 5 * harness.PATIENCE)
            self.assertEqual(len(pages(self.place)), 1)
        finally:
            serve.send_signal(signal.SIGCONT)
        self.wait_sent(1)
        self.assert_exit(self.send("web02"), 0)
        self.wait_sent(2)
        harness.wait_until(lambda: delivery.settled(self.place))
        self.assert_once(self.sim, ["web01", "web02"])

    def test_killed_daemon(self):
        serve = self.place.serve()
        serve.kill()
        serve.wait()
        self.assertTrue(self.place.socket.exists(), "a dead socket's file is left")
        self.assert_exit(self.send("web01"), 0)
        self.place.serve()
        self.assert_exit(self.send("web02"), 0)
        self.wait_sent(2)
        self.assert_once(self.sim, ["web01", "web02"])

    def test_socket_file_removed(self):
        self.place.serve()
        self.place.socket.unlink()
        self.assert_exit(self.send("web01", "--wait", "0"), 0)
        self.wait_sent(1, 5)
        harness.wait_until(self.place.socket.exists, 10)
        self.assertIn("listening anew", self.place.log())
        self.assert_exit(self.send("web02"), 0)
        self.assertEqual(len(self.place.survivors()), 1)
        self.wait_sent(2)
        self.assert_once(self.sim, ["web01", "web02"])

    def test_socket_is_for_the_group(self):
        self.place.serve()
        self.assertEqual(os.stat(self.place.socket).st_mode & 0o777, 0o660)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_permission_denied(self):
        """It is said as such, and is not taken for nobody being there: the page goes out all the same."""
        self.place.serve()
        os.chmod(self.place.folder, 0o755)
        os.chmod(self.place.token_path, 0o644)
        other = self.place.folder / "other"
        other.mkdir(mode=0o777)
        other.chmod(0o777)
        self.place.log_path.chmod(0o666)
        done = self.place.run(f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups",
                              harness.program("NT_BIN", "notify_twilio"), "send", "-t", ALICE, *alert(),
                              binary=shutil.which("setpriv"))
        self.assert_exit(done, 0)
        self.assertRegex(done.stderr, "permission denied on .*socket")
        self.assertRegex(self.place.log(), "[Pp]ermission denied")
        self.assert_once(self.sim, ["web01"])


class Signals(Serving):
    def test_term_finishes_what_is_in_flight(self):
        self.sim.settings(latency=1500)
        serve = self.place.serve()
        self.assert_exit(self.send("web01"), 0)
        harness.wait_until(lambda: delivery.states(self.place) == ["sending"])
        serve.terminate()
        self.assertEqual(serve.wait(10), 0)
        self.assertEqual(delivery.states(self.place), ["sent"])
        self.assertFalse(self.place.socket.exists())
        self.assert_once(self.sim, ["web01"])

    def test_term_leaves_what_has_not_begun(self):
        self.sim.faults([{"method": "POST", "do": "status", "status": 429, "code": 20429, "times": 1, "retry_after": 5}])
        serve = self.place.serve()
        self.assert_exit(self.send("web01"), 0)
        harness.wait_until(lambda: delivery.states(self.place) == ["queued"] and pages(self.place)[0]["attempts"] == 1)
        serve.terminate()
        self.assertEqual(serve.wait(30), 0)
        self.assertEqual(delivery.states(self.place), ["queued"])
        delivery.drain_to_end(self.place)
        self.assert_once(self.sim, ["web01"])

    def test_hup_reads_the_configuration_again(self):
        self.place.configure({"message": {"max_segments": 1}})
        serve = self.place.serve()
        self.place.configure({"contacts": [{"name": "newcomer", "numbers": [BOB]}], "groups": []})
        self.assert_exit(self.send("web01", to="newcomer"), 65)
        serve.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "configuration read again" in self.place.log())
        self.assert_exit(self.send("web01", to="newcomer"), 0)
        self.wait_sent(1)
        self.assert_once(self.sim, ["web01"], BOB)

    def test_hup_with_a_broken_configuration(self):
        told = delivery.alarms(self.place)
        serve = self.place.serve()
        good = self.place.config_path.read_text()
        for text in ("twilio: [\n", good + "bogus: 1\n", ""):
            count = self.place.log().count("does not load")
            self.place.write_config(text)
            serve.send_signal(signal.SIGHUP)
            harness.wait_until(lambda c=count: self.place.log().count("does not load") > c)
        harness.wait_until(told)
        self.place.write_config(good)
        self.assert_exit(self.send("web01"), 0)
        self.wait_sent(1)
        self.assertEqual(len(told()), 1, "one alarm a cause")
        self.assertIn("the one in force stays", told()[0])
        serve.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "configuration read again" in self.place.log())
        self.assertIsNone(serve.poll())

    def test_broken_configuration_at_the_start(self):
        """The last good copy is used, and `check` says so."""
        harness.end_process(self.place.serve())
        self.place.write_config("twilio: [\n")
        env = {"NOTIFY_TWILIO_SOCKET": None}
        self.assert_exit(self.send("web01", env=env), 0)
        self.assert_once(self.sim, ["web01"])
        self.assertRegex(self.place.log(), "last good")
        done = self.place.run("check", env=env)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout, "CRITICAL.*last good")

    def test_log_file_taken_away(self):
        """After SIGHUP the log is where its name says, for log rotation."""
        serve = self.place.serve()
        self.place.log_path.rename(self.place.folder / "log.1")
        serve.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.place.log_path.exists() or "read again" in
                           (self.place.folder / "log.1").read_text())
        self.assert_exit(self.send("web01"), 0)
        harness.wait_until(lambda: "sent" in self.place.log(), 5, "the new file is written to")


class Two(Serving):
    def test_second_daemon(self):
        first = self.place.serve()
        second = self.place.start("serve")
        self.assertEqual(second.wait(10), 75)
        self.assertRegex(second.err_path.read_text(), rf"\b{first.pid}\b.*{re.escape(str(self.place.database))}")
        self.assertIsNone(first.poll())
        self.assert_exit(self.send("web01"), 0)
        self.wait_sent(1)

    def test_asks_the_drainer_left_behind_to_leave(self):
        self.sim.settings(schedule={"accepted": 0, "queued": 600000, "sending": 0, "sent": 0})  # receipts that never come
        self.assert_exit(self.send("web01"), 0)
        harness.wait_until(self.place.survivors)
        drainer = self.place.survivors()
        self.assertEqual(len(drainer), 1)
        harness.wait_until(self.place.socket.exists)
        serve = self.place.serve()
        harness.wait_until(lambda: self.place.survivors() == [serve.pid], 10, "the drainer leaves")
        self.assert_exit(self.send("web02"), 0)
        self.wait_sent(2)
        self.assert_once(self.sim, ["web01", "web02"])

    def test_waits_for_a_request_under_way(self):
        self.sim.settings(latency=2500)
        self.assert_exit(self.send("web01", "--wait", "0"), 0)
        harness.wait_until(lambda: delivery.states(self.place) == ["sending"] and self.place.socket.exists())
        serve = self.place.serve(limit=15)
        harness.wait_until(lambda: self.place.survivors() == [serve.pid], 15)
        harness.wait_until(lambda: delivery.settled(self.place))
        self.assertEqual(len(self.sim.creates()), 1)
        self.assertNotIn("when its drainer died", self.place.log())
        self.assert_once(self.sim, ["web01"])


class Manager(Serving):
    """What systemd does for a service."""

    def notified(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.settimeout(60)
        s.bind(str(self.place.folder / "notify"))
        return s

    def test_ready_watchdog_stopping(self):
        s = self.notified()
        serve = self.place.start("serve", env={"NOTIFY_SOCKET": self.place.folder / "notify", "WATCHDOG_USEC": "600000"})
        heard = []

        def hear(word, limit=60):
            end = time.monotonic() + limit
            while not any(word in text for text in heard):
                self.assertLess(time.monotonic(), end, f"{word} in {heard}")
                heard.append(s.recv(4096).decode())

        hear("READY=1")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(str(self.place.socket))  # ready means listening
        start = time.monotonic()
        for _ in range(3):
            heard.clear()
            hear("WATCHDOG=1")
        self.assertLess(time.monotonic() - start, 3 * harness.PATIENCE)
        serve.terminate()
        hear("STOPPING=1")
        self.assertEqual(serve.wait(30), 0)

    def test_abstract_notify_socket(self):
        name = f"\0nt-{self.place.marker}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(60)
            s.bind(name)
            self.place.start("serve", env={"NOTIFY_SOCKET": "@" + name[1:]})
            self.assertIn("READY=1", s.recv(4096).decode())

    def serve_on(self, listening):
        """A daemon that the socket is passed in to. LISTEN_PID must be its own, so a shell sets it and becomes it."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec 3<&{listening.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve",
             harness.program("NT_BIN", "notify_twilio")],
            env=self.place.environment(), pass_fds=[listening.fileno()], stdin=subprocess.DEVNULL, cwd=self.place.folder)
        self.place.processes.append(process)
        return process

    def test_socket_activation_after_a_command_that_worked_alone(self):
        """Nobody can be asked on a socket that the service manager holds; the drainer left behind leaves all the same."""
        self.sim.settings(schedule={"accepted": 0, "queued": 600000, "sending": 0, "sent": 0})  # receipts that never come
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.bind(str(self.place.socket))
            s.listen(10)
            self.assert_exit(self.send("web01", timeout=60), 0)  # nobody takes it from the socket's queue
            self.assertEqual(len(self.place.survivors()), 1)
            process = self.serve_on(s)
            harness.wait_until(lambda: self.place.survivors() == [process.pid], 60, "the drainer makes way")
            self.assert_exit(self.send("web02", timeout=60), 0)
            self.wait_sent(2, 60)
        self.assertEqual(harness.end_process(process, 60), 0)
        self.assertIn("a daemon wants to deliver", self.place.log())
        self.assert_once(self.sim, ["web01", "web02"])

    def test_socket_activation(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.bind(str(self.place.socket))
            s.listen(10)
            process = self.serve_on(s)
            done = self.send("web01", "--json", timeout=30)  # waits in the socket's queue until the daemon is there
            self.assert_exit(done, 0)
        self.wait_sent(1)
        self.assert_exit(self.send("web02"), 0)
        self.wait_sent(2)
        self.assertEqual(self.place.survivors(), [process.pid])
        self.assertEqual(harness.end_process(process), 0)
        self.assertTrue(self.place.socket.exists(), "the manager's socket is left alone")
        self.assert_once(self.sim, ["web01", "web02"])


if __name__ == "__main__":
    unittest.main()

"""Debian's Nagios with our broker module in it: notifications reach the daemon without a command, and when they do not,
the command pages, and nobody hears of it twice."""

import os
import select
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest

import harness
import monitors
from nagios import Nagios

NAME = "notify-service-by-twilio"
WHAT = "someone;web01;HTTP"


class Quick(Nagios):
    """With the store in memory, where there is some."""

    def __init__(self, site, store, broker, **options):
        self.store = store
        site.configure({"store": f"sqlite:{store}/queue.db"})
        super().__init__(site, broker=broker.format(site.socket), **options)

    def hand_over(self):
        super().hand_over()
        if self.account:
            os.chown(self.store, self.account.pw_uid, self.account.pw_gid)


class Test(monitors.Test):
    def begin_with(self, words="socket={} wait=1000", **options):
        """By arguments: what arrives unstripped can have come through the module alone. For tests of what it does when all
        is well, neither a slow disk nor a busy machine is to be trouble."""
        store = tempfile.mkdtemp(prefix="nt-store-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.addCleanup(shutil.rmtree, store)  # after the daemon has ended
        self.begin(Quick, store=store, environment=False, pager="alice", broker=words, **options)
        self.daemon = self.place.serve()

    def said(self, words, count=1):
        harness.wait_until(lambda: self.monitor.all_log().count(words) >= count, 15, f"the core's log says: {words}")

    def logged(self, *lines):
        """The core's log has these notifications, and they are all since the last call."""
        done = getattr(self, "lines", 0)
        harness.wait_until(lambda: len(self.monitor.notified()) >= done + len(lines), 10, "the log has the notification")
        new = self.monitor.notified()[done:]
        self.lines = done + len(new)
        self.assertEqual(new, list(lines))

    def only(self, count, pause=1.0):
        """No more messages come than those seen already."""
        end = time.monotonic() + pause
        while time.monotonic() < end:
            self.assertLessEqual(len(self.sim.messages()), count, self.sim.messages())
            time.sleep(0.1)

    def alive(self):
        self.assertIsNone(self.monitor.process.poll(), self.monitor.log())


class Life(Test):
    def test_a_problem(self):
        self.begin_with()
        self.said("notify_twilio: ")
        bad = "CRITICAL - \"5xx\" 12% & $(id) 'q' <b>"
        self.monitor.service_result(2, bad + "|rate=12%;5;10\\nmore\\nlines")
        self.assertRegex(self.text(), monitors.clock(f"CRITICAL PROBLEM: HTTP on web01 @\n{bad}"))
        self.logged(f"SERVICE NOTIFICATION: {WHAT};CRITICAL;{NAME};{bad}")
        self.monitor.acknowledge("O'Neil", "I'm on it & \"soon\"")
        self.assertRegex(self.text(), monitors.clock(
            "ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\nI'm on it & \"soon\""))
        self.logged(f"SERVICE NOTIFICATION: {WHAT};ACKNOWLEDGEMENT (CRITICAL);{NAME};{bad};O'Neil;I'm on it & \"soon\"")
        self.monitor.custom("Zoë", "can't reach $HOME")
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by Zoë: HTTP on web01 CRITICAL @\ncan't reach $HOME"))
        self.logged(f"SERVICE NOTIFICATION: {WHAT};CUSTOM (CRITICAL);{NAME};{bad};Zoë;can't reach $HOME")
        self.monitor.service_result(0, "OK - 'fine' again")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK \d\d:\d\d( after \d+s)?\nOK - 'fine' again$")
        self.logged(f"SERVICE NOTIFICATION: {WHAT};OK;{NAME};OK - 'fine' again")

        pages = self.pages()
        self.assertEqual([page["event"] for page in pages], ["problem", "acknowledgement", "custom", "recovery"])
        alert = self.history(pages[0], "-v")["alert"]
        self.assertEqual([alert[key] for key in ("source", "event", "state", "host", "service", "output", "long_output")],
                         ["nagios", "problem", "CRITICAL", "web01", "HTTP", bad, "more\nlines"])
        wanted = {"_SERVICERUNBOOK": "https://wiki.example.org/http?a=1", "_HOSTSITE": "Berlin \"Mitte\"",
                  "_CONTACTSHIFT": "early", "HOSTALIAS": "O'Brien's \"web\" & more", "SERVICEPERFDATA": "rate=12%;5;10",
                  "NOTIFICATIONTYPE": "PROBLEM", "NOTIFICATIONNUMBER": "1", "CONTACTPAGER": "alice", "HOSTSTATE": "UP",
                  "SERVICEATTEMPT": "1", "LASTSERVICESTATE": "OK", "CONTACTNAME": "someone"}
        self.assertEqual({name: alert["macros"].get(name) for name in wanted}, wanted)
        self.assertRegex(alert["macros"]["TIMET"], r"^\d{10}$")
        self.assertEqual(self.place.log().count("error: "), 0, self.place.log())
        self.assertEqual(self.monitor.all_log().count("notify_twilio: "), 1)  # that it hands over, and no complaint

    def test_hosts_downtimes_and_flapping(self):
        self.begin_with(flapping=True)
        self.monitor.host_result(1, "DOWN - 'no' answer")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN - 'no' answer"))
        self.logged("HOST NOTIFICATION: someone;web01;DOWN;notify-host-by-twilio;DOWN - 'no' answer")
        self.monitor.external("ACKNOWLEDGE_HOST_PROBLEM;web01;1;1;0;alice;a 'host'")
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by alice: web01 DOWN @\na 'host'"))
        self.logged("HOST NOTIFICATION: someone;web01;ACKNOWLEDGEMENT (DOWN);notify-host-by-twilio;DOWN - 'no' answer;alice;"
                    "a 'host'")
        self.monitor.host_result(0, "UP")
        self.assertRegex(self.text(), r"^RECOVERY: web01 UP \d\d:\d\d( after \d+s)?\nUP$")
        self.logged("HOST NOTIFICATION: someone;web01;UP;notify-host-by-twilio;UP")

        self.monitor.service_result(0, "OK")
        self.monitor.downtime("bob", "new 'disk'", 2)
        self.assertRegex(self.text(), monitors.clock("DOWNTIME started: HTTP on web01 OK @\nbob: new 'disk'"))
        self.logged(f"SERVICE NOTIFICATION: {WHAT};DOWNTIMESTART (OK);{NAME};OK")
        self.assertRegex(self.text(), r"^DOWNTIME ended: HTTP on web01 OK \d\d:\d\d")
        self.logged(f"SERVICE NOTIFICATION: {WHAT};DOWNTIMEEND (OK);{NAME};OK")

        for i in range(8):
            self.monitor.service_result(2 if i % 2 == 0 else 0, f"'flap' {i}")
        harness.wait_until(lambda: any("FLAPPING" in m["body"] for m in self.sim.messages()), 20, "flapping is told")
        line = next(line for line in self.monitor.notified() if ";FLAPPINGSTART (" in line)
        self.assertRegex(line, rf"^SERVICE NOTIFICATION: {WHAT};FLAPPINGSTART \(\w+\);{NAME};'flap' \d$")


class Reload(Test):
    def test_reload_and_new_daemon(self):
        self.begin_with()
        process = self.monitor.process.pid
        self.monitor.service_result(2, "'before'")
        self.assertIn("'before'", self.text())
        self.monitor.reload()
        self.said("Event broker module", 3)  # initialised, deinitialised, initialised
        self.monitor.service_result(2, "'after'")  # this core keeps no states
        self.assertIn("'after'", self.text())
        self.assertEqual(self.monitor.process.pid, process)
        # A daemon that was started anew is found at once: the connection to the old one is seen to be dead.
        harness.end_process(self.daemon, 20)
        self.daemon = self.place.serve()
        self.monitor.service_result(0, "'again'")
        self.assertIn("'again'", self.text())
        self.assertNotIn("no daemon", self.monitor.all_log())
        self.assertEqual(len(self.monitor.notified()), 3)
        self.alive()


class Trouble(Test):
    def test_without_a_daemon_the_command_pages(self):
        self.begin_with()
        self.daemon.kill()
        self.daemon.wait()
        self.monitor.service_result(2, "CRITICAL - 'quoted'")
        self.assertIn("CRITICAL - quoted", self.text())
        self.said(f"notify_twilio: no daemon on {self.place.socket}")
        away = time.monotonic()
        self.daemon = self.place.serve()
        self.monitor.service_result(0, "OK - 'quoted'")  # the command, which finds the daemon
        self.assertIn("OK - quoted", self.text())
        harness.wait_until(lambda: time.monotonic() - away > 10.5, 20, "the module tries again")
        self.monitor.service_result(2, "CRITICAL - 'new'")
        self.assertIn("CRITICAL - 'new'", self.text())
        self.said("takes alerts again")
        self.assertEqual(self.monitor.all_log().count("no daemon on"), 1)
        self.assertEqual(len(self.monitor.notified()), 3)
        self.alive()

    def test_a_stopped_daemon_is_waited_for_once(self):
        self.begin_with("socket={}")
        self.place.stop_idle(self.daemon, self.monitor.store)
        self.addCleanup(self.daemon.send_signal, signal.SIGCONT)
        self.monitor.service_result(2, "CRITICAL - 'quoted'")
        self.said("notify_twilio: no answer on ")
        self.alive()
        # The command has stored it by itself by now, or does when its second is over.
        harness.wait_until(lambda: self.place.queue_json(), 20, "the command stores the page")
        self.daemon.send_signal(signal.SIGCONT)
        self.assertIn("CRITICAL - quoted", self.text())
        self.only(1)
        self.assertEqual(len(self.pages()), 1)
        self.assertEqual(len(self.monitor.notified()), 1)
        self.alive()

    def test_an_answer_that_comes_too_late(self):
        """The daemon has stored it, and the module does not hear of it in time: the command's page is the same one."""
        self.relay = Relay(self)
        self.begin_with("socket={}.relay wait=1000")
        self.relay.start(self.place.socket, f"{self.place.socket}.relay", self.monitor.account)
        for turn, (say, words) in enumerate(((lambda: self.monitor.custom("Zoë", "can't reach it"), "Zoë: HTTP"),
                                             (lambda: self.monitor.service_result(2, "CRITICAL - 'quoted'"), "'quoted'"))):
            self.monitor.reload()  # which also ends the ten seconds after the turn before
            self.said("notify_twilio: 0", turn + 2)
            say()
            self.assertIn(words, self.text())
            harness.wait_until(lambda: len(self.place.queue_json()) == 2 * turn + 2, 20, "the command offers it as well")
            harness.wait_until(lambda: self.relay.served == turn + 1, 20, "the late answer")
        self.only(2)
        self.assertEqual([page["state"] for page in self.place.queue_json()].count("duplicate"), 2)
        self.assertEqual(len(self.monitor.notified()), 2)
        self.alive()


class Relay:
    """Between the module and the daemon: requests go on at once, answers come back after a second and a half."""

    def __init__(self, test):
        self.test, self.served, self.ended = test, 0, False

    def start(self, there, here, account):
        self.there = str(there)
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(here)
        if account:
            os.chown(here, account.pw_uid, account.pw_gid)
        self.listening.listen(8)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        self.test.addCleanup(self.stop)

    def run(self):
        while not self.ended:
            if not select.select([self.listening], [], [], 0.1)[0]:
                continue
            client, _ = self.listening.accept()
            with client, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
                client.settimeout(5)
                server.connect(self.there)
                packet = client.recv(1 << 20)
                server.send(packet)
                answer = server.recv(1 << 20)
                time.sleep(1.5)
                try:
                    client.send(answer)
                except OSError:
                    pass  # it has gone, as it should have
            self.served += 1

    def stop(self):
        self.ended = True
        self.thread.join()
        self.listening.close()


class Arguments(Test):
    def test_bad_words_are_logged_and_harm_nobody(self):
        self.begin_with("verbose")
        self.said('notify_twilio: does nothing: what is "verbose"?')
        self.monitor.service_result(2, "CRITICAL - 'quoted'")
        self.assertIn("CRITICAL - quoted", self.text())
        self.alive()


if __name__ == "__main__":
    unittest.main()

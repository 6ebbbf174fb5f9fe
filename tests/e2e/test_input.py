"""What monitors hand in — by environment, pairs, standard input and Icinga's options — and what nobody should: whatever it
is, one message with text in it, no form field that is not ours, no crash."""

import itertools
import os
import unittest

import delivery
import harness
from delivery import alert
from harness import ALICE, BOB

NAGIOS = {"NAGIOS_NOTIFICATIONTYPE": "PROBLEM", "NAGIOS_HOSTNAME": "web01", "NAGIOS_SERVICEDESC": "HTTP",
          "NAGIOS_SERVICESTATE": "CRITICAL", "NAGIOS_SERVICEOUTPUT": "no answer", "NAGIOS_CONTACTNAME": "bob",
          "NAGIOS_CONTACTPAGER": ALICE, "NAGIOS_NOTIFICATIONNUMBER": "1", "NAGIOS_HOSTADDRESS": "192.0.2.1"}
ICINGA = {"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "web01", "HOSTDISPLAYNAME": "web01", "SERVICENAME": "HTTP",
          "SERVICEDESC": "HTTP", "SERVICEDISPLAYNAME": "HTTP", "SERVICESTATE": "CRITICAL",
          "SERVICEOUTPUT": "no answer\nsecond line", "USEREMAIL": "alice@example.org", "NOTIFICATIONAUTHORNAME": "",
          "NOTIFICATIONCOMMENT": "", "LONGDATETIME": "2026-01-02 03:04:05 +0000"}
FIELDS = {"To", "From", "Body", "ValidityPeriod", "RiskCheck", "SmartEncoded"}


class Input(delivery.Test):
    """One daemon takes everything; each test looks at what came of its own alert."""

    def setUp(self):
        self.sim = self.simulator(settings=delivery.QUICK)
        self.place = self.site(self.sim, delivery.NO_THROTTLE)
        self.count = itertools.count()

    def messages(self, n, to=None):
        harness.wait_until(lambda: len(self.sim.messages(to)) >= n, 10, f"{n} messages")
        return self.sim.messages(to)


class Sources(Input):
    def one(self, *args, to=ALICE, **kwargs):
        self.sim.reset()
        done = self.place.run(*args, **kwargs)
        self.assert_exit(done, 0)
        message = self.messages(1, to)[0]
        self.assertEqual(len(self.sim.messages()), 1)
        return message["body"]

    def test_nagios_environment(self):
        body = self.one("send", env=NAGIOS)
        self.assertTrue(body.startswith("CRITICAL PROBLEM: HTTP on web01"), body)
        self.assertIn("no answer", body)

    def test_pairs_win_over_the_environment(self):
        body = self.one("send", "HOSTNAME=db01", env=NAGIOS)
        self.assertIn("HTTP on db01", body)
        self.assertNotIn("web01", body)

    def test_to_wins_over_the_pager(self):
        self.one("send", "-t", "bob", env=NAGIOS, to=BOB)

    def test_contact_when_there_is_no_pager(self):
        self.one("send", env={**NAGIOS, "NAGIOS_CONTACTPAGER": ""}, to=BOB)

    def test_nagios_host(self):
        env = {k: v for k, v in NAGIOS.items() if "SERVICE" not in k}
        body = self.one("send", env={**env, "NAGIOS_HOSTSTATE": "DOWN", "NAGIOS_HOSTOUTPUT": "no ping"})
        self.assertTrue(body.startswith("DOWN PROBLEM: web01"), body)

    def test_pager_with_anything(self):
        for pager, numbers in (("+1 (500) 555-1001", [ALICE]), (f"{ALICE},{BOB}", [ALICE, BOB]), (f"{ALICE}; {BOB}", [ALICE, BOB]),
                               (f"{ALICE} {BOB}", [ALICE, BOB]), ("tel:+15005551001", [BOB]), ("alice", [ALICE]),
                               ("call the boss", [BOB])):
            with self.subTest(pager):
                self.sim.reset()
                host = f"pager{next(self.count)}"
                done = self.place.run("send", env={**NAGIOS, "NAGIOS_CONTACTPAGER": pager, "NAGIOS_HOSTNAME": host})
                self.assert_exit(done, 0)
                harness.wait_until(lambda: delivery.settled(self.place))
                self.assertEqual(sorted(m["to"] for m in self.sim.messages()), numbers)

    def test_icinga_environment(self):
        body = self.one("send", "-t", "alice@example.org", env=ICINGA)
        self.assertTrue(body.startswith("CRITICAL PROBLEM: HTTP on web01"), body)

    def test_zabbix(self):
        message = ("NOTIFIED=2026.01.02 03:04:05\nHOST.NAME=web01\nEVENT.ID=4711\nEVENT.VALUE=1\nEVENT.NSEVERITY=5\n"
                   "EVENT.SEVERITY=Disaster\nEVENT.NAME=Disk full & burning\nTRIGGER.URL=*UNKNOWN*\n")
        words = ["send", "-s", "zabbix", "-t", f"{ALICE},{BOB}", "--subject", "Problem: Disk full", "--message", message]
        done = self.place.run(*words)
        self.assert_exit(done, 0)
        bodies = [m["body"] for m in self.messages(2)]
        for body in bodies:
            self.assertIn("DISASTER", body)
            self.assertIn("Disk full & burning", body)
            self.assertIn("web01", body)
        again = self.place.run(*words)
        self.assert_exit(again, 0)
        self.assertEqual(len(self.sim.creates()), 2, "Zabbix repeats what it did not hear the end of")
        step = self.place.run(*words[:-1], message.replace("03:04", "03:34"))
        self.assert_exit(step, 0)
        self.messages(4)

    def test_text_from_standard_input(self):
        body = self.one("send", "-t", ALICE, stdin="The building is on fire\nsecond floor\n")
        self.assertIn("The building is on fire", body)
        self.place.serve()
        body = self.one("send", "-t", ALICE, stdin="The cellar is under water\n")
        self.assertIn("The cellar is under water", body)

    def test_secrets_of_the_surroundings_stay_there(self):
        self.one("send", "-t", ALICE, env={**ICINGA, "DB_PASSWORD": "hunter2hunter2", "HOST_API_KEY": "k3yk3yk3y",
                                           "NAGIOS_X": ""})
        for path in self.place.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"hunter2hunter2", path.read_bytes(), path)
                self.assertNotIn(b"k3yk3yk3y", path.read_bytes(), path)


class DropIns(Input):
    def run_as(self, name, *args, to=ALICE):
        self.sim.reset()
        done = self.place.run(*args, binary=delivery.full_binary(name))
        self.assert_exit(done, 0)
        return self.messages(1, to)[0]["body"]

    def test_host(self):
        body = self.run_as("twilio-host-notification", "-d", "2026-01-02 03:04:05 +0000", "-l", "web01", "-n", "web01", "-o",
                           "no ping", "-r", "alice@example.org", "-s", "DOWN", "-t", "PROBLEM", "-4", "192.0.2.1", "-6", "",
                           "-b", "", "-c", "", "-i", "", "-f", "", "-v", "false")
        self.assertTrue(body.startswith("DOWN PROBLEM: web01"), body)
        self.assertIn("no ping", body)

    def test_service(self):
        body = self.run_as("twilio-service-notification", "-d", "x", "-l", "web01", "-n", "web01", "-o", "-c is not an option",
                           "-r", ALICE, "-s", "CRITICAL", "-t", "PROBLEM", "-e", "HTTP", "-u", "HTTP", "-b", "op",
                           "-c", "a comment", "-X", "", "-x", "")
        self.assertTrue(body.startswith("CRITICAL PROBLEM: HTTP on web01"), body)

    def test_several(self):
        self.run_as("twilio-host-notification", "-l", "web01", "-s", "DOWN", "-t", "PROBLEM", "-o", "x", "-r",
                    "alice@example.org,bob")
        self.assertEqual(sorted(m["to"] for m in self.messages(2)), [ALICE, BOB])

    def test_letters_that_do_not_exist(self):
        for name, args in (("twilio-host-notification", ["-e", "HTTP"]), ("twilio-host-notification", ["-z", "x"]),
                           ("twilio-service-notification", ["-q", "x"])):
            done = self.place.run("-l", "web01", "-t", "PROBLEM", *args, binary=delivery.full_binary(name))
            self.assert_exit(done, 64)
        self.assertEqual(self.sim.requests(), [])


class Hostile(Input):
    """Output that was made to break things. All of it by each way in, handed over and alone."""

    TEXTS = {
        "quotes": "it's \"down\" `now`", "form": "x&To=+15005559999&Body=owned", "percent": "%26To=%2B15005559999 100%",
        "plus": "1+1=2 a+b", "shell": "$(reboot) `reboot` ; reboot | reboot > /x", "format": "%s%n%x%d {{host}} {{#a}}",
        "newlines": "one\ntwo\r\nthree\n\n\n", "tabs": "a\tb\x0b\x0c\x1b[31mred\x07", "backslash": "a\\nb\\ c\\",
        "json": "\"}],\"ok\":false,\"exit\":75,\"error\":\"x", "empty": "", "blank": " \n \t ", "equals": "=a==b",
        "braces": "{{{output}}} {{> default}} {{=<% %>=}}", "unicode": "ünïcödé ☃ 🚒 \u202eevil\u200b", "dashes": "-- --to x",
        "long word": "x" * 5000, "long lines": "word " * 20000, "yaml": "key: [value, {a: b}] # c", "sql": "'); DROP TABLE page;--",
    }
    BYTES = {"invalid": b"caf\xe9 \xff\xfe \xc3", "half": b"\xf0\x9f\x98", "surrogates": b"\xed\xa0\x80 x",
             "overlong": b"\xc0\xaf..\xc0\xaf", "latin": "Größe überschritten".encode("latin-1"),
             "all bytes": bytes(range(1, 256)), "many": b"\xff" * 60000}

    def texts(self):
        for name, text in self.TEXTS.items():
            yield name, text.encode()
        yield from self.BYTES.items()

    def judge(self, done, name, to=ALICE):
        self.assert_exit(done, 0)
        requests = harness.wait_until(lambda: self.sim.creates(to), 10, name)
        self.assertEqual(len(requests), 1)
        names = [pair[0] for pair in requests[0]["form"]]
        self.assertEqual(len(names), len(set(names)), names)
        self.assertLessEqual(set(names), FIELDS)
        message = harness.wait_until(lambda: self.sim.messages(to), 10, name)[0]
        self.assertIn("web01", message["body"])
        self.assertLessEqual(message["segments"], 1)
        self.assertEqual(len(self.sim.messages()), 1)

    def every_way(self):
        for name, text in self.texts():
            decoded = os.fsdecode(text)
            n = next(self.count)
            ways = {
                "generic": lambda t=decoded, n=n: self.place.run("send", "-t", ALICE, *alert(service=f"S{n}", output=t)),
                "nagios": lambda t=decoded, n=n: self.place.run(
                    "send", env={**NAGIOS, "NAGIOS_SERVICEOUTPUT": t, "NAGIOS_SERVICEDESC": f"S{n}"}),
                "icinga": lambda t=decoded, n=n: self.place.run(
                    "send", "-t", ALICE, env={**ICINGA, "SERVICEOUTPUT": t, "SERVICEDESC": f"I{n}", "SERVICENAME": f"I{n}"}),
                "zabbix": lambda t=decoded, n=n: self.place.run(
                    "send", "-s", "zabbix", "-t", ALICE, "--subject", f"Problem {n}", "--message",
                    f"HOST.NAME=web01\nEVENT.ID={n}\nEVENT.VALUE=1\nEVENT.NSEVERITY=5\nEVENT.NAME={t}"),
            }
            for way, run in ways.items():
                with self.subTest(name, way=way):
                    self.sim.reset()
                    self.judge(run(), name)

    def test_alone(self):
        self.every_way()

    def test_handed_over(self):
        self.place.serve()
        self.every_way()

    def test_by_standard_input(self):
        for name, text in self.texts():
            with self.subTest(name):
                self.sim.reset()
                done = self.place.run("send", "-t", ALICE, stdin=os.fsdecode(text))
                if not text.strip():
                    self.assert_exit(done, 65)
                    continue
                self.assert_exit(done, 0)
                body = self.messages(1)[0]["body"]
                self.assertTrue(body.strip())

    def test_a_megabyte_of_output(self):
        """More than an argument may be long: by standard input, and in pieces by the environment."""
        self.assert_exit(self.place.run("send", "-t", ALICE, stdin="fire! " + "x" * 1000000), 0)
        self.assertIn("fire!", self.messages(1)[0]["body"])
        for serve in (False, True):
            if serve:
                self.place.serve()
            self.sim.reset()
            env = {**NAGIOS, "NAGIOS_HOSTNAME": f"web{serve:d}", "NAGIOS_SERVICEOUTPUT": "y" * 120000}
            env.update({f"NAGIOS__SERVICEMORE{n}": "z" * 120000 for n in range(8)})
            self.assert_exit(self.place.run("send", env=env), 0)
            self.assertIn(f"HTTP on web{serve:d}", self.messages(1)[0]["body"])

    def test_ten_thousand_macros(self):
        for serve in (False, True):
            if serve:
                self.place.serve()
            self.sim.reset()
            many = {f"NAGIOS__HOSTMACRO{n}": f"value {n}" for n in range(10000)}
            env = {**dict(list(many.items())[:5000]), **NAGIOS, "NAGIOS_HOSTNAME": f"web{serve:d}",
                   **dict(list(many.items())[5000:])}
            self.assert_exit(self.place.run("send", env=env), 0)
            self.assertIn(f"HTTP on web{serve:d}", self.messages(1)[0]["body"])
            words = [f"X{n}={n}" for n in range(10000)]
            self.assert_exit(self.place.run("send", "-t", BOB, *words, *alert(host=f"web{serve:d}")), 0)
            self.assertIn(f"web{serve:d}", self.messages(1, BOB)[0]["body"])

    def test_names_that_are_too_long(self):
        done = self.place.run("send", "-t", ALICE, *alert(host="h" * 3000, service="s" * 3000, output="o" * 3000))
        self.assert_exit(done, 0)
        body = self.messages(1)[0]["body"]
        self.assertTrue(body.startswith("CRITICAL PROBLEM: s"), body)
        self.assertLessEqual(len(body), 160)
        self.assertGreaterEqual(body.count("h"), 18)

    def test_macros_that_are_empty_or_missing(self):
        for env in ({"NAGIOS_NOTIFICATIONTYPE": "PROBLEM", "NAGIOS_CONTACTPAGER": ALICE},
                    {k: ("" if k not in ("NAGIOS_NOTIFICATIONTYPE", "NAGIOS_CONTACTPAGER") else v) for k, v in NAGIOS.items()},
                    {**NAGIOS, "NAGIOS_NOTIFICATIONTYPE": ""}, {**NAGIOS, "NAGIOS_NOTIFICATIONTYPE": "NEWWORD"},
                    {**NAGIOS, "NAGIOS_SERVICESTATE": ""}, {**NAGIOS, "NAGIOS_HOSTNAME": ""},
                    {**NAGIOS, "NAGIOS_TIMET": "not a time", "NAGIOS_NOTIFICATIONNUMBER": "many"}):
            with self.subTest(env):
                self.sim.reset()
                done = self.place.run("send", env=env)
                if done.returncode == 65:  # said, and nothing sent
                    self.assertTrue(done.stderr)
                    continue
                self.assert_exit(done, 0)
                self.assertTrue(self.messages(1)[0]["body"].strip())


if __name__ == "__main__":
    unittest.main()

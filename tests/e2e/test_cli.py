"""The commands for people: render, queue, oncall, config, check. What they print, how they exit, what they change."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

import delivery
import harness
from delivery import NO_THROTTLE, alert, pages, states, steps
from harness import ALICE, BOB, CAROL

PAGE_KEYS = ["id", "to", "contact", "class", "event", "state", "sid", "error", "body", "encoding", "segments", "truncated",
             "media", "attempts", "next_attempt", "created"]
DAY = 86400000


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def last_good(site):
    return [p for p in site.state.iterdir() if p.name.startswith("last-good-")]


class Commands(harness.Test):
    def assert_exit(self, done, status):
        self.assertEqual(done.returncode, status, f"{done.args}\n{done.stdout}\n{done.stderr}")

    def start(self, config=None, **sim):
        self.sim = self.simulator(settings=delivery.QUICK, **sim)
        self.site_ = self.site(self.sim, harness.merge(NO_THROTTLE, config or {}))
        self.run_ = self.site_.run

    def hold_lock(self):
        """Nobody can drain inside."""
        @contextlib.contextmanager
        def held():
            with open(self.site_.store_folder / "queue.lock", "a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        return held()

    def strand(self, *args, to=ALICE):
        """Pages stored and due, with nobody to deliver them; their ids."""
        before = {p["id"] for p in pages(self.site_)}
        with self.hold_lock():
            self.assert_exit(self.run_("send", "--wait", "0", "-t", to, *(args or alert())), 0)
            for pid in self.site_.survivors():
                delivery.kill(pid, signal.SIGKILL)
            harness.wait_until(lambda: not self.site_.survivors())
        return [p["id"] for p in pages(self.site_) if p["id"] not in before]

    def sql(self, statement, *values):
        db = sqlite3.connect(self.site_.database, timeout=5)
        with db:
            db.execute(statement, values)
        db.close()

    def refuse(self, code=21211, **which):
        self.sim.faults([{"do": "status", "status": 400, "code": code, "message": "no", **which}])


class Help(Commands):
    def test_each_command(self):
        site = self.site()
        for command in ("send", "render", "serve", "queue", "oncall", "config", "check", "channel"):
            with self.subTest(command):
                done = site.run(command, "--help")
                self.assert_exit(done, 0)
                self.assertEqual(done.stderr, "")
                for part in ("Usage: notify_twilio " + command, "Example: notify_twilio " + command):
                    self.assertIn(part, done.stdout)
                if command != "check":
                    self.assert_exit(site.run(command, "--no-such-option"), 64)

    def test_usage(self):
        site = self.site()
        for args in ((), ("frobnicate",), ("queue",), ("queue", "eat"), ("queue", "show"), ("queue", "show", "x"),
                     ("queue", "show", "1", "2"), ("queue", "drop"), ("queue", "drop", "0"), ("queue", "show", "1", "--all"),
                     ("queue", "retry", "-3"), ("config",), ("config", "eat"), ("config", "check", "more"),
                     ("config", "example", "--save"), ("queue", "list", "--problem"), ("render", "--max-segments", "0"),
                     ("render", "--data", "x.json", "host=a"), ("render", "no pair")):
            with self.subTest(args):
                done = site.run(*args)
                self.assert_exit(done, 64)
                self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")


    def test_manual_and_completion_know_every_option(self):
        site = self.site()
        manual = (harness.SOURCE / "packaging/man/notify_twilio.1").read_text().replace("\\-", "-")
        completion = (harness.SOURCE / "packaging/completion/notify_twilio").read_text()
        for command in ("send", "render", "serve", "queue", "oncall", "config", "check", "channel"):
            options = set(re.findall(r"--[a-z][a-z-]+", site.run(command, "--help").stdout))
            self.assertTrue(options)
            for option in options:
                self.assertIn(option, manual, command)
                self.assertIn(option, completion, command)

    def complete(self, site, *words):
        script = ('PATH=$(dirname "$NT_BIN"):$PATH; . "$1"; shift; COMP_WORDS=(notify_twilio "$@"); COMP_CWORD=$#; '
                  '_notify_twilio notify_twilio "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf "%s\\n" "${COMPREPLY[@]}"')
        done = site.run("-c", script, "bash", harness.SOURCE / "packaging/completion/notify_twilio", *words,
                        binary="/bin/bash", env={"NT_BIN": harness.program("NT_BIN", "notify_twilio")})
        self.assert_exit(done, 0)
        return done.stdout.split()

    def test_completion(self):
        self.start()
        self.strand()
        for words, expected in ((["qu"], ["queue"]), (["queue", "re"], ["retry"]), (["queue", "show", ""], ["1"]),
                                (["send", "-t", "on"], ["oncall"]), (["oncall", "al"], ["alice"]),
                                (["config", "check", "--s"], ["--socket", "--save"]), (["send", "-s", "z"], ["zabbix"])):
            with self.subTest(words):
                self.assertEqual(self.complete(self.site_, *words), expected)


class Render(Commands):
    def setUp(self):
        self.site_ = self.site()  # no simulator: whoever asks the network fails
        self.run_ = self.site_.run

    def test_text_and_footer(self):
        done = self.run_("render", "-t", "oncall", *alert())
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, r"(?s)\ACRITICAL PROBLEM: HTTP on web01 \d\d:\d\d\nno answer\n"
                         rf"-- GSM-7, 1 segment, 47 of 160 septets, to \{ALICE} \(alice\), \{BOB} \(bob\)\n\Z")
        self.assertEqual(list(self.site_.store_folder.iterdir()), [])

    def test_encodings(self):
        done = self.run_("render", *alert(output="Grüße 😀"))
        self.assertRegex(done.stdout, r"-- UCS-2, 1 segment, \d+ of 70 UTF-16 units\n")
        done = self.run_("render", "--max-segments", "3", *alert(output="x" * 4000))
        self.assertRegex(done.stdout, r"-- GSM-7, 3 segments, 4[45]\d of 459 septets, shortened\n")

    def test_texts_that_differ(self):
        self.site_.configure({"contacts": [{"name": "alice", "numbers": [ALICE]},
                                           {"name": "bob", "numbers": [BOB], "timezone": "Asia/Tokyo"}]})
        done = self.run_("render", "-t", "oncall", *alert())
        self.assertEqual(done.stdout.count("-- GSM-7"), 2)
        self.assertRegex(done.stdout, rf"\n\nCRITICAL(.|\n)*to \{BOB} \(bob\)\n\Z")

    def test_json(self):
        done = self.run_("render", "--json", "-t", "bob,+15005551003", "-m", "https://example.org/a.png", *alert())
        self.assert_exit(done, 0)
        bob, carol = lines(done)
        self.assertEqual(list(bob), PAGE_KEYS)
        self.assertEqual((bob["id"], bob["sid"], bob["to"], bob["contact"], bob["attempts"]), (None, None, BOB, "bob", 0))
        self.assertEqual((carol["to"], carol["contact"], carol["media"]), (CAROL, None, ["https://example.org/a.png"]))

    def test_without_recipient(self):
        done = self.run_("render", "--json", *alert())
        self.assert_exit(done, 0)
        self.assertEqual([(p["to"], p["contact"]) for p in lines(done)], [("", None)])

    def test_nobody(self):
        done = self.run_("render", "-t", "zorro", *alert())
        self.assert_exit(done, 65)
        self.assertIn("zorro", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assert_exit(self.run_("render", "-s", "nagios"), 65)

    def test_nobody_on_purpose(self):
        self.site_.configure({"contacts": [{"name": "alice", "numbers": [ALICE], "routine": False}], "groups": None})
        done = self.run_("render", "-t", "alice", *alert(state="WARNING"))
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn("routine", done.stderr)

    def test_without_config(self):
        self.site_.config_path.unlink()
        done = self.run_("render", *alert())
        self.assert_exit(done, 75)
        self.assertIn("config.yaml", done.stderr)

    def data(self, text, *args):
        return self.run_("render", "--data", "-", *args, stdin=text)

    def test_data(self):
        digest = {"count": 3, "more": 1, "alerts": [{"host": "a", "service": "s", "state": "DOWN"},
                                                    {"host": "b", "state": "DOWN"}]}
        (self.site_.folder / "digest.json").write_text(json.dumps(digest))
        done = self.run_("render", "--data", "digest.json")
        self.assert_exit(done, 0)
        for part in ("3 alerts", "s on a", "+1 more"):
            self.assertIn(part, done.stdout)
        page, = lines(self.data(json.dumps(digest), "--json", "--max-segments", "1"))
        self.assertEqual((list(page), page["event"], page["id"]), (PAGE_KEYS, "digest", None))
        done = self.data('{"event": "recovery", "host": "web9", "state": "OK"}')
        self.assertIn("web9", done.stdout)
        self.assertIn("OK", done.stdout)

    def test_data_is_fitted_only_when_asked(self):
        (self.site_.folder / "t.mustache").write_text("{{words | fit}}")
        text = json.dumps({"words": "w" * 500})
        whole, = lines(self.data(text, "--json", "-T", "./t.mustache"))
        cut, = lines(self.data(text, "--json", "-T", "./t.mustache", "--max-segments", "1"))
        self.assertEqual((whole["segments"], len(whole["body"]), whole["truncated"]), (4, 500, False))
        self.assertEqual((cut["segments"], len(cut["body"]), cut["truncated"]), (1, 160, True))

    def test_bad_data(self):
        for text, where in (("", "1:1"), ("[1]", "1:1"), ('{"a":\n oops}', "2:2"), ('{"a": 1} more', "1:10"),
                            ("\0{}", "1:1"), ("[" * 100000, "1:")):
            with self.subTest(text[:20]):
                done = self.data(text)
                self.assert_exit(done, 65)
                self.assertIn(f"standard input:{where}", done.stderr)
        self.assert_exit(self.data('{"a": "' + "x" * 1100000 + '"}'), 65)
        self.assert_exit(self.run_("render", "--data", "missing.json"), 65)
        self.assert_exit(self.data("{}", "-T", "missing"), 65)

    def test_bad_template(self):
        (self.site_.folder / "t.mustache").write_text("one\n{{#a}}{{b | frob}}")
        done = self.data("{}", "-T", "./t.mustache")
        self.assert_exit(done, 65)
        self.assertRegex(done.stderr, r"\./t\.mustache:2:\d+: .*\n.*t\.mustache:2:\d+: ")


class QueueList(Commands):
    def test_nothing_yet(self):
        self.start()
        for args in (("list",), ("list", "--all"), ("list", "--json"), ("retry",), ("flush",)):
            with self.subTest(args):
                self.assert_exit(self.run_("queue", *args), 0)
        for args in (("show", "1"), ("retry", "1"), ("drop", "1")):
            with self.subTest(args):
                done = self.run_("queue", *args)
                self.assert_exit(done, 65)
                self.assertIn("no page 1", done.stderr)
        self.assertEqual(list(self.site_.store_folder.iterdir()), [], "looking made nothing")

    def test_table(self):
        self.start()
        self.strand(to="oncall")
        self.strand(*alert(host="host with\x1b[31m colour", service=None, state="DOWN"), to=CAROL)
        done = self.run_("queue", "list")
        self.assert_exit(done, 0)
        head, *rows = done.stdout.splitlines()
        self.assertEqual(head.split(), ["ID", "AGE", "STATE", "TO", "NEWS", "ABOUT", "WHY"])
        self.assertEqual(len(rows), 3)
        about, why = head.index("ABOUT"), head.index("WHY")
        self.assertEqual(rows[0][about:why].strip(), "web01/HTTP")
        self.assertTrue(rows[0][why:].startswith("due: accepted"), rows[0])
        self.assertIn(f"{ALICE} (alice)  CRITICAL", rows[0])
        self.assertNotIn("\x1b", done.stdout)

    def test_window_and_problem(self):
        self.start()
        self.assert_exit(self.run_("send", "-t", ALICE, *alert()), 0)
        delivery.wait_gone(self.site_)
        old, = self.strand(*alert(host="web02"))
        self.sql("UPDATE page SET created = created - ?", 2 * DAY)
        self.strand(*alert(host="web01", service=None), to=BOB)
        everything = [(p["id"], p["to"]) for p in lines(self.run_("queue", "list", "--all", "--json"))]
        self.assertEqual(everything, [(1, ALICE), (2, ALICE), (3, BOB)])

        def found(*args):
            return [p["id"] for p in lines(self.run_("queue", "list", "--json", *args))]
        self.assertEqual(sorted(found()), [old, 3], "what is unfinished, however old, and the last day")
        for word, expected in (("web01", [1, 3]), ("web01/HTTP", [1]), ("generic!web01!HTTP", [1]), ("web0", []),
                               ("web01/", [3]), ("HTTP", []), ("", [])):
            with self.subTest(word):
                self.assertEqual(found("--all", "--problem", word), expected)
        self.assertEqual(found("--problem", "web01"), [3])

    def test_json(self):
        self.start()
        self.strand()
        page, = lines(self.run_("queue", "list", "--json"))
        self.assertEqual(list(page), PAGE_KEYS)
        self.assertEqual((page["state"], page["attempts"], page["error"]), ("queued", 0, None))
        self.assertLess(abs(page["created"] - time.time()), 60)
        self.assertLess(abs(page["next_attempt"] - time.time()), 60)


class QueueShow(Commands):
    def test_history(self):
        self.start()
        self.refuse(to=BOB)
        self.run_("send", "-t", "oncall", *alert(output="one\ntwo", comment="see wiki"))
        done = self.run_("queue", "show", "2")
        self.assert_exit(done, 0)
        for part in (r"\Apage 2: failed\n", rf"\nto +\{BOB} \(bob\)\n", r"\nabout +CRITICAL web01/HTTP, urgent\n",
                     r"\nobject +generic!web01!HTTP\n", r"\nattempts +1\n", r"\nerror +.*21211", r"\n  \| CRITICAL",
                     r"\nalert, from generic\n", r"\noutput +one\n  \| two\n", r"\ncomment +see wiki\n",
                     r"\nhistory\n  \d{4}-\d\d-\d\d\n  \d\d:\d\d:\d\d\.\d{3}  queued +accepted",
                     r"\n  [\d:.]{12}  sending +attempt 1", r"\n  [\d:.]{12}  failed +refused: .*21211.*\n\Z"):
            self.assertRegex(done.stdout, part)

    def test_json(self):
        self.start()
        self.run_("send", "-t", ALICE, *alert())
        page, = lines(self.run_("queue", "show", "1", "--json"))
        self.assertEqual(list(page)[:len(PAGE_KEYS)], PAGE_KEYS)
        self.assertEqual([s["state"] for s in page["steps"]][:3], ["queued", "sending", "sent"])
        self.assertEqual((page["host"], page["service"], page["object"]), ("web01", "HTTP", "generic!web01!HTTP"))
        self.assertEqual((page["alert"]["output"], page["alert"]["phase"]), ("no answer", None))
        self.assertNotIn("macros", page["alert"])

    def test_macros(self):
        self.start()
        self.run_("send", "-t", ALICE, "-s", "nagios", "NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=web01", "HOSTSTATE=DOWN",
                  "_HOSTRACK=7b")
        page, = lines(self.run_("queue", "show", "1", "--json", "-v"))
        self.assertEqual(page["alert"]["macros"]["_HOSTRACK"], "7b")
        self.assertIn("_HOSTRACK", self.run_("queue", "show", "1", "-v").stdout)
        self.assertNotIn("_HOSTRACK", self.run_("queue", "show", "1").stdout)

    def test_links(self):
        self.start()
        self.strand()
        self.strand(*alert(state="WARNING"))
        done = self.run_("queue", "show", "1")
        self.assertRegex(done.stdout, r"\Apage 1: superseded\n(.|\n)*\nsee +page 2, newer news\n")

    def test_digest(self):
        tiers = [{"pages": 1, "per": "1h"}]
        self.start(config={"throttle": {"urgent": tiers, "routine": tiers}, "hold_max": {"urgent": "2s"}})
        for host in ("a", "b", "c"):
            self.run_("send", "--wait", "0", "-t", ALICE, *alert(host=host))
        harness.wait_until(lambda: len(self.sim.messages()) == 2, what="one page, then a digest")
        digest, = [p["id"] for p in pages(self.site_) if p["flags"] & 4]
        done = self.run_("queue", "show", str(digest))
        self.assertRegex(done.stdout, r"\nstands for\n  page 2 +merged +CRITICAL b/HTTP\n  page 3 +merged +CRITICAL c/HTTP\n")
        self.assertRegex(self.run_("queue", "show", "2").stdout, rf"\nsee +page {digest}, the digest")
        shown, = lines(self.run_("queue", "show", str(digest), "--json"))
        self.assertEqual([m["id"] for m in shown["members"]], [2, 3])


class QueueChange(Commands):
    def test_retry_delivers(self):
        self.start()
        self.refuse()
        self.assert_exit(self.run_("send", "-t", ALICE, *alert()), 69)
        delivery.wait_gone(self.site_)
        self.sim.faults([])
        done = self.run_("queue", "retry", "1")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, f"page 1 queued: {ALICE} (alice) CRITICAL web01/HTTP\n")
        harness.wait_until(lambda: states(self.site_)[0] in ("sent", "delivered"), what="the drainer that retry started")
        self.assertEqual(len(self.sim.messages(ALICE)), 1)
        self.assertIn(("queued", "queued again by hand"), steps(self.site_, 1))

    def test_retry_under_a_daemon(self):
        self.start()
        self.refuse()
        self.site_.serve()
        self.run_("send", "--wait", "0", "-t", ALICE, *alert())
        harness.wait_until(lambda: states(self.site_) == ["failed"])
        self.sim.faults([])
        running = self.site_.survivors()
        self.assert_exit(self.run_("queue", "retry", "1"), 0)
        self.assertEqual(self.site_.survivors(), running, "nobody else was started")
        harness.wait_until(lambda: self.sim.messages(ALICE))

    def test_what_is_left_alone(self):
        self.start()
        self.run_("send", "-t", ALICE, *alert(host="a"))
        delivery.wait_gone(self.site_)
        self.run_("send", "-t", ALICE, *alert(host="a"))  # duplicate
        self.strand(*alert(host="b"))
        self.strand(*alert(host="b", state="WARNING"))  # supersedes it
        for page, why in ((1, "was delivered"), (2, "duplicate of page 1"), (3, "page 4"), (99, "no page 99")):
            with self.subTest(page):
                done = self.run_("queue", "retry", page)
                self.assert_exit(done, 65)
                self.assertIn(why, done.stderr)
                self.assertEqual(done.stdout, "")
        self.assertEqual(states(self.site_), ["delivered", "duplicate", "superseded", "queued"])

    def test_some_of_several(self):
        self.start()
        self.strand(*alert(host="a"))
        self.strand(*alert(host="b"))
        done = self.run_("queue", "drop", "2", "77", "2", "--json")
        self.assert_exit(done, 65)
        self.assertEqual([(p["id"], p["state"]) for p in lines(done)], [(2, "cancelled")])
        self.assertEqual(states(self.site_), ["queued", "cancelled"])
        self.assertEqual(steps(self.site_, 2)[-1], ("cancelled", "dropped by hand"))
        done = self.run_("queue", "drop", "2")
        self.assert_exit(done, 65)
        self.assertIn("is cancelled", done.stderr)

    def test_dropped_comes_back(self):
        self.start()
        self.strand()
        self.run_("queue", "drop", "1")
        self.assert_exit(self.run_("queue", "retry", "1"), 0)
        harness.wait_until(lambda: self.sim.messages(ALICE))

    def test_fresh_life(self):
        self.start()
        page, = self.strand()
        self.sql("UPDATE page SET state = 7, expire = expire - ?, created = created - ?, attempts = 9", DAY, DAY)
        self.assert_exit(self.run_("queue", "retry", page), 0)
        harness.wait_until(lambda: self.sim.messages(ALICE))
        self.assertIn("ago)", self.sim.messages(ALICE)[0]["body"], "an old page says so")

    def test_all_of_a_day(self):
        self.start(config={"contacts": [{"name": "alice", "numbers": [ALICE, CAROL]}, {"name": "bob", "numbers": [BOB]}]})
        self.sim.faults([{"do": "status", "status": 400, "code": 21211, "message": "no", "to": ALICE},
                         {"do": "status", "status": 400, "code": 21211, "message": "no", "to": BOB}])
        self.run_("send", "-t", "oncall", *alert(host="a"))  # alice: on her next number
        delivery.wait_gone(self.site_)
        self.run_("send", "-t", BOB, *alert(host="old"))
        self.sql("UPDATE page SET created = created - ? WHERE host = 'old'", 2 * DAY)
        self.run_("send", "-t", BOB, *alert(host="b"))
        self.run_("send", "-t", BOB, *alert(host="b", state="OK"))
        delivery.wait_gone(self.site_)
        self.sim.faults([])
        before = len(self.sim.messages())
        done = self.run_("queue", "retry", "--json")
        self.assert_exit(done, 0)
        said = [(p["to"], p["event"]) for p in lines(done)]
        self.assertEqual(sorted(said), sorted([(BOB, "problem"), (BOB, "recovery")]))
        harness.wait_until(lambda: len(self.sim.messages()) == before + 2)
        again = self.run_("queue", "retry")
        self.assert_exit(again, 0)
        self.assertIn("nothing", again.stdout)

    def test_opted_out(self):
        self.start()
        self.refuse(21610, to=BOB, times=1)
        self.run_("send", "-t", BOB, *alert(host="a"))
        self.run_("send", "-t", BOB, *alert(host="b"))
        delivery.wait_gone(self.site_)
        self.assertEqual(states(self.site_), ["failed", "failed"])
        self.assertEqual(lines(self.run_("queue", "retry", "--json")), [], "not by the way")
        self.assertIsNotNone(lines(self.run_("oncall", "bob", "--json"))[0]["opted_out"])
        self.assert_exit(self.run_("queue", "retry", "2"), 0)
        harness.wait_until(lambda: self.sim.messages(BOB))
        self.assertIsNone(lines(self.run_("oncall", "bob", "--json"))[0]["opted_out"])

    def test_read_only_store(self):
        self.start()
        self.strand()
        with self.hold_lock():
            with open(self.site_.store_folder / "queue.write", "a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                done = self.run_("queue", "drop", "1")
        self.assert_exit(done, 75)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(states(self.site_), ["queued"])


class QueueFlush(Commands):
    def test_delivers(self):
        self.start()
        self.strand(to="oncall")
        self.refuse(to=BOB)
        done = self.run_("queue", "flush")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "2 pages were due: 1 sent, 1 refused, 0 ended otherwise, 0 still waiting\n")
        self.assertEqual(done.stderr, "")
        self.assertEqual(states(self.site_), ["sent", "failed"])
        self.assertEqual(self.site_.survivors(), [])
        self.assertEqual(self.run_("queue", "flush").stdout, "nothing is due\n")

    def test_exits(self):
        self.start()
        self.strand(*alert(host="a"))
        self.refuse()
        done = self.run_("queue", "flush", "--json")
        self.assert_exit(done, 69)
        self.assertEqual([(p["id"], p["state"]) for p in lines(done)], [(1, "failed")])
        self.strand(*alert(host="b"))
        self.sim.faults([{"do": "status", "status": 429, "code": 20429}])
        done = self.run_("queue", "flush")
        self.assert_exit(done, 75)
        self.assertIn("1 still waiting", done.stdout)

    def test_only_what_is_due(self):
        self.start()
        self.strand(*alert(host="a"))
        later, = self.strand(*alert(host="b"))
        self.sql("UPDATE page SET due = due + 600000 WHERE id = ?", later)
        done = self.run_("queue", "flush")
        self.assert_exit(done, 0)
        self.assertIn("1 page was due: 1 sent", done.stdout)
        self.assertEqual(states(self.site_), ["sent", "queued"])

    def test_waits_for_whoever_delivers(self):
        self.start()
        self.strand()
        with open(self.site_.store_folder / "queue.lock", "a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            threading.Timer(1.0, lambda: fcntl.flock(lock, fcntl.LOCK_UN)).start()
            done = self.run_("queue", "flush")
        self.assert_exit(done, 0)
        self.assertIn("delivers already", done.stderr)
        self.assertEqual(states(self.site_), ["sent"])

    def test_interrupt(self):
        self.start()
        self.strand()
        with self.hold_lock():
            process = self.site_.start("queue", "flush")
            harness.wait_until(lambda: "delivers already" in process.err_path.read_text())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 75)
        self.assertIn("stopped", process.err_path.read_text())
        self.assertEqual(states(self.site_), ["queued"])

    def test_bar_on_a_terminal(self):
        self.start(config={"twilio": {"connections": 1}}, latency=150)
        for i in range(6):
            self.strand(*alert(host=f"h{i}"))
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen([harness.program("NT_BIN", "notify_twilio"), "queue", "flush"], stderr=theirs,
                                       stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                       env=self.site_.environment())
            out, _ = process.communicate(timeout=30)
            os.close(theirs)
            drawn = b""
            with contextlib.suppress(OSError):
                while chunk := os.read(ours, 4096):
                    drawn += chunk
        finally:
            os.close(ours)
        self.assertEqual(process.returncode, 0)
        self.assertIn("6 sent", out)
        self.assertRegex(drawn.decode(), r"\r\[#+\.+\] [1-5] of 6 ")


class OnCall(Commands):
    def test_everybody(self):
        self.start(config={"contacts": [{"name": "alice", "numbers": [ALICE, CAROL]},
                                        {"name": "bob", "numbers": [BOB], "routine": False},
                                        {"name": "nobody", "numbers": []}],
                           "groups": [{"name": "oncall", "members": ["alice"]}, {"name": "all", "members": ["oncall", "bob"]}],
                           "fallback": ["bob"]})
        done = self.run_("oncall")
        self.assert_exit(done, 0)
        head, *rows = done.stdout.splitlines()
        self.assertEqual(head.split(), ["NUMBER", "CONTACT", "VIA", "FAILOVER", "REMARKS"])
        self.assertRegex(rows[0], rf"^\{ALICE}  alice +oncall, all +\{CAROL}")
        self.assertRegex(rows[1], rf"^\{BOB}  bob +all, fallback +urgent only$")
        self.assertEqual(len(rows), 2)
        self.assertEqual(done.stderr.count("nobody is not paged"), 1)

    def test_who(self):
        self.start(config={"fallback": ["oncall"]})
        for who, expected in ((["bob"], [(BOB, "bob", [])]), (["alice@example.org"], [(ALICE, "alice", ["alice@example.org"])]),
                              (["oncall,+1 500 555 1003"], [(ALICE, "alice", ["oncall"]), (BOB, "bob", ["oncall"]),
                                                            (CAROL, None, ["+1 500 555 1003"])]),
                              ([ALICE], [(ALICE, "alice", [])]),
                              (["zorro"], [(ALICE, "alice", ["fallback"]), (BOB, "bob", ["fallback"])])):
            with self.subTest(who):
                done = self.run_("oncall", "--json", *who)
                self.assert_exit(done, 0)
                self.assertEqual([(p["to"], p["contact"], p["via"]) for p in lines(done)], expected)
        self.assertIn("zorro", self.run_("oncall", "zorro").stderr)
        self.site_.configure({"fallback": None})
        self.assert_exit(self.run_("oncall", "zorro"), 65)

    def test_json(self):
        self.start()
        self.run_("send", "-t", ALICE, *alert())
        row, = lines(self.run_("oncall", "alice", "--json"))
        self.assertEqual(list(row), ["to", "contact", "via", "failover", "routine", "opted_out", "last_paged"])
        self.assertLess(abs(row["last_paged"] - time.time()), 60)


class Config(Commands):
    def test_sound(self):
        site = self.site()
        done = site.run("config", "check")
        self.assert_exit(done, 0)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(last_good(site), [])

    def test_everything_at_once(self):
        site = self.site()
        folder = site.folder / "mine"
        folder.mkdir()
        (folder / "problem.mustache").write_text("{{host}}\n{{hots}} {{output | frob}}")
        site.configure({"message": {"template_dir": str(folder)}, "nonsense": 1, "deduplicate": "soon",
                        "groups": [{"name": "g", "members": ["zorro"]}]})
        done = site.run("config", "check")
        self.assert_exit(done, 78)
        found = done.stdout.splitlines()
        for line in found:
            self.assertRegex(line, r"^\S+:\d+:\d+: \S")
        for part in ("nonsense", "soon", "zorro", "problem.mustache:2:", "hots", "frob"):
            self.assertIn(part, done.stdout)
        self.assertEqual(len(set(found)), len(found), "nothing is told twice")
        self.assertEqual(done.stderr, "")

    def test_no_file(self):
        site = self.site()
        site.write_config("")
        done = site.run("config", "check")
        self.assert_exit(done, 78)
        self.assertEqual(done.stdout, f"{site.config_path}: is empty\n")
        done = site.run("config", "check", "-c", "missing.yaml")
        self.assert_exit(done, 78)
        self.assertRegex(done.stdout, r"\Amissing\.yaml: cannot be read: .*\n\Z")

    def test_token_for_everybody(self):
        site = self.site()
        site.token_path.chmod(0o644)
        done = site.run("config", "check")
        self.assert_exit(done, 78)
        self.assertIn("auth_token", done.stdout)
        self.assert_exit(site.run("render", *alert()), 0)

    def test_save(self):
        site = self.site()
        done = site.run("config", "check", "--save")
        self.assert_exit(done, 0)
        copy, = last_good(site)
        self.assertEqual(done.stdout, f"saved as {copy}\n")
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode), 0o640)
        self.assertNotIn(harness.TOKEN, copy.read_text())
        before = copy.read_text()
        site.write_config("twilio: [\n")
        self.assert_exit(site.run("config", "check", "--save"), 78)
        self.assertEqual(copy.read_text(), before, "what does not load is not kept")
        self.assert_exit(site.run("render", *alert()), 0)

    def test_save_fails(self):
        site = self.site()
        done = site.run("config", "check", "--save", env={"STATE_DIRECTORY": site.folder / "nowhere"})
        self.assert_exit(done, 75)
        self.assertIn("last good copy", done.stderr)

    def test_store_folder_is_only_a_warning(self):
        site = self.site(config={"store": "sqlite:/nonexistent/folder/queue.db"})
        done = site.run("config", "check")
        self.assert_exit(done, 0)
        self.assertIn("warning: the store's folder /nonexistent/folder", done.stderr)

    def test_example_loads(self):
        site = self.site()
        done = site.run("config", "example")
        self.assert_exit(done, 0)
        site.write_config(done.stdout)
        checked = site.run("config", "check")
        self.assert_exit(checked, 0)
        self.assertEqual(checked.stdout, "")


class Check(Commands):
    LINE = re.compile(r"\ATWILIO (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| (?P<perfdata>[^|\n]+))?\n\Z")
    FIGURE = re.compile(r"([a-z_]+)=(\d+)(s?);([^; ]*);([^; ]*);0")
    NAMES = ["length", "queued", "held", "sending", "oldest", "overdue", "failed", "undelivered", "expired", "opted_out"]
    EXITS = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}

    def check(self, expected, *args, **kwargs):
        done = self.run_("check", *args, **kwargs)
        match = self.LINE.match(done.stdout)
        self.assertIsNotNone(match, done.stdout)
        self.assertEqual(match.group(1), expected, done.stdout)
        self.assert_exit(done, self.EXITS[expected])
        self.assertEqual(done.stderr, "")
        figures = {}
        if match.group("perfdata"):
            for part in match.group("perfdata").split(" "):
                name, value, _, warning, critical = self.FIGURE.fullmatch(part).groups()
                figures[name] = (int(value), warning, critical)
            self.assertEqual(list(figures), self.NAMES)
        return done.stdout, figures

    def test_fine(self):
        self.start()
        self.assertEqual(self.check("OK")[1]["queued"], (0, "", ""))
        self.assertEqual(list(self.site_.store_folder.iterdir()), [])
        daemon = self.site_.serve()
        self.run_("send", "-t", ALICE, *alert())
        self.assertIn(f"daemon {daemon.pid}", self.check("OK")[0])

    def test_link_among_the_plugins(self):
        """The name alone is the command; nothing behind it is taken for another one."""
        self.start()
        link = pathlib.Path(harness.program("NT_BIN", "notify_twilio")).with_name("check_notify_twilio")
        self.strand(*alert())
        for args, status, words in (((), 0, "TWILIO OK - "), (("-c", "0"), 2, "TWILIO CRITICAL - "),
                                    (("--help",), 0, "notify_twilio check: "), (("-V",), 0, "notify_twilio "),
                                    (("send", "-t", ALICE, *alert(host="b")), 3, "TWILIO UNKNOWN - ")):
            with self.subTest(args):
                done = self.site_.run(*args, binary=link)
                self.assert_exit(done, status)
                self.assertTrue(done.stdout.startswith(words), done.stdout)
        self.assertEqual(len(pages(self.site_)), 1)

    def test_thresholds(self):
        self.start()
        for host in "abc":
            self.strand(*alert(host=host))
        for args, expected in ((("-w", "3"), "OK"), (("-w", "2"), "WARNING"), (("-w", "1", "-C", "2"), "CRITICAL"),
                               (("-w", "1", "-c", "2"), "CRITICAL"), (("-w1", "-c2"), "CRITICAL"),
                               (("--critical", "@3:5"), "CRITICAL"), (("--critical", "@4:5"), "OK"),
                               (("--warning", "4:"), "WARNING"), (("-w", "~:3"), "OK"), (("-w", "5:9"), "WARNING"),
                               (("--oldest-warning", "3600"), "OK"), (("--oldest-critical", "9000:"), "CRITICAL")):
            with self.subTest(args):
                self.check(expected, *args)
        text, figures = self.check("WARNING", "-w", "2", "-C", "10", "--oldest-critical", "900")
        self.assertEqual(figures["length"], (3, "2", "10"))
        self.assertEqual(figures["oldest"][1:], ("", "900"))
        self.assertIn("3 queued", text)

    def test_usage(self):
        self.start()
        for args in (("-w", "x"), ("-w", "9:1"), ("-w", ""), ("-w",), ("--frob",), ("word",), ("-w", "@"), ("-C", "1:2:3"),
                     ("-c",)):
            with self.subTest(args):
                self.check("UNKNOWN", *args)

    def test_overdue(self):
        self.start()
        self.strand()
        self.check("OK")
        self.sql("UPDATE page SET due = due - 61000, created = created - 61000")
        text, figures = self.check("CRITICAL")
        self.assertIn("nobody delivers", text)
        self.assertGreaterEqual(figures["overdue"][0], 61)
        with self.hold_lock():
            text, _ = self.check("WARNING")
            self.assertNotIn("nobody", text)

    def test_left_under_way(self):
        self.start()
        self.strand()
        self.sql("UPDATE page SET state = 2, created = created - 61000")
        text, figures = self.check("CRITICAL")
        self.assertIn("1 page is to be finished and nobody delivers", text)
        self.assertEqual((figures["sending"][0], figures["overdue"][0]), (1, 0))

    def test_failures(self):
        self.start()
        self.refuse()
        self.run_("send", "-t", ALICE, *alert())
        delivery.wait_gone(self.site_)
        text, figures = self.check("WARNING")
        self.assertEqual(figures["failed"], (1, "", ""))
        self.assertIn("1 failed", text)
        self.check("OK", "--failed-warning", "1")
        self.check("CRITICAL", "--failed-critical", "0")
        self.sql("UPDATE page SET created = created - ?", 2 * DAY)
        self.check("OK")

    def test_opted_out(self):
        self.start()
        self.refuse(21610)
        self.run_("send", "-t", "bob", *alert())
        self.run_("send", "-t", CAROL, *alert())
        delivery.wait_gone(self.site_)
        text, figures = self.check("WARNING", "--failed-warning", "9")
        self.assertIn(f"{BOB} of bob has opted out", text)
        self.assertNotIn(CAROL, text)
        self.assertEqual(figures["opted_out"][0], 2)

    def test_account(self):
        self.start()
        self.site_.write_token("f" * 32)
        self.run_("send", "--wait", "1", "-t", ALICE, *alert())
        self.assertIn("let us in", self.check("CRITICAL")[0])
        for pid in self.site_.survivors():
            delivery.kill(pid, signal.SIGKILL)
        harness.wait_until(lambda: not self.site_.survivors())
        self.site_.write_token(harness.TOKEN)
        self.assert_exit(self.run_("send", "-t", ALICE, *alert(host="web02")), 0)
        self.check("OK")

    def test_last_good(self):
        self.start()
        self.run_("config", "check", "--save")
        self.site_.write_config("twilio: [\n")
        self.assertIn("last good", self.check("CRITICAL")[0])

    def test_partial_config(self):
        self.start()
        self.site_.configure({"a|b": 1})
        text, _ = self.check("CRITICAL")
        self.assertIn("a/b", text)

    def test_no_config(self):
        self.start()
        self.check("UNKNOWN", "-c", "/nonexistent")
        self.site_.write_config("twilio: [\n")
        self.check("CRITICAL")

    def test_broken_store(self):
        self.start()
        self.strand()
        for path in self.site_.store_folder.glob("queue.db*"):
            path.write_bytes(b"nonsense" * 1000)
        self.assertIn("store", self.check("CRITICAL")[0])


if __name__ == "__main__":
    unittest.main()

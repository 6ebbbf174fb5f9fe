"""The channel of Icinga Notifications: recorded exchanges in both dialects of its protocol, and everything a pipe and a
monitor can do to a process that lives long."""

import json
import os
import re
import selectors
import signal
import subprocess
import threading
import time
import unittest

import delivery
import harness
import monitors
from harness import ALICE, BOB

GOLDEN = harness.SOURCE / "tests" / "golden" / "channel"
PATIENCE = 120


def notification(number=1, host="web01", service="HTTP", severity="crit", address=ALICE, message="no answer", **more):
    """A SendNotification in JSON-RPC."""
    tags = {"host": host, "service": service} if service else {"host": host}
    params = {"contact": {"full_name": "Somebody", "addresses": [{"type": "twiliosms", "address": address}]},
              "object": {"name": "!".join(tags.values()), "url": "", "tags": tags},
              "incident": {"id": 1, "url": "", "severity": severity},
              "event": {"time": "2026-01-02T03:04:05Z", "message": message}}
    return {"id": number, "jsonrpc": "2.0", "method": "SendNotification", "params": {**params, **more}}


def done(number):
    return {"jsonrpc": "2.0", "id": number, "result": None}


class Channel:
    """A running channel: say() writes, answer() and answers() read."""

    def __init__(self, site, *args, env=None, command=None):
        command = command or [harness.program("NT_BIN", "notify_twilio"), "channel", *args]
        self.errors = open(site.folder / "channel.err", "w+b")
        self.process = subprocess.Popen(command, env=site.environment(env), cwd=site.folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, bufsize=0)
        self.heard = b""

    def say(self, *requests):
        self.write("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in requests).encode())

    def write(self, data):
        while data:
            data = data[self.process.stdin.write(data):]

    def line(self):
        """The next line as it is; None at the end."""
        end = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.heard:
                if not selector.select(max(0, end - time.monotonic())):
                    raise AssertionError(f"no answer within {PATIENCE} s: {self.stderr()}")
                got = os.read(self.process.stdout.fileno(), 65536)
                if not got:
                    assert not self.heard, self.heard
                    return None
                self.heard += got
        line, self.heard = self.heard.split(b"\n", 1)
        return line.decode()

    def answer(self):
        line = self.line()
        return None if line is None else json.loads(line)

    def answers(self, count):
        """{id: answer}"""
        return {answer["id"]: answer for answer in (self.answer() for _ in range(count))}

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def close(self):
        """Ends its input; its exit status."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def put_away(self):
        harness.end_process(self.process, 30)
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            pipe.close()


class Test(delivery.Test):
    config = {}

    def setUp(self):
        self.sim = self.simulator(settings=delivery.QUICK)
        self.place = self.site(self.sim, harness.merge(delivery.NO_THROTTLE, self.config))

    def channel(self, *args, **kwargs):
        channel = Channel(self.place, *args, **kwargs)
        self.addCleanup(channel.put_away)
        return channel

    def bodies(self, to=None):
        return [message["body"] for message in self.sim.messages(to)]


class RecordedExchanges(Test):
    def matches(self, expected, got):
        if expected == "*":
            return bool(got)
        if isinstance(expected, dict) and isinstance(got, dict):
            return expected.keys() == got.keys() and all(self.matches(expected[k], got[k]) for k in expected)
        return type(expected) is type(got) and expected == got

    def play(self, name):
        channel = self.channel(command=[self.called(name)])
        seen, pages = 0, []
        for line in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            what, text = line[:2], line[2:]
            if what == "> ":
                channel.say(text)
            elif what == "= ":
                pages.append(text)
            elif what == "< ":
                got = channel.answer()
                self.assertTrue(self.matches(json.loads(text), got), f"{text}: {got}")
                # "stored" is not "sent" on a busy machine
                harness.wait_until(lambda: len(self.sim.messages()) >= seen + len(pages), 30)
                sent = self.sim.messages()[seen:]
                seen += len(sent)
                self.assertEqual(len(sent), len(pages), sent)
                for page, message in zip(pages, sorted(sent, key=lambda m: m["to"])):
                    number, body = page.split(" ", 1)
                    self.assertEqual(message["to"], number)
                    self.assertRegex(message["body"], monitors.clock(body.replace("\\n", "\n")))
                pages = []
        self.assertEqual(pages, [])
        self.assertEqual(channel.close(), 0)
        self.assertIsNone(channel.line())

    def called(self, name):
        """As Icinga Notifications calls it: by a link in its folder, without a word."""
        folder = self.place.folder / "channels"
        folder.mkdir()
        link = folder / "twiliosms"
        link.symlink_to(harness.program("NT_BIN", "notify_twilio"))
        return str(link)

    def test_json_rpc(self):
        self.play("jsonrpc")

    def test_the_early_dialect(self):
        self.play("plain")

    def test_json_rpc_with_a_daemon(self):
        self.place.serve()
        self.play("jsonrpc")
        self.assertEqual(len(self.place.queue_json()), len(self.sim.messages()))


class Names(Test):
    def link(self, path):
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(harness.program("NT_BIN", "notify_twilio"))
        return [str(path)]

    def test_links_that_are_channels(self):
        for path in (self.place.folder / "twiliosms", self.place.folder / "channels" / "sms"):
            channel = self.channel(command=self.link(path))
            channel.say({"method": "GetInfo", "id": 1})
            self.assertEqual(channel.answer()["result"]["author"], "notify_twilio")
            self.assertEqual(channel.close(), 0)

    def test_the_links_name_is_the_type_of_addresses(self):
        channel = self.channel(command=self.link(self.place.folder / "channels" / "bobsphone"))
        contact = {"full_name": "Bob", "addresses": [{"type": "sms", "address": ALICE},
                                                     {"type": "bobsphone", "address": BOB}]}
        channel.say(notification(0, contact=contact))
        self.assertEqual(channel.answer(), done(0))
        harness.wait_until(lambda: self.sim.messages(), 30)
        self.assertEqual([m["to"] for m in self.sim.messages()], [BOB])

    def test_other_links_are_none(self):
        done = subprocess.run(self.link(self.place.folder / "elsewhere" / "sms"), env=self.place.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 64)
        self.assertIn("Usage", done.stderr)

    def test_help_and_mistakes(self):
        done = self.place.run("channel", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("icinga-notifications/channels/twiliosms", done.stdout)
        for words in (["HOSTNAME=web01"], ["--to", "alice"], ["--nonsense"]):
            done = self.place.run("channel", *words)
            self.assertEqual((done.returncode, done.stdout), (64, ""), words)


class Pages(Test):
    def test_reasons_are_answers(self):
        self.sim.faults([{"to": BOB, "do": "status", "status": 400, "code": 21610, "message": "no"}])
        channel = self.channel()
        channel.say(notification(1, address=BOB))
        answer = channel.answer()
        self.assertEqual((answer["id"], answer["error"]["code"]), (1, -32603))
        self.assertIn("21610", answer["error"]["message"])
        self.assertIn(BOB, answer["error"]["message"])
        channel.say({**notification(2, address="nobody-knows-him"), "jsonrpc": "2.0"})
        self.assertIn("nobody-knows-him", channel.answer()["error"]["message"])
        plain = notification(3, address="nor-her")
        del plain["jsonrpc"]
        channel.say(plain)
        answer = channel.answer()
        self.assertEqual(answer.keys(), {"id", "error"})
        self.assertIn("nor-her", answer["error"])
        self.assertEqual(self.sim.messages(), [])
        self.assertEqual(channel.close(), 0)
        for word in ("21610", "nobody-knows-him", "nor-her"):
            self.assertIn(word, channel.stderr())

    def test_fallback(self):
        self.place.configure({"fallback": ["oncall"]})
        channel = self.channel()
        channel.say(notification(0, address="nobody-knows-him"))
        self.assertEqual(channel.answer(), done(0))
        harness.wait_until(lambda: len(self.sim.messages()) == 2, 30)
        self.assertIn("nobody-knows-him", channel.stderr())

    def test_settings(self):
        other = self.place.folder / "other.yaml"
        (self.place.folder / "other").mkdir()
        other.write_text(harness.yaml(harness.merge(self.place.config, {
            "contacts": [{"name": "carol", "numbers": [harness.CAROL]}], "groups": None,
            "store": f"sqlite:{self.place.folder}/other/queue.db",
            "daemon": {"socket": f"{self.place.folder}/other/socket"}})) + "\n")
        channel = self.channel()
        channel.say({"id": 1, "jsonrpc": "2.0", "method": "SetConfig",
                     "params": {"config": str(other), "max_segments": "2", "wait": 30}})
        self.assertEqual(channel.answer(), done(1))
        # a bad one leaves the good one in force
        channel.say({"id": 2, "jsonrpc": "2.0", "method": "SetConfig", "params": {"config": "relative"}})
        self.assertEqual(channel.answer()["error"]["code"], -32602)
        channel.say(notification(3, address="carol", message="word " * 60))
        self.assertEqual(channel.answer(), done(3))
        harness.wait_until(lambda: self.sim.messages(), 30)
        message, = self.sim.messages()
        self.assertEqual((message["to"], message["segments"]), (harness.CAROL, 2))
        # back to what the environment says
        channel.say({"id": 4, "jsonrpc": "2.0", "method": "SetConfig", "params": {}})
        self.assertEqual(channel.answer(), done(4))
        channel.say(notification(5, address="carol"))
        self.assertIn("carol", channel.answer()["error"]["message"])

    def test_a_configuration_that_is_not_there(self):
        channel = self.channel()
        channel.say({"id": 1, "jsonrpc": "2.0", "method": "SetConfig", "params": {"config": "/nonexistent/x.yaml"}},
                    notification(2))
        self.assertEqual(channel.answer(), done(1))
        self.assertIn("/nonexistent/x.yaml", channel.answer()["error"]["message"])

    def test_many_at_once(self):
        count = 40
        channel = self.channel()
        channel.say(*[notification(n, host=f"host{n}", address=delivery.phone(n)) for n in range(count)])
        self.assertEqual(channel.answers(count), {n: done(n) for n in range(count)})
        harness.wait_until(lambda: len(self.sim.messages()) >= count, 60)
        self.assertEqual(sorted(m["to"] for m in self.sim.messages()), sorted(delivery.phone(n) for n in range(count)))

    def test_an_objects_news_stay_in_order(self):
        self.place.serve()
        channel = self.channel()
        severities = ["crit", "ok", "warning", "crit", "err", "ok"]
        channel.say(*[notification(n, severity=severity, message=f"news {n}") for n, severity in enumerate(severities)])
        answers = [channel.answer() for _ in severities]
        self.assertEqual(answers, [done(n) for n in range(len(severities))])
        events = [(page["event"], page["body"].rsplit(" ", 1)[-1]) for page in
                  sorted(self.place.queue_json(), key=lambda page: page["id"])]
        self.assertEqual(events, [("recovery" if s == "ok" else "problem", str(n)) for n, s in enumerate(severities)])

    def test_notifications_of_json_rpc_are_carried_out_in_silence(self):
        channel = self.channel()
        silent = notification()
        del silent["id"]
        channel.say(silent, {"jsonrpc": "2.0", "method": "Nonsense"}, {"jsonrpc": "2.0", "method": "GetInfo", "id": 5})
        self.assertEqual(channel.answer()["id"], 5)
        harness.wait_until(lambda: self.sim.messages(), 30)
        self.assertEqual(channel.close(), 0)
        self.assertIsNone(channel.line())

    def test_hostile_texts(self):
        trap = self.place.folder / "trap"
        texts = [f"$(touch {trap}) `touch {trap}` '; touch {trap}; '", "--to=+15005551003", "-v", "a=b=c", "\u0000x",
                 "x" * 100000, "\\n\\0%s%n", "\r\n\t", "{{host}} {{> problem}}"]
        channel = self.channel()
        channel.say(*[notification(n, host=f"h{n}", message=text) for n, text in enumerate(texts)])
        answers = channel.answers(len(texts))
        self.assertEqual(answers, {n: done(n) for n in range(len(texts))})
        self.assertFalse(trap.exists())
        harness.wait_until(lambda: len(self.sim.messages()) >= len(texts), 60)
        self.assertEqual({m["to"] for m in self.sim.messages()}, {ALICE})
        self.assertTrue(any("{{host}}" in body for body in self.bodies()))


class Pipes(Test):
    def test_half_lines_and_bytes(self):
        channel = self.channel()
        line = (json.dumps(notification(7)) + "\n").encode()
        for at in range(0, len(line), 7):
            channel.write(line[at:at + 7])
        self.assertEqual(channel.answer(), done(7))
        channel.write(b'\xff\xfe{"id":\n\n\r\n  {"id":8,"method":"GetInfo"}  \r\n')
        self.assertEqual(channel.answer()["id"], None)
        self.assertEqual(channel.answer()["id"], 8)

    def test_lines_that_are_too_long(self):
        channel = self.channel()
        text = b"x" * 100000

        def write():
            channel.write(b'{"id":1,"jsonrpc":"2.0","method":"')
            for _ in range(60):
                channel.write(text)
            channel.write(b'"}\n{"id":2,"jsonrpc":"2.0","method":"GetInfo"}\n')

        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(writer.join)
        answer = channel.answer()
        self.assertEqual((answer["id"], answer["error"]["code"]), (None, -32600))
        self.assertEqual(channel.answer()["id"], 2)

    def test_the_last_line_needs_no_newline(self):
        channel = self.channel()
        channel.write(json.dumps(notification(3)).encode())
        channel.process.stdin.close()
        # more than four seconds may pass on a busy machine: then it says so, and the page goes all the same
        answer = channel.answer()
        self.assertTrue(answer == done(3) or "it goes on" in answer["error"]["message"], answer)
        self.assertEqual(channel.close(), 0)
        harness.wait_until(lambda: self.sim.messages(), 60)

    def test_half_a_request_at_the_end(self):
        channel = self.channel()
        channel.write(json.dumps(notification(3)).encode()[:-20])
        self.assertEqual(channel.close(), 0)
        self.assertEqual(channel.answer()["error"]["code"], -32700)
        self.assertEqual(self.sim.messages(), [])

    def test_asked_to_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            channel = self.channel()
            channel.say({"method": "GetInfo", "id": 1})
            channel.answer()
            channel.process.send_signal(number)
            self.assertEqual(channel.process.wait(PATIENCE), 0)

    def test_closed_while_a_page_is_slow(self):
        """Twilio takes its time: the channel does not, and the page is sent once."""
        self.sim.settings(latency=12000)
        channel = self.channel()
        channel.say({"id": 1, "jsonrpc": "2.0", "method": "SetConfig", "params": {"wait": 60}}, notification(3))
        self.assertEqual(channel.answer(), done(1))
        harness.wait_until(lambda: self.sim.creates(), 30)
        channel.process.stdin.close()
        self.assertIn("it goes on", channel.answer()["error"]["message"])
        self.assertEqual(channel.close(), 0)
        harness.wait_until(lambda: self.sim.messages(), 60)
        harness.wait_until(lambda: [page["state"] for page in self.place.queue_json()] in (["sent"], ["delivered"]), 60)
        self.assertEqual(len(self.sim.creates()), 1)

    def test_nobody_reads(self):
        channel = self.channel()
        channel.process.stdout.close()
        channel.say({"method": "GetInfo", "id": 1})
        self.assertEqual(channel.process.wait(PATIENCE), 75)

    def test_a_reader_that_sleeps(self):
        """Answers that nobody takes stop the reading, not the channel; nothing is lost."""
        count = 3000
        channel = self.channel()
        requests = "".join(json.dumps({"method": "GetInfo", "id": n}) + "\n" for n in range(count)).encode()
        writer = threading.Thread(target=channel.write, args=(requests,))
        writer.start()
        self.addCleanup(writer.join)
        first = channel.line()
        harness.wait_until(lambda: self.is_asleep(channel.process.pid), 30)
        with open(f"/proc/{channel.process.pid}/statm", encoding="ascii") as f:
            self.assertLess(int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), self.most_memory())
        ids = [json.loads(first)["id"]] + [channel.answer()["id"] for _ in range(count - 1)]
        self.assertEqual(ids, list(range(count)))

    def is_asleep(self, pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] == "S"

    def most_memory(self):
        """A sanitizer takes its own."""
        return (1 << 30) if re.search(rb"__asan_|__tsan_", self.program_bytes()) else 64 << 20

    def program_bytes(self):
        with open(harness.program("NT_BIN", "notify_twilio"), "rb") as f:
            return f.read()


if __name__ == "__main__":
    unittest.main()

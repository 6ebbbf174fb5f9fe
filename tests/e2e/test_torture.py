"""One call fails, of the system, of SQLite or of the allocator, in any of our processes. No crash, no leak, no hang; what
was accepted reaches its phone exactly once; what was not says why, and reaches it exactly once when it is tried again.

A first run counts the calls of a scenario; then there is a run for each place that is tried. The CI tries a share: each
kind of call somewhere, and places spread over each scenario. `cmake --build BUILD --target torture` tries all of them,
with NT_TORTURE_ONLY='Again 2:fdatasync' those whose title begins like that, as a finding tells it.
"""

import concurrent.futures
import http.server
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

import delivery
import harness
import refusal
from delivery import alert, pages

ALL = "--all" in sys.argv
ONLY = re.compile(os.environ.get("NT_TORTURE_ONLY", ""))
AT_ONCE = int(os.environ.get("NT_TORTURE_AT_ONCE", "32"))
SHARE = 16      # places that the CI tries of a scenario, besides one of each kind of call
PATIENCE = 30   # s, times harness.PATIENCE: what takes longer hangs
MALLOCS = 400   # of the allocator's thousands, even when all is tried
PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360606000"
                        "000004000160a0d6b80000000049454e44ae426082")


class Run:
    """One store, one phone, one alert or two, one failure."""

    instrument = refusal.Calls
    config = {}
    hosts = 1

    def __init__(self, scenario, number, place=None, nth=0, error=None):
        self.scenario, self.sim = scenario, scenario.sim
        self.title = f"{scenario.name} {place}:{nth}:{error}"
        self.host, self.phone = f"web{number:05d}h", delivery.phone(number)
        self.armed = (place, nth, error)

    def prepare(self):
        """What there is before the call fails."""

    def send(self, host, env=None, prefix=(), more=()):
        words = [*prefix, harness.program("NT_BIN", "notify_twilio"), "send", "-t", self.phone, *more, *alert(host=host)]
        return subprocess.run(words, env=self.site.environment(env), cwd=self.site.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=PATIENCE * harness.PATIENCE)

    def failing(self, *more):
        """The command whose call fails, until all of its processes have ended."""
        sent = self.send(self.host, self.failure.environment(self.site.folder), self.failure.prefix, more)
        self.wait_ended()
        return sent

    def wait(self, condition, what):
        try:
            return harness.wait_until(condition, PATIENCE, f"{self.title}: {what}", 0.1)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.site.log()[-6000:]}") from None

    def wait_ended(self):
        ended = self.failure.ended
        self.wait(lambda: not self.site.survivors() if ended() is None else ended(), "all processes end")

    def shown(self):
        return [m["body"] for m in self.sim.control(f"messages?to=%2B{self.phone[1:]}")]

    def fault(self, **rule):
        """What Twilio does to one request for this phone."""
        self.sim.faults([{"to": self.phone, "times": 1, **rule}], append=True)

    def settle(self):
        """Everything is healthy again: a daemon does what is left."""
        self.failure.disarm()
        if not self.site.database.exists():
            return
        db = sqlite3.connect(self.site.database, timeout=20)  # what SQLite left half done is put right by this
        intact = db.execute("PRAGMA integrity_check").fetchall()
        db.close()
        self.check(intact == [("ok",)], f"the store: {intact}")
        if any(state in delivery.UNSETTLED for state in (p["state"] for p in pages(self.site))):
            delivery.drain_to_end(self.site, PATIENCE * 2)

    def check(self, right, what):
        if not right:
            raise AssertionError(f"{self.title} ({self.failure.fired()}): {what}\n{self.site.log()[-6000:]}")

    def loader_failed(self, sent):
        """The C library's loader may die of what it is refused; it is not ours, and nothing has been accepted."""
        return "/ld-linux" in self.failure.fired() and sent.returncode in (127, -signal.SIGSEGV, -signal.SIGABRT)

    def check_exit(self, sent, what="send"):
        words = f"{what}: exit {sent.returncode}: {sent.stderr}"
        if not self.loader_failed(sent):
            self.check(sent.returncode in (0, 75), words)
            self.check(sent.returncode == 0 or sent.stderr.strip(), f"{words} without a word")

    def judge(self, sent):
        self.check_exit(sent)
        self.settle()
        if sent.returncode:
            again = self.send(self.host)
            self.check(again.returncode == 0, f"tried again: exit {again.returncode}: {again.stderr}")
            self.wait(lambda: not self.site.survivors(), "the second try ends")
            self.settle()
        reports = [p.read_text() for p in self.site.folder.glob("sanitizer*")]
        self.check(not reports, "\n".join(reports))
        bodies = self.shown()
        self.check(len(bodies) == self.hosts and all(self.host in body for body in bodies),
                   f"exit {sent.returncode}, {sent.stderr}: the phone shows {bodies}")

    def lasts(self):
        return re.search("send|recv|connect", str(self.armed[0]))

    def run(self):
        """Where it failed, and how many calls there were."""
        self.site = harness.Site(self.sim, self.config)
        self.failure = self.instrument(self.site.folder, *self.armed)
        try:
            self.prepare()
            self.judge(self.deliver())
            self.counts = self.failure.counts()
            return self.failure.fired()
        finally:
            self.site.close()

    def check_calls(self, usual):
        """Nothing runs in circles after a failure."""
        calls = sum(count for place, count in self.counts.items() if place != "malloc")
        self.check(calls < 8 * usual + 4000, f"{calls} calls instead of {usual}: {self.counts}")


class First(Run):
    """send alone, without a store yet, and the drainer that it leaves behind."""

    def deliver(self):
        return self.failing()


class Again(Run):
    """The same with a store, and a request whose answer is an error though the message was taken."""

    def prepare(self):
        shutil.copytree(self.scenario.store, self.site.store_folder, dirs_exist_ok=True)
        self.fault(do="status", status=500, when="after")

    def deliver(self):
        return self.failing()


class Left(Run):
    """send that does not wait, and the drainer that is left with everything; Twilio asks for patience once."""

    def prepare(self):
        shutil.copytree(self.scenario.store, self.site.store_folder, dirs_exist_ok=True)
        self.fault(do="status", status=429, code=20429, retry_after=1)

    def deliver(self):
        return self.failing("--wait", "0")


class Picture(Run):
    """send with a picture from a web server and one that a command draws, published into a folder."""

    def prepare(self):
        site = self.site
        (site.folder / "public").mkdir()
        (site.folder / "drawn.png").write_bytes(PICTURE)
        site.configure({
            "media_prefixes": ["+1500"],
            "graphs": [{"name": "got", "url": f"http://localhost:{self.scenario.pictures}/got.png"},
                       {"name": "drawn", "command": ["cat", str(site.folder / "drawn.png")]}],
            "publish": [{"directory": str(site.folder / "public"), "public_url": "https://pictures.example.org/"}]})

    def deliver(self):
        return self.failing("-g", "got", "-g", "drawn")


class Beside(Run):
    """send beside a healthy daemon: the front alone."""

    def deliver(self):
        serve = self.site.serve(limit=PATIENCE)
        sent = self.failing()
        self.check(sent.returncode == 0 or self.loader_failed(sent),
                   f"beside a daemon: {sent.returncode}: {sent.stderr}")
        if sent.returncode == 0:
            self.wait(lambda: delivery.settled(self.site) or self.shown(), "is sent")
        self.check(harness.end_process(serve, PATIENCE * 4) == 0, "serve ends")
        self.wait(lambda: not self.site.survivors(), "all end")
        return sent


class Serve(Run):
    """serve from start to end, healthy senders: a page whose answer is lost, SIGHUP, a page that Twilio puts off."""

    hosts = 2
    first = {"do": "status", "status": 500, "when": "after"}

    def deliver(self):
        self.fault(contains=self.host + "1", **self.first)
        self.fault(contains=self.host + "2", do="status", status=429, code=20429, retry_after=1)
        env = self.failure.environment(self.site.folder)
        with open(self.site.folder / "serve.err", "wb") as errors:
            serve = subprocess.Popen([*self.failure.prefix, harness.program("NT_BIN", "notify_twilio"), "serve"],
                                     env=self.site.environment(env), cwd=self.site.folder, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=errors)
        self.site.processes.append(serve)
        self.wait(lambda: serve.poll() is not None or self.site.socket.exists(), "serve listens, or ends")
        self.page(serve, "1")
        if serve.poll() is None:
            serve.send_signal(signal.SIGHUP)
        sent = self.page(serve, "2")
        if serve.poll() is None:
            serve.terminate()
        serve.returncode = serve.wait(PATIENCE * harness.PATIENCE)
        serve.stderr = (self.site.folder / "serve.err").read_text()
        if not (serve.returncode == 75 and "error: " in self.site.log()):
            self.check_exit(serve, "serve")
        self.wait(lambda: not self.site.survivors(), "all end")
        return sent

    def page(self, serve, which):
        sent = self.send(self.host + which)
        self.check(self.healthy(sent), f"a healthy send: {sent.returncode}: {sent.stderr}")
        # the daemon does it by itself, without being started again
        self.wait(lambda: serve.poll() is not None or any(self.host + which in body for body in self.shown()), "is sent")
        return sent

    def healthy(self, sent):
        return sent.returncode == 0


class ServeRetry(Serve):
    """The same when Twilio did not take the first one: it is sent again once that is certain."""

    first = {"do": "status", "status": 500, "when": "before"}

    def healthy(self, sent):
        """Without its store the daemon answers when a page is out, and that takes longer here than a monitor waits."""
        return super().healthy(sent) or (sent.returncode == 75 and "has it in memory" in sent.stderr)

    def page(self, serve, which):
        sent = super().page(serve, which)
        if sent.returncode and serve.poll() is None:  # the monitor's next try, of what has gone out meanwhile
            sent = self.send(self.host + which)
            self.check(sent.returncode == 0, f"tried again: {sent.returncode}: {sent.stderr}")
        return sent


def functions(kind):
    """The same scenario with SQLite's functions and the allocator failing."""
    return type(f"{kind.__name__}Functions", (kind,), {"instrument": refusal.Functions, "__doc__": kind.__doc__})


def spread(count, most):
    """Which of 1…count are tried: all, or as many, evenly."""
    return range(1, count + 1) if count <= most else sorted({1 + i * count // most for i in range(most)})


def tell(result):
    """A finding is told when it is made: all of it takes its time."""
    if result.exception():
        print(f"\nfinding: {result.exception()}", flush=True)


class Pictures(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Who asks may be gone: that is what this is about."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(PICTURE)))
        self.end_headers()
        self.wfile.write(PICTURE)


class Scenario:
    """A kind of run, with a simulator of its own, and what its runs share."""

    def __init__(self, test, kind):
        self.test, self.kind, self.name = test, kind, kind.__name__
        self.sim = test.simulator(settings=delivery.QUICK, threads=8)
        self.runs, self.usual = [], 0

    def count(self, store, pictures):
        """A run without any failure: how many calls there are, and how often of each."""
        self.store, self.pictures = store, pictures
        counting = self.kind(self, 0)
        counting.run()
        self.usual = sum(count for place, count in counting.counts.items() if place != "malloc")
        return counting.counts

    def plan(self, counts, tried):
        """Which calls fail: all there are, or the CI's share."""
        found = []
        for place, count in sorted(counts.items()):
            most = MALLOCS if place == "malloc" else count if ALL else 8
            found += [(place, nth, e) for nth in spread(count, most) for e in self.kind.instrument.errors(place, nth)]
        chosen = found
        if not ALL:
            every = max(1, len(found) // SHARE)
            chosen = found[sum(map(ord, self.name)) % every::every]
            tried.update(self.kind.instrument.kind(place) for place, _, _ in chosen)
            for one in found:  # and of each kind of call that none has tried yet the first
                kind = self.kind.instrument.kind(one[0])
                if kind not in tried:
                    tried.add(kind)
                    chosen.append(one)
        self.runs = [self.kind(self, number, *one) for number, one in enumerate(chosen, 1)]
        self.runs = [run for run in self.runs if ONLY.match(run.title)]


class Torture(delivery.Test):
    def store(self):
        """A folder with a store, and in it a page that was delivered."""
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim)
        self.assert_exit(site.run("send", "-t", harness.ALICE, *alert()), 0)
        delivery.wait_gone(site, PATIENCE)
        return site.store_folder

    def pictures(self):
        """The port of a web server with pictures."""
        server = Pictures(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def torture(self, *kinds):
        shared = self.store(), self.pictures()
        scenarios = [Scenario(self, kind) for kind in kinds]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            counts = list(pool.map(lambda s: s.count(*shared), scenarios))
            tried = set()
            for scenario, count in zip(scenarios, counts):
                self.assertGreater(scenario.usual, 5, f"{scenario.name}: nothing is counted")
                scenario.plan(count, tried)
            # what has to do with Twilio may take half a minute: that first
            runs = sorted((run for s in scenarios for run in s.runs), key=lambda run: not run.lasts())
            results = {run: pool.submit(run.run) for run in runs}
            for result in results.values():
                result.add_done_callback(tell)
        for scenario in scenarios:
            fired = findings = 0
            for run in scenario.runs:
                with self.subTest(run.title):
                    findings += 1
                    fired += bool(results[run].result())
                    run.check_calls(scenario.usual)
                    findings -= 1
            print(f"\n{scenario.name}: {scenario.usual} calls, {len(scenario.runs)} runs, {fired} had their failure, "
                  f"{findings} findings", end="", flush=True)
            if scenario.runs and not ONLY.pattern:
                self.assertGreater(fired, len(scenario.runs) // 2)

    def test_a_call_fails(self):
        kinds = First, Again, Left, Picture, Beside, Serve, functions(First), functions(Serve)
        usable = {instrument: instrument.usable() for instrument in (refusal.Calls, refusal.Functions)}
        if not usable[refusal.Calls]:
            print("the kernel lets nobody refuse a system call: functions alone", flush=True)
        self.assertTrue(usable[refusal.Functions], "NT_TORTURE_LIBRARY names no library")
        self.torture(*(kind for kind in (*kinds, *([ServeRetry] if ALL else [])) if usable[kind.instrument]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose", *(word for word in sys.argv[1:] if word != "--all")])

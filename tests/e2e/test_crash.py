"""Death at every moment: whatever was accepted reaches its phone exactly once, whatever was not at most once.

What kills is SIGKILL: at a named point of a build that has them (base/fault.h), or at random. NT_CRASH_SECONDS makes the
random part longer, NT_CRASH_SEED repeats one.
"""

import concurrent.futures
import os
import random
import re
import signal
import threading
import time
import unittest

import delivery
import harness
from delivery import alert, pages

# A leak checker examines a process by another one, and waits for it for ever when it is killed.
NO_LEAK_CHECK = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))}
STEP = 0.1  # s between two looks: many things wait at the same time here
POINTS_OF = ("plugin", "notify")


def points():
    """Every fault point in the sources."""
    found = set()
    for folder in POINTS_OF:
        for path in (harness.SOURCE / folder).rglob("*.c"):
            found |= set(re.findall(r'fault_point\("([a-z.]+)"\)', path.read_text()))
    return sorted(found)


class Scenario:
    """One store, one phone, one alert, one death."""

    def __init__(self, test, sim, number, point, nth, beside_serve):
        self.name = f"{point}:{nth} {'beside serve' if beside_serve else 'alone'}"
        self.host = f"web{number:04d}"
        self.phone = delivery.phone(number)
        self.sim, self.point, self.nth, self.beside_serve = sim, point, nth, beside_serve
        self.site = test.site(sim)
        self.died = None
        if point.startswith("pictures"):
            (self.site.folder / "public").mkdir()
            picture = self.site.folder / "picture.gif"
            picture.write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01\x4c\x00\x3b")
            self.site.configure({"media_prefixes": ["+1"], "publish": [{"directory": str(self.site.folder / "public"),
                                                                       "public_url": "https://p.example.org/"}],
                                 "graphs": [{"name": "g", "when": ["urgent"], "command": ["cat", str(picture)]}]})

    def run(self):
        fault = {"NOTIFY_TWILIO_FAULT": f"{self.point}:{self.nth}"}
        words = ["send", "-t", self.phone, "--wait", "1", *alert(host=self.host)]
        if self.beside_serve:
            serve = self.site.start("serve", env=fault, binary=delivery.fault_binary())
            harness.wait_until(lambda: serve.poll() is not None or self.site.socket.exists(), 20, self.name, STEP)
            sent = self.site.run(*words)
            try:  # long enough for a receipt; a point that is not passed by then is not passed at all
                self.died = serve.wait(8) == -signal.SIGKILL
            except Exception:  # pylint: disable=broad-except
                harness.end_process(serve)
        else:
            sent = self.site.run(*words, env=fault, binary=delivery.fault_binary())
            self.died = sent.returncode == -signal.SIGKILL
            try:
                harness.wait_until(lambda: not self.site.survivors(), 8, None, 2 * STEP, patience=1)
            except AssertionError:
                pass
        for pid in self.site.survivors():
            delivery.kill(pid, signal.SIGKILL)
        stored = pages(self.site)
        if sent.returncode == 0 and not stored:
            raise AssertionError(f"{self.name}: exit 0, and nothing is stored")
        if sent.returncode not in (0, -signal.SIGKILL, 75):
            raise AssertionError(f"{self.name}: exit {sent.returncode}: {sent.stderr}")
        if self.beside_serve and sent.returncode != 0:
            raise AssertionError(f"{self.name}: a daemon's death is no reason to fail: {sent.stderr}")
        if stored:
            serve = self.site.start("serve")
            harness.wait_until(lambda: delivery.settled(self.site), 60, f"{self.name}: all is settled", 2 * STEP)
            if serve.poll() is not None:
                raise AssertionError(f"{self.name}: serve ended: {serve.err_path.read_text()}")
            harness.end_process(serve)
        bodies = [m["body"] for m in self.sim.messages(self.phone)]
        if len(bodies) != len(stored) or not all(self.host in body for body in bodies):
            raise AssertionError(f"{self.name}: {len(stored)} stored, the phone shows {bodies}\n{self.site.log()}")


class FaultPoints(delivery.Test):
    def test_all(self):
        sim = self.simulator(settings=delivery.QUICK)
        scenarios = [Scenario(self, sim, 0, "none", 1, False)]
        rules = []
        for point in points():
            for nth in (1, 2, 3):
                for beside_serve in (False, True):
                    s = Scenario(self, sim, len(scenarios), point, nth, beside_serve)
                    scenarios.append(s)
                    if point.startswith("lookup"):  # there is something to look for: an answer that is lost, and no message
                        rules.append({"method": "POST", "to": s.phone, "do": "reset", "times": 1,
                                      "when": "before" if nth == 2 else "after"})
        sim.faults(rules)
        with concurrent.futures.ThreadPoolExecutor(len(scenarios)) as pool:
            results = {s: pool.submit(s.run) for s in sorted(scenarios, key=lambda s: -s.nth)}
        for s, result in results.items():
            with self.subTest(s.name):
                result.result()
        for point in points():
            self.assertTrue(any(s.died for s in scenarios if s.point == point and (s.beside_serve or s.nth == 1)),
                            f"nothing ever died at {point}")


def told(site, to):
    """What the store and the log know of a number's pages."""
    found = [page for page in pages(site) if page["number"] == to]
    lines = [line for line in site.log().splitlines() if to in line or "store" in line or "memory" in line]
    return "\n".join([f"{page['id']} {page['state']}: {delivery.steps(site, page['id'])}" for page in found] + lines)


class Random(delivery.Test):
    def test_kill_anything(self):
        seconds = float(os.environ.get("NT_CRASH_SECONDS", "8"))
        seed = int(os.environ.get("NT_CRASH_SEED", time.time_ns() % 1000000))
        print(f"NT_CRASH_SEED={seed}", flush=True)
        chance = random.Random(seed)
        sim = self.simulator(latency=30, settings=delivery.QUICK)
        site = self.site(sim, delivery.NO_THROTTLE)
        sim.faults([{"method": "POST", "do": "reset", "probability": 0.05, "when": "after"},
                    {"method": "POST", "do": "reset", "probability": 0.05, "when": "before"},
                    {"method": "POST", "do": "status", "status": 429, "code": 20429, "probability": 0.05}], seed=seed)
        end = time.monotonic() + seconds
        lock, sent = threading.Lock(), []

        def stream(worker):
            mine = random.Random(seed * 10 + worker)
            n = 0
            while time.monotonic() < end:
                host, to = f"web{worker}x{n:04d}", delivery.phone(worker * 1000 + n % 200)
                n += 1
                done = site.run("send", "-t", to, "--wait", mine.choice(["0", "1"]), *alert(host=host),
                                env=NO_LEAK_CHECK)
                with lock:
                    sent.append((host, to, done.returncode, done.stderr))

        def kill():
            serve = None
            while time.monotonic() < end:
                if chance.random() < 0.25 and (serve is None or serve.poll() is not None):
                    serve = site.start("serve", env=NO_LEAK_CHECK)
                victims = site.survivors()
                if victims and chance.random() < 0.8:
                    delivery.kill(chance.choice(sorted(victims)), signal.SIGKILL)
                time.sleep(chance.random() * 0.08)

        delivery.in_parallel(*(lambda w=w: stream(w) for w in range(1, 4)), kill)
        for pid in site.survivors():
            delivery.kill(pid, signal.SIGKILL)
        sim.faults([])
        delivery.drain_to_end(site, 120)
        phones = {}
        for message in sim.messages():
            phones.setdefault(message["to"], []).append(message["body"])
        killed = 0
        for host, to, status, errors in sent:
            count = sum(host in body for body in phones.get(to, []))
            killed += status == -signal.SIGKILL
            self.assertIn(status, (0, 75, -signal.SIGKILL), errors)
            if status == 0:
                self.assertEqual(count, 1, f"{host} to {to} was accepted: {errors}\n{told(site, to)}")
            else:
                self.assertLessEqual(count, 1, f"{host} to {to} ended with {status}\n{told(site, to)}")
        self.assertGreater(len(sent), 20)
        alone = sum("cannot be used" in line for line in site.log().splitlines())
        print(f"{len(sent)} alerts, {killed} of their senders killed; the store was given up {alone} times")


if __name__ == "__main__":
    unittest.main()

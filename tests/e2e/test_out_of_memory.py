"""Memory runs out once, at each allocation of a command in turn. It says so and ends as one that may be tried again, or
does its work as if nothing had been; it tells nothing wrong, crashes nowhere and leaks nothing.

The build with fault points lets the nth allocation of ours fail (base/fault.h: memory:n); what the libraries below
allocate is test_torture's. Here NT_MEMORY_EACH of them are tried, spread over all; 0: every one.
"""

import concurrent.futures
import json
import os
import re
import shutil
import unittest

import delivery
import harness
from delivery import alert, pages
from harness import ALICE, BOB

EACH = int(os.environ.get("NT_MEMORY_EACH", "6"))
AT_ONCE = 4
FAILED = "fault: out of memory\n"
WORDS = re.compile("out of memory|Cannot allocate memory")
PICTURE = b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01\x4c\x00\x3b"


def shape(text):
    """A text without what the time of day makes of it."""
    return re.sub(r"\s+", " ", re.sub(r"\d+[smhd]?", "#", text))


class Outcome:
    def __init__(self, status, out, err):
        self.failed = FAILED in err
        self.status, self.out, self.err = status, out, err.replace(FAILED, "")

    def __repr__(self):
        return f"exit {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Fault:
    """Environment and reports of runs in which the nth allocation fails."""

    def __init__(self, folder):
        self.reports = folder / "sanitizer"

    def environment(self, nth):
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), f"log_path={self.reports}", "exitcode=99")))
        return {"NOTIFY_TWILIO_FAULT": f"memory:{nth}", "ASAN_OPTIONS": options}

    def check(self, what):
        found = [path.read_text() for path in self.reports.parent.glob(self.reports.name + ".*")]
        if found:
            raise AssertionError(f"{what}\n{found[0]}")


def each(run):
    """run(nth) → did one fail? Tries the first, the last and others between them; how many there are."""
    most = 1
    if EACH == 0:
        while run(most):
            most += 1
        return most - 1
    while run(most):
        most *= 2
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        if run(middle):
            least = middle
        else:
            most = middle
    for i in range(EACH):
        run(1 + (2 * i + 1) * least // (2 * EACH))
    return least


class OutOfMemory(delivery.Test):
    def once(self, site, nth, *words, fault=None, binary=None, **more):
        """One run of the build with fault points."""
        fault = fault or Fault(site.folder)
        done = site.run(*words, env=fault.environment(nth), binary=binary or delivery.fault_binary(), timeout=120, **more)
        outcome = Outcome(done.returncode, done.stdout, done.stderr)
        fault.check(f"{words} {nth}: {outcome}")
        return outcome

    def assert_told(self, outcome, what, healthy, exits=(75,)):
        """It is as ever, or it is said that memory ran out and nothing is wrong in what was told."""
        if outcome.status == healthy.status and shape(outcome.out) == shape(healthy.out):
            return
        self.assertTrue(outcome.failed, f"{what}: {outcome}")
        self.assertIn(outcome.status, exits, f"{what}: {outcome}")
        self.assertRegex(outcome.err + outcome.out, WORDS, f"{what}: {outcome}")

    def assert_each_told(self, site, *words, exits=(75,), **more):
        healthy = self.once(site, 0, *words, **more)

        def run(nth):
            outcome = self.once(site, nth, *words, **more)
            what = f"{' '.join(words)}, allocation {nth}"
            self.assert_told(outcome, what, healthy, exits)
            if "--json" in words:
                for line in outcome.out.splitlines():
                    json.loads(line)
            return outcome.failed

        return each(run)

    def told(self, site, *commands, exits=(75,), **more):
        """Several commands that change nothing, side by side."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            running = [(words, pool.submit(self.assert_each_told, site, *words, exits=exits, **more)) for words in commands]
        for words, count in running:
            with self.subTest(" ".join(words)):
                self.assertGreater(count.result(), 5)

    def settled(self):
        """A store with a page that was delivered and one that was refused."""
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim)
        sim.faults([{"method": "POST", "to": BOB, "do": "status", "status": 400, "code": 21610}])
        self.assert_exit(site.run("send", "-t", "oncall", *alert()), 0)
        delivery.drain_to_end(site, 30)
        for pid in site.survivors():
            delivery.kill(pid, 15)
        delivery.wait_gone(site)
        return site

    def test_queue(self):
        site = self.settled()
        self.told(site, ("queue", "list"), ("queue", "list", "--json"), ("queue", "show", "1"),
                  ("queue", "show", "2", "--json", "-v"))
        self.told(site, ("oncall",), ("oncall", "oncall", "--json"), exits=(0, 75))  # without opt-outs, which is said
        self.told(site, ("check",), exits=(2, 3))

    def test_render(self):
        site = self.site()
        (site.folder / "picture.gif").write_bytes(PICTURE)
        (site.folder / "data.json").write_text('{"event": "problem", "host": "web01", "state": "CRITICAL"}')
        site.configure({"graphs": [{"name": "cpu", "file": "picture.gif", "root": str(site.folder)}]})
        self.told(site, ("render", "-t", "oncall", *alert()), ("render", "--json", "-t", "oncall", *alert()),
                  ("render", "--data", "data.json"),
                  ("render", "--graph", "cpu", "--save", "saved.gif", *alert()),
                  ("send", "--dry-run", "-t", "alice", *alert()),
                  ("send", "--dry-run", "--json", "-t", "alice,bob", *alert()))
        self.told(site, ("render", "-t", "alice"), stdin="The generator is running\n")

    def test_config(self):
        site = self.site()
        folder = site.folder / "templates"
        folder.mkdir()
        (folder / "problem.mustache").write_text("{{nope}} {{host | nope}} {{> nope}} {{#host}}")
        self.told(site, ("config", "check"), ("config", "example"))
        site.configure({"message": {"template_dir": str(folder)}, "nonsense": 1,
                        "groups": [{"name": "oncall", "members": ["nobody"]}]})
        self.told(site, ("config", "check"), exits=(75, 78))
        self.told(site, ("check",), exits=(2, 3))

    def test_change(self):
        """Either all of it is done or nothing is."""
        site = self.settled()
        site.configure({"twilio": {"base_url": "http://127.0.0.1:9"}})  # what is queued again stays so
        before = [(page["id"], page["state"], page["attempts"]) for page in pages(site)]
        kept = site.folder / "kept"
        shutil.copytree(site.store_folder, kept)
        for words in (("queue", "drop", "1"), ("queue", "retry", "2", "--json"), ("queue", "drop", "2", "9")):
            done = []

            def run(nth):
                shutil.rmtree(site.store_folder)
                shutil.copytree(kept, site.store_folder)
                outcome = self.once(site, nth, *words)
                what = f"{words}, allocation {nth}: {outcome}"
                for pid in site.survivors():
                    delivery.kill(pid, 9)
                delivery.wait_gone(site)
                now = [(page["id"], page["state"], page["attempts"]) for page in pages(site)]
                if outcome.status == 75:
                    self.assertRegex(outcome.err, WORDS, what)
                    self.assertEqual(now, before, what)
                else:
                    self.assertIn(outcome.status, (0, 65), what)
                    done.append((outcome.status, [page[1] != "failed" for page in now]))
                return outcome.failed

            with self.subTest(" ".join(words)):
                each(run)
                self.assertEqual(len(set(map(str, done))), 1, done)

    def test_send(self):
        """Whoever is told that it was taken is paged once, whoever is not at most once; a daemon delivers the rest."""
        sim = self.simulator(settings=delivery.QUICK)
        self.deliveries(sim, lambda site, nth, words: self.once(site, nth, "send", *words), lambda site: None)

    def deliveries(self, sim, act, settle):
        count = [0]

        def run(nth):
            count[0] += 1
            host, phone = f"web{count[0]:04d}", delivery.phone(count[0])
            site = self.site(sim)
            outcome = act(site, nth, ("-t", phone, "--wait", "1", *alert(host=host)))
            what = f"allocation {nth}: {outcome}\n{site.log()}"
            self.assertIn(outcome.status, (0, 75), what)
            if outcome.status:
                self.assertTrue(outcome.failed, what)
                self.assertRegex(outcome.err, WORDS, what)
            settle(site)
            if pages(site):
                delivery.drain_to_end(site, 60)
            bodies = [message["body"] for message in sim.messages(phone)]
            self.assertLessEqual(len(bodies), 1, what)
            self.assertTrue(all(host in body for body in bodies), what)
            if outcome.status == 0:
                self.assertEqual(len(bodies), 1, what)
            site.close()
            return outcome.failed

        self.assertGreater(each(run), 100)

    def test_names(self):
        """The names of Icinga's mail scripts."""
        sim = self.simulator(settings=delivery.QUICK)

        def act(site, nth, words):
            link = site.folder / "twilio-service-notification"
            link.symlink_to(delivery.fault_binary())
            host = [word for word in words if word.startswith("host=")][0][5:]
            return self.once(site, nth, "-4", "127.0.0.1", "-d", "2026-11-23 03:12:05", "-e", "HTTP", "-l", host, "-n", host,
                             "-o", "no answer", "-r", words[1], "-s", "CRITICAL", "-t", "PROBLEM", "-u", "HTTP",
                             binary=str(link))

        self.deliveries(sim, act, lambda site: None)

    def test_serve(self):
        """A daemon that does not begin says why; one that does delivers."""
        sim = self.simulator(settings=delivery.QUICK)
        count = [0]

        def run(nth):
            count[0] += 1
            host, phone = f"web{count[0]:04d}", delivery.phone(count[0])
            site = self.site(sim)
            fault = Fault(site.folder)
            serve = site.start("serve", env=fault.environment(nth), binary=delivery.fault_binary())
            harness.wait_until(lambda: serve.poll() is not None or site.socket.exists(), 20)
            done = site.run("send", "-t", phone, "--wait", "60", *alert(host=host), timeout=150)
            harness.end_process(serve, 60)
            err = serve.err_path.read_text()
            what = f"allocation {nth}: serve {serve.returncode}: {err}\nsend {done.returncode}: {done.stderr}\n{site.log()}"
            fault.check(what)
            self.assertIn(serve.returncode, (0, 75), what)
            if serve.returncode:
                self.assertRegex(err + site.log(), WORDS, what)
            self.assert_exit(done, 0)
            delivery.drain_to_end(site, 60)
            self.assertEqual(len(sim.messages(phone)), 1, what)
            site.close()
            return FAILED in err

        self.assertGreater(each(run), 100)

    def test_channel(self):
        """Each request has an answer, or the channel ends and says why."""
        site = self.site()
        link = site.folder / "twiliosms"
        link.symlink_to(delivery.fault_binary())
        requests = [{"jsonrpc": "2.0", "id": 1, "method": "GetInfo"},
                    {"jsonrpc": "2.0", "id": 2, "method": "SetConfig", "params": {"config": str(site.config_path)}},
                    {"jsonrpc": "2.0", "id": 3, "method": "Nonsense"}]
        text = "".join(json.dumps(request) + "\n" for request in requests)

        def run(nth):
            outcome = self.once(site, nth, binary=str(link), stdin=text)
            answered = [json.loads(line)["id"] for line in outcome.out.splitlines()]
            if answered != [1, 2, 3]:
                self.assertTrue(outcome.failed, outcome)
                self.assertRegex(outcome.err + site.log(), WORDS, outcome)
            return outcome.failed

        self.assertGreater(each(run), 10)


if __name__ == "__main__":
    unittest.main()

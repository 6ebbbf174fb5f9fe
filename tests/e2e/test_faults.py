"""A Twilio that misbehaves, in every way the simulator knows: one message a phone in the end, never two, never none."""

import concurrent.futures
import unittest

import delivery
import harness
from delivery import alert, pages

STEP = 0.1
LATE = 90  # s: what is not in the list may only be sent again after 30 s
FAN_OUT = 10

# The fault, and what it means for us: found (the message was taken: adopted), again (it was not taken, and that is
# certain), late (it was not taken, but nobody can know before 30 s have passed), unseen (the same, and the simulator has
# no record of it, since we had gone).
FAULTS = {
    "reset after": ({"do": "reset", "when": "after"}, "found"),
    "reset before": ({"do": "reset", "when": "before"}, "late"),
    "reset at the headers": ({"do": "reset", "when": "headers"}, "late"),
    "close after": ({"do": "close", "when": "after"}, "found"),
    "close before": ({"do": "close", "when": "before"}, "late"),
    "close at the headers": ({"do": "close", "when": "headers"}, "late"),
    "hang after": ({"do": "hang", "when": "after"}, "found"),
    "hang before": ({"do": "hang", "when": "before"}, "late"),
    "slow": ({"do": "slow", "delay": 1500}, "sent"),
    "slow, taken late": ({"do": "slow", "delay": 1500, "when": "before"}, "sent"),
    "too slow, taken": ({"do": "slow", "delay": 6000}, "found"),
    "too slow, not taken": ({"do": "slow", "delay": 6000, "when": "before"}, "unseen"),
    "garbage after": ({"do": "garbage", "when": "after"}, "found"),
    "garbage before": ({"do": "garbage", "when": "before"}, "late"),
    "truncated after": ({"do": "truncate", "when": "after"}, "found"),
    "short after": ({"do": "short", "when": "after"}, "found"),
    "no SID after": ({"do": "no_sid", "when": "after"}, "found"),
    "500 after": ({"do": "status", "status": 500, "when": "after"}, "found"),
    "500": ({"do": "status", "status": 500}, "late"),
    "502": ({"do": "status", "status": 502}, "late"),
    "503": ({"do": "status", "status": 503}, "late"),
    "503 after": ({"do": "status", "status": 503, "when": "after"}, "found"),
    "504 after": ({"do": "status", "status": 504, "when": "after"}, "found"),
    "408 after": ({"do": "status", "status": 408, "when": "after"}, "found"),
    "429": ({"do": "status", "status": 429, "code": 20429, "message": "Too Many Requests"}, "again"),
    "429 without words": ({"do": "status", "status": 429}, "again"),
    "429, later": ({"do": "status", "status": 429, "code": 20429, "retry_after": 3}, "again"),
}
CONFIG = {**delivery.NO_THROTTLE, "twilio": {"timeout": "3s"}}


class Case:
    """One fault, a site and its phones."""

    def __init__(self, test, sim, number, name, phones, times):
        self.name, self.sim, self.times = name, sim, times
        self.fault, self.meaning = FAULTS[name]
        self.host = f"web{number:04d}"
        self.phones = [delivery.phone(number * FAN_OUT + i) for i in range(phones)]
        self.blind = self.fault.get("when") == "headers"  # before the body is read, nobody knows for whom it is
        if self.blind:
            self.sim = test.simulator(settings=delivery.QUICK)
            self.sim.faults([{"method": "POST", "times": phones, **self.fault}])
        self.site = test.site(self.sim, CONFIG)

    def rules(self):
        return [] if self.blind else [{"method": "POST", "to": phone, "times": self.times, **self.fault} for phone in self.phones]

    def run(self):
        done = self.site.run("send", "-t", ",".join(self.phones), "--wait", "0", *alert(host=self.host))
        if done.returncode != 0:
            raise AssertionError(f"exit {done.returncode}: {done.stderr}")
        try:
            harness.wait_until(lambda: delivery.settled(self.site), LATE, "all is settled", STEP)
        except AssertionError as e:
            raise AssertionError(f"{e}: {delivery.states(self.site)}\n{self.site.log()}") from e
        shown = {phone: [m["body"] for m in self.sim.messages(phone)] for phone in self.phones}
        if not all(len(bodies) == 1 and self.host in bodies[0] for bodies in shown.values()):
            raise AssertionError(f"{shown}\n{self.site.log()}")
        sids = {m["sid"] for phone in self.phones for m in self.sim.messages(phone)}
        if {p["sid"] for p in pages(self.site)} != sids or set(delivery.states(self.site)) - {"sent", "delivered"}:
            raise AssertionError(f"{delivery.states(self.site)}\n{self.site.log()}")
        if self.blind:
            if len(self.sim.creates()) != 2 * len(self.phones):
                raise AssertionError(f"{len(self.sim.creates())} requests")
            return
        requests = {"found": 1, "sent": 1, "again": 1 + self.times, "late": 1 + self.times, "unseen": 1}[self.meaning]
        for phone in self.phones:
            creates = self.sim.creates(phone)
            if len(creates) != requests:
                raise AssertionError(f"{len(creates)} requests for {phone}, not {requests}\n{self.site.log()}")
            if self.meaning == "late" and creates[1]["time"] - creates[0]["time"] < 29900:
                raise AssertionError(f"sent again after {creates[1]['time'] - creates[0]['time']} ms")
            if self.meaning == "again" and creates[-1]["time"] - creates[0]["time"] > 25000:
                raise AssertionError(f"sent again after {creates[-1]['time'] - creates[0]['time']} ms")


class Faults(delivery.Test):
    def judge(self, cases, sim):
        sim.faults([rule for case in cases for rule in case.rules()])
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            results = {case: pool.submit(case.run) for case in cases}
        for case, result in results.items():
            with self.subTest(case.name, phones=len(case.phones)):
                result.result()

    def test_every_kind(self):
        """A page alone, and a fan-out of which every request is hit once. All at the same time."""
        sim = self.simulator(settings=delivery.QUICK, threads=8)
        cases = []
        for name in FAULTS:
            for phones in (1, FAN_OUT):
                cases.append(Case(self, sim, len(cases), name, phones, 1))
        self.judge(cases, sim)

    def test_twice_in_a_row(self):
        sim = self.simulator(settings=delivery.QUICK, threads=4)
        self.judge([Case(self, sim, 0, "429", 1, 2), Case(self, sim, 1, "429", FAN_OUT, 2)], sim)


class OneNumber(delivery.Test):
    """What is wrong with one number is nothing to another."""

    def check(self, *rules, refused=(), late=(), slow_limit=8):
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim, CONFIG)
        phones = [delivery.phone(i) for i in range(FAN_OUT)]
        sim.faults([{"method": "POST", **rule} for rule in rules])
        done = site.run("send", "-t", ",".join(phones), "--wait", "0", *alert())
        self.assert_exit(done, 0)
        others = [p for p in phones if p not in refused and p not in late]
        harness.wait_until(lambda: {m["to"] for m in sim.messages()} >= set(others), slow_limit)
        times = [create["time"] for phone in others for create in sim.creates(phone)]
        self.assertLess(max(times) - min(times), 3000 * slow_limit, "nobody waits for the others")
        for phone in others:
            self.assertEqual(len(sim.creates(phone)), 1)
        harness.wait_until(lambda: all(p["state"] not in delivery.UNSETTLED for p in pages(site) if p["number"] not in late))
        self.assertEqual({p["number"] for p in pages(site) if p["state"] == "failed"}, set(refused))
        self.assertEqual(len(sim.messages()), len(others))
        return site, sim

    def test_refused(self):
        bad = [delivery.phone(i) for i in (0, 4, 9)]
        codes = [(400, 21211), (400, 21614), (400, 21610)]
        site, sim = self.check(*({"to": to, "do": "status", "status": status, "code": code, "message": "no"}
                                 for to, (status, code) in zip(bad, codes)), refused=bad)
        for phone in bad:
            self.assertEqual(len(sim.creates(phone)), 1)
        self.assertEqual([p["error_code"] for p in pages(site) if p["state"] == "failed"], [21211, 21614, 21610])

    def test_nobody_knows(self):
        late = [delivery.phone(0), delivery.phone(5)]
        self.check({"to": late[0], "do": "reset", "when": "before"}, {"to": late[1], "do": "hang", "when": "before"},
                   late=late)

    def test_later(self):
        late = [delivery.phone(3)]
        self.check({"to": late[0], "do": "status", "status": 429, "code": 20429}, late=late)


class Lines(delivery.Test):
    """What is wrong with the line to Twilio."""

    def test_kept_alive_connection_dies(self):
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim, delivery.NO_THROTTLE)
        site.serve()
        sim.faults([{"do": "close", "reused": True, "times": 3, "when": "after", "method": "POST"}])
        for n in range(8):
            self.assert_exit(site.run("send", "-t", harness.ALICE, *alert(host=f"web0{n}")), 0)
            harness.wait_until(lambda n=n: len(pages(site)) == n + 1 and delivery.settled(site), 15)
        self.assert_once(sim, [f"web0{n}" for n in range(8)])

    def test_nobody_there_for_a_while(self):
        port = harness.free_port()
        site = self.site(config=delivery.NO_THROTTLE, base_url=f"http://127.0.0.1:{port}")
        self.assert_exit(site.run("send", "-t", "oncall", "--wait", "0", *alert()), 0)
        harness.wait_until(lambda: all(p["attempts"] for p in pages(site)))
        sim = self.simulator(port=port, settings=delivery.QUICK)
        harness.wait_until(lambda: delivery.settled(site), 20)
        self.assert_once(sim, ["web01"])
        self.assert_once(sim, ["web01"], harness.BOB)

    def test_wrong_credentials_until_they_are_put_right(self):
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim)
        told = delivery.alarms(site)
        site.write_token("0" * 32)
        serve = site.serve()
        self.assert_exit(site.run("send", "-t", "oncall", *alert()), 0)
        harness.wait_until(told, 10)
        self.assertLessEqual(len(sim.creates()), 2, "one try a minute, and what was under way at the first")
        site.write_token(harness.TOKEN)
        serve.send_signal(1)  # SIGHUP: the line is tried again at once
        harness.wait_until(lambda: "configuration read again" in site.log(), 10)
        self.assertLessEqual(set(delivery.states(site)), {"queued", "sending", "sent", "delivered"}, "all are kept")
        self.assertEqual(len(told()), 1)
        self.assertIn("Twilio does not let us in", told()[0])


class Token(delivery.Test):
    def test_comes_back(self):
        """A token that could not be read, and a drainer of a `send`, which nobody can tell that it can be read again."""
        sim = self.simulator(settings=delivery.QUICK)
        site = self.site(sim)
        site.token_path.unlink()
        self.assert_exit(site.run("send", "-t", harness.ALICE, "--wait", "0", *alert(host="web01")), 0)
        harness.wait_until(lambda: "Twilio does not let us in" in site.log(), 30)
        site.write_token(harness.TOKEN)
        harness.wait_until(lambda: "configuration read again" in site.log(), 30)
        self.assert_exit(site.run("send", "-t", harness.ALICE, "--wait", "0", *alert(host="web02")), 0)
        harness.wait_until(lambda: any("web02" in m["body"] for m in sim.messages(harness.ALICE)), 30,
                           "what is new goes at once; what was refused when its minute is over")
        for host in ("web01", "web02"):
            self.assert_at_most_once(sim, host)


if __name__ == "__main__":
    unittest.main()

"""Everything that is said between notify_twilio and the simulator, held against Twilio's own OpenAPI file: a validating
proxy stands between the two, so our requests and the simulator's answers are judged by the same word.

Needs NT_NPM, the folder whose node_modules has prism.
"""

import json
import os
import pathlib
import re
import tempfile
import unittest

import delivery
import harness
import prism
import prism_check

STOPPED = "+15005550004"  # Twilio's magic number: answers 21610
GROUP = [f"+1500555{n}" for n in range(2000, 2012)]
SCHEDULE = {"accepted": 200, "queued": 200, "sending": 200, "sent": 200}  # ms: each status is seen by somebody
# What the file has no words for: answers that are errors.
UNDESCRIBED = "response Unable to match the returned status code"
LOST = {"method": "POST", "do": "reset", "when": "after", "times": 1}


class OpenApi(harness.Test):
    @classmethod
    def setUpClass(cls):
        npm = pathlib.Path(os.environ["NT_NPM"]).resolve()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.api, cls.known = prism.api_file(npm, folder.name)
        cls.sim = harness.Simulator(settings={"schedule": {"accepted": 200, "queued": 200, "sending": 200, "sent": 200}})
        cls.addClassCleanup(cls.sim.stop)
        cls.proxy = prism.Prism(npm, cls.api, cls.sim.url)
        cls.addClassCleanup(cls.proxy.stop)
        cls.proxy.wait()

    def setUp(self):
        self.sim.reset()
        self.catch_up()
        self.before = len(self.proxy.complaints())
        self.addCleanup(self.check_violations, self.sim)

    def slips(self):
        return [words for words in self.proxy.complaints() if "pagesize" in words.lower()]

    def catch_up(self):
        """What the judge says comes a little after the answer: a mistake made on purpose is the last to be heard of."""
        before = len(self.slips())
        self.proxy.request("GET", "/Messages.json?PageSize=5000")
        harness.wait_until(lambda: len(self.slips()) > before, 30, "the judge finds a mistake made on purpose")

    def behind(self, config=None):
        """A site that reaches the simulator through the proxy only."""
        return self.site(config={**delivery.NO_THROTTLE, **(config or {})}, base_url=self.proxy.url)

    def complaints(self, errors_expected=False):
        """The judge's since this test began, but those of catch_up()."""
        self.catch_up()
        slips = self.slips()
        return [words for words in self.proxy.complaints()[self.before:] if words not in slips
                and not (errors_expected and words.startswith(UNDESCRIBED))]

    def hears(self, pattern, after):
        harness.wait_until(lambda: re.search(pattern, " ".join(self.proxy.complaints()[after:])), 30, f"'{pattern}'")

    def asked(self, path, parameter=None):
        """The GET requests whose path ends like that, with this parameter."""
        return [r for r in self.sim.requests(method="GET") if re.search(path + "$", r["path"])
                and (parameter is None or parameter in dict(r["query"]))]

    def test_the_judge_is_awake(self):
        form = prism_check.GOOD + [["RiskCheck", "maybe"]]
        self.assertEqual(self.proxy.post(form)[0], 400)
        self.hears("RiskCheck", self.before)
        seen = len(self.proxy.complaints())
        self.assertEqual(self.proxy.request("GET", "/Messages.json?PageSize=5000")[0], 200)
        self.hears("(?i)pagesize", seen)
        # an answer that lacks something, and one with something of its own
        self.sim.faults([{"method": "GET", "path": "Balance", "do": "status", "status": 200, "times": 1,
                          "body": '{"balance":"1","currency":"USD"}'},
                         {"method": "GET", "path": "Balance", "do": "status", "status": 200, "times": 1,
                          "body": '{"balance":1,"currency":"USD","account_sid":null,"more":1}'}])
        for words in ("required property 'account_sid'", "additional properties|more"):
            seen = len(self.proxy.complaints())
            self.proxy.request("GET", "/Balance.json")
            self.hears(words, seen)

    def test_every_new_message_and_its_receipt(self):
        names = set()
        for config, options in prism_check.SITES:
            with self.subTest(config=config, options=options):
                self.sim.reset()
                site = self.behind(config)
                site.serve(limit=30)
                done = site.run("send", "-s", "nagios", "-t", "oncall", *options, *prism_check.PAIRS)
                self.assertEqual(done.returncode, 0, done.stderr)
                harness.wait_until(lambda: len(self.sim.creates()) == 2, 20, "both messages are asked for")
                harness.wait_until(lambda: set(site.states().values()) == {"delivered"}, 20, "both receipts", step=0.2)
                self.assertEqual([r["status"] for r in self.sim.creates()], [201, 201])
                self.assertGreaterEqual(len(self.asked(r"/Messages/(SM|MM)\w{32}\.json")), 2)
                names |= {name for r in self.sim.creates() for name, _ in r["form"]}
                site.close()
        self.assertEqual(self.complaints(), [])
        self.assertLessEqual(names, self.known)
        self.assertEqual(names, {"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback",
                                 "ApplicationSid", "ValidityPeriod", "RiskCheck"})

    def test_many_receipts_by_one_list(self):
        self.sim.settings(schedule={"accepted": 0, "queued": 0, "sending": 0, "sent": 600000})
        self.addCleanup(self.sim.settings, schedule=SCHEDULE)
        site = self.behind({"groups": [{"name": "many", "members": GROUP}]})
        daemon = site.serve(limit=30)
        done = site.run("send", "-t", "many", *delivery.alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        harness.wait_until(lambda: set(site.states().values()) == {"sent"}, 20, "all are sent", step=0.2)
        harness.end_process(daemon, 30)
        self.sim.advance(600000)
        site.serve(limit=30)  # all are due at the same moment now
        harness.wait_until(lambda: self.asked("/Messages.json", "DateSent>"), 20, "a list of what was sent", step=0.2)
        harness.wait_until(lambda: set(site.states().values()) == {"delivered"}, 20, "all receipts", step=0.2)
        self.assertEqual(self.complaints(), [])

    def test_a_look_after_a_lost_answer(self):
        self.sim.faults([LOST])
        site = self.behind()
        site.serve(limit=30)
        done = site.run("send", "-t", harness.ALICE, "--wait", "30", *delivery.alert())
        self.assertEqual(done.returncode, 0, done.stderr)
        harness.wait_until(lambda: self.asked("/Messages.json", "To"), 20, "a look")
        harness.wait_until(lambda: set(site.states().values()) == {"delivered"}, 20, "it is found", step=0.2)
        self.assertEqual(len(self.sim.creates()), 1)
        self.assertEqual(self.complaints(errors_expected=True), [])

    def test_what_a_stopped_number_wrote(self):
        site = self.behind()
        self.assertEqual(site.run("send", "-t", STOPPED, "--wait", "60", *delivery.alert()).returncode, 69)
        self.sim.plant(**{"from": STOPPED, "to": harness.FROM, "body": "START", "status": "received"})
        site.serve(limit=30)
        harness.wait_until(lambda: self.asked("/Messages.json", "From"), 20, "what that number wrote is looked at")
        self.assertEqual(self.complaints(errors_expected=True), [])

    def test_the_rest_of_the_simulator(self):
        """Answers to calls that other clients make: pages of a list, cancelling, the balance."""
        for i in range(5):
            self.assertEqual(self.proxy.post([*prism_check.GOOD[:2], ["Body", str(i)]])[0], 201)
        path, bodies = "/Messages.json?PageSize=2&To=%2B15005551001", []
        while path:
            status, text = self.proxy.request("GET", path)
            self.assertEqual(status, 200, text)
            page = json.loads(text)
            bodies += [m["body"] for m in page["messages"]]
            path = (page["next_page_uri"] or "").partition(harness.ACCOUNT)[2]
        self.assertEqual(bodies, ["4", "3", "2", "1", "0"])
        self.sim.settings(schedule={"queued": 600000})
        _, text = self.proxy.post(prism_check.GOOD)
        status, text = self.proxy.request("POST", f"/Messages/{json.loads(text)['sid']}.json", "Status=canceled")
        self.assertEqual((status, json.loads(text)["status"]), (200, "canceled"))
        self.sim.settings(schedule=SCHEDULE)
        self.sim.plant(to=harness.BOB, **{"from": harness.FROM}, body="x", status="undelivered", age=9000)
        for query in ("To=%2B15005551002", "From=%2B15005550006", "DateSent=2026-01-31", "DateSent%3C=2026-01-31",
                      "DateSent%3E=2026-01-31&PageSize=1"):
            self.assertEqual(self.proxy.request("GET", f"/Messages.json?{query}")[0], 200)
        self.assertEqual(self.proxy.request("GET", "/Balance.json")[0], 200)
        self.assertEqual(self.complaints(), [])


if __name__ == "__main__":
    unittest.main()

"""Twilio's own library for Node as a client of the simulator, over HTTP and HTTPS: what it cannot talk to is not Twilio.

Needs NT_NPM, the folder whose node_modules has twilio.
"""

import json
import os
import pathlib
import subprocess
import unittest

import harness
from harness import ALICE, BOB, FROM, SERVICE

SCRIPT = pathlib.Path(__file__).resolve().parent / "sdk.js"


def node(base, calls, user=harness.ACCOUNT, password=harness.TOKEN, ca=None):
    """What came of these calls, as sdk.js prints it."""
    env = {**os.environ, **({"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {})}
    done = subprocess.run(["node", str(SCRIPT), os.environ["NT_NPM"], base, harness.ACCOUNT, user, password], env=env,
                          input=json.dumps(calls), capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise AssertionError(f"sdk.js ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class NodeSdk(harness.Test):
    def everything(self, **options):
        sim = self.simulator(**options)
        urls = ["https://example.org/a.png", "https://example.org/b.png?x=1&y=2"]
        self.sim = sim
        sim.settings(schedule={"queued": 600000})
        return node(sim.url, [
            {"create": {"to": ALICE, "from": FROM, "body": "Grüße {1} & 😀", "validityPeriod": 600, "riskCheck": "disable",
                        "smartEncoded": False, "statusCallback": "https://example.org/cb?x=1"}},
            {"create": {"to": BOB, "messagingServiceSid": SERVICE, "body": "see", "mediaUrl": urls}},
            {"fetch": "@0"},
            {"list": {"to": ALICE}},
            {"list": {"pageSize": 1}},
            {"list": {"from": "+15005550099"}},
            {"cancel": "@0"},
            {"create": {"to": "123", "from": FROM, "body": "x"}},
            {"create": {"to": "+15005550004", "from": FROM, "body": "x"}},
            {"create": {"to": ALICE, "from": "+15005550008", "body": "x"}},
            {"create": {"to": ALICE, "from": FROM, "body": "x" * 1601}},
            {"fetch": "SM" + "0" * 32},
            {"balance": True},
        ], ca=sim.ca_file)

    def judge(self, results):
        first, second, fetched, one, paged, none, cancelled, *errors, missing, balance = results
        self.assertRegex(first["ok"]["sid"], "^SM")
        self.assertEqual({k: first["ok"][k] for k in ("status", "segments", "error", "body", "from")},
                         {"status": "queued", "segments": "1", "error": None, "body": "Grüße {1} & 😀", "from": FROM})
        self.assertTrue(first["ok"]["created"])
        self.assertRegex(second["ok"]["sid"], "^MM")
        self.assertEqual((second["ok"]["status"], second["ok"]["from"], second["ok"]["media"]), ("accepted", None, "2"))
        self.assertEqual(fetched, first)
        self.assertEqual([m["sid"] for m in one["ok"]], [first["ok"]["sid"]])
        self.assertEqual([m["sid"] for m in paged["ok"]], [second["ok"]["sid"], first["ok"]["sid"]])
        self.assertEqual(none, {"ok": []})
        self.assertEqual(cancelled["ok"]["status"], "canceled")
        self.assertEqual([(e["status"], e["code"]) for e in errors],
                         [(400, 21211), (400, 21610), (429, 21611), (400, 21617)])
        self.assertEqual(missing["status"], 404)
        self.assertEqual(balance, {"ok": "USD"})
        self.assertEqual([m["validity"] for m in self.sim.messages(ALICE)], [600])

    def test_http(self):
        self.judge(self.everything())

    def test_https(self):
        self.judge(self.everything(tls=True))

    def test_credentials(self):
        sim = self.simulator()
        ask = [{"create": {"to": ALICE, "from": FROM, "body": "x"}}]
        result, = node(sim.url, ask, harness.KEY, harness.KEY_SECRET)
        self.assertRegex(result["ok"]["sid"], "^SM")
        self.assertEqual(sim.requests()[-1]["user"], harness.KEY)
        self.assertEqual(node(sim.url, ask, harness.ACCOUNT, "wrong"), [{"status": 401, "code": 20003}])


if __name__ == "__main__":
    unittest.main()

"""Debian's Nagios raises a problem, and the page carries rrdtool's graph of it; the recovery costs none."""

import subprocess
import unittest

import harness
import monitors
from nagios import Nagios

START = 1700000000


class Graphs(monitors.Test):
    def setUp(self):
        self.begin(Nagios, environment=True, pager="alice", template="twilio-contact-environment")
        rrds, public = self.place.folder / "rrd" / "web01", self.place.folder / "public"
        rrds.mkdir(parents=True)
        public.mkdir()
        subprocess.run(["rrdtool", "create", str(rrds / "HTTP.rrd"), "--start", str(START), "--step", "60",
                        "DS:rate:GAUGE:120:0:U", "RRA:AVERAGE:0.5:1:100"], check=True, capture_output=True)
        subprocess.run(["rrdtool", "update", str(rrds / "HTTP.rrd"), *[f"{START + 60 * i}:{i}" for i in range(1, 60)]],
                       check=True, capture_output=True)
        for path in (rrds, rrds.parent, rrds / "HTTP.rrd", public):
            path.chmod(0o777)  # whoever the monitor runs its commands as
        self.place.configure({
            "media_prefixes": ["+1"],
            "graphs": [{"name": "rrd", "when": ["urgent"], "command": [
                "rrdtool", "graph", "-", "--start", str(START), "--end", str(START + 3600), "--title",
                "{{service}} on {{host}}", f"DEF:v={rrds.parent}/{{{{host}}}}/{{{{service}}}}.rrd:rate:AVERAGE", "LINE1:v#c00000"]}],
            "publish": [{"directory": str(public), "public_url": "https://p.example.org/"}]})
        self.public = public

    def test_a_problem_and_its_end(self):
        for _ in range(5):
            self.monitor.service_result(2, "CRITICAL - 5xx|rate=12%;5;10")
            message, = self.arrived()
            if message["media"]:
                break
            # a machine so busy that rrdtool takes five seconds
            self.assertIn("not there within 5 s", self.place.log())
            self.monitor.service_result(0, "OK - fine")
            self.arrived()
        self.assertEqual(len(message["media"]), 1, self.place.log())
        picture, = self.public.iterdir()
        self.assertEqual(message["media"], [f"https://p.example.org/{picture.name}"])
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertTrue(message["sid"].startswith("MM"))
        self.monitor.service_result(0, "OK - fine again")
        message, = self.arrived()
        self.assertEqual(message["media"], [])
        self.assertEqual(len(list(self.public.iterdir())), 1)


if __name__ == "__main__":
    unittest.main()

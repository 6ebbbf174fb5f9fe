"""Debian's Nagios raises a problem, and the page carries rrdtool's graph of it, by each way of publishing; the recovery
costs none."""

import os
import pathlib
import subprocess
import unittest

import harness
import monitors
import publish_servers
from nagios import Nagios

START = 1700000000
PNG = b"\x89PNG\r\n\x1a\n"
HERE = "https://p.example.org/"  # nobody asks there: what it would serve lies in a folder


class Graphs(monitors.Test):
    def setUp(self):
        self.begin(Nagios, environment=True, pager="alice", template="twilio-contact-environment")
        rrds, self.public = self.place.folder / "rrd" / "web01", self.place.folder / "public"
        rrds.mkdir(parents=True)
        self.public.mkdir()
        subprocess.run(["rrdtool", "create", str(rrds / "HTTP.rrd"), "--start", str(START), "--step", "60",
                        "DS:rate:GAUGE:120:0:U", "RRA:AVERAGE:0.5:1:100"], check=True, capture_output=True)
        subprocess.run(["rrdtool", "update", str(rrds / "HTTP.rrd"), *[f"{START + 60 * i}:{i}" for i in range(1, 60)]],
                       check=True, capture_output=True)
        for path in (rrds, rrds.parent, rrds / "HTTP.rrd", self.public):
            path.chmod(0o777)  # whoever the monitor runs its commands as
        self.place.configure({
            "media_prefixes": ["+1"],
            "graphs": [{"name": "rrd", "when": ["urgent"], "command": [
                "rrdtool", "graph", "-", "--start", str(START), "--end", str(START + 3600), "--title",
                "{{service}} on {{host}}", f"DEF:v={rrds.parent}/{{{{host}}}}/{{{{service}}}}.rrd:rate:AVERAGE", "LINE1:v#c00000"]}]})

    def problem(self, publish):
        """The address of the picture in the page about a problem."""
        # a drainer keeps the configuration that it began with
        harness.wait_until(lambda: not self.drainers(), 30, "the drainer ends")
        for secret in ("upload_headers", "s3_secret"):
            if self.monitor.account and (self.place.folder / secret).exists():
                os.chown(self.place.folder / secret, self.monitor.account.pw_uid, -1)
        self.place.configure({"publish": [publish]})
        for _ in range(5):
            self.monitor.service_result(2, "CRITICAL - 5xx|rate=12%;5;10")
            message, = self.arrived()
            if message["media"]:
                break
            # a machine so busy that rrdtool takes five seconds
            self.assertIn("not there within 5 s", self.place.log())
            self.recovery()
        self.assertEqual(len(message["media"]), 1, self.place.log())
        self.assertTrue(message["sid"].startswith("MM"))
        return message["media"][0]

    def drainers(self):
        found = []
        for pid in self.place.survivors():
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("notify_twilio"):
                    found.append(pid)
            except OSError:
                continue
        return found

    def recovery(self):
        self.monitor.service_result(0, "OK - fine again")
        message, = self.arrived()
        self.assertEqual(message["media"], [])

    def in_folder(self):
        picture, = self.public.iterdir()
        return picture

    def test_each_way(self):
        s3, nginx = publish_servers.S3(), publish_servers.Nginx()
        self.addCleanup(s3.stop)
        self.addCleanup(nginx.stop)
        with self.subTest("directory"):
            url = self.problem({"directory": str(self.public), "public_url": HERE})
            self.assertEqual(url, f"{HERE}{self.in_folder().name}")
            self.assertEqual(self.in_folder().read_bytes()[:8], PNG)
            self.recovery()
            self.in_folder().unlink()
        with self.subTest("command"):
            script = f"cat > '{self.public}/graph.png'; echo '{HERE}graph.png'"
            self.assertEqual(self.problem({"command": ["sh", "-c", script]}), f"{HERE}graph.png")
            self.assertEqual(self.in_folder().read_bytes()[:8], PNG)
            self.recovery()
        for server in (nginx, s3):
            with self.subTest(type(server).__name__):
                status, headers, picture = publish_servers.fetch(self.problem(server.publish(self.place)))
                self.assertEqual((status, headers["Content-Type"], picture[:8]), (200, "image/png", PNG))
                self.recovery()


if __name__ == "__main__":
    unittest.main()

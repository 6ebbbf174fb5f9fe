"""The chart of an item, from Debian's Zabbix frontend, with a page: login, a session that is kept, and one that has ended.
"""

import json
import subprocess
import unittest

import delivery
import harness
import monitors
import zabbix_site
from zabbix_site import LIMIT

PNG = b"\x89PNG\r\n\x1a\n"


class Chart(harness.Test):
    @classmethod
    def setUpClass(cls):
        cls.sim = harness.Simulator(settings=delivery.QUICK)
        cls.addClassCleanup(cls.sim.stop)
        cls.place = harness.Site(cls.sim, monitors.CONFIG)
        cls.addClassCleanup(cls.place.close)
        # Without the locale of its language the frontend writes that into every picture, in the place of the chart.
        names = cls.place.folder / "locale"
        names.mkdir()
        subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", str(names / "en_US.UTF-8")], check=True,
                       capture_output=True)
        plain = cls.place.environment
        cls.place.environment = lambda extra=None: {**plain(extra), "LOCPATH": str(names)}
        cls.zabbix = zabbix_site.Zabbix(cls.place)
        cls.addClassCleanup(cls.zabbix.stop)
        cls.zabbix.run()
        cls.watched = cls.zabbix.watch("web01")

    def graph_site(self, password=zabbix_site.PASSWORD):
        site = self.site(self.sim)
        secret = site.folder / "zabbix_password"
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        site.public = site.folder / "public"
        site.public.mkdir()
        site.configure({"media_prefixes": ["+1"], "graphs": [
            {"name": "zabbix", "when": ["urgent"], "zabbix": {
                "url": self.zabbix.url, "user": zabbix_site.ADMIN, "password_file": str(secret),
                "item": "{{ITEM.ID}}"}}],
            "publish": [{"directory": str(site.public), "public_url": "https://p.example.org/"}]})
        self.assertEqual(site.run("config", "check").stdout, "")
        return site

    def page(self, site, item, host="web01", **extra):
        message = "\n".join(f"{key}={value}" for key, value in {
            "NOTIFIED": f"now {host}", "EVENT.ID": "42", "EVENT.VALUE": "1", "EVENT.NSEVERITY": "5",
            "HOST.NAME": host, "EVENT.NAME": "too high", "ITEM.ID": item}.items())
        done = site.run("send", "-s", "zabbix", "-t", "alice", "--json", "--subject", "Problem", "--message", message)
        self.assertEqual(done.returncode, 0, done.stderr)
        number = json.loads(done.stdout)["id"]

        def settled():
            return [p for p in site.queue_json() if p["id"] == number and p["state"] not in ("queued", "sending")]

        return harness.wait_until(settled, LIMIT, "the page is out")[0]

    def picture(self, site, item):
        out = site.folder / "chart.png"
        done = site.run("render", "-s", "zabbix", "-g", "zabbix", "--save", out, "--subject", "p", "--message",
                        f"EVENT.ID=42\nEVENT.VALUE=1\nHOST.NAME=web01\nITEM.ID={item}")
        return done, out.read_bytes() if out.exists() else b""

    def test_login_chart_and_session(self):
        site = self.graph_site()
        done, chart = self.picture(site, self.watched.item)
        # the frontend of a loaded machine may take longer than a page waits; the next one finds the session
        for _ in range(10):
            if done.returncode == 0:
                break
            self.assertIn("not there within 5 s", done.stderr)
            done, chart = self.picture(site, self.watched.item)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(chart[:8], PNG)
        self.assertGreater(len(chart), 1000)
        sessions = [p for p in site.store_folder.iterdir() if p.name.startswith("zabbix-session-")]
        self.assertEqual(len(sessions), 1)
        self.assertEqual(sessions[0].stat().st_mode & 0o777, 0o600)
        kept = sessions[0].read_text()
        done, chart = self.picture(site, self.watched.item)
        self.assertEqual(sessions[0].read_text(), kept, "it was not used")

        sessions[0].write_text("zbx_session=nonsense")  # as after its end
        for _ in range(10):
            done, chart = self.picture(site, self.watched.item)
            if done.returncode == 0:
                break
        self.assertEqual(chart[:8], PNG)
        self.assertNotEqual(sessions[0].read_text(), "zbx_session=nonsense")

        page = self.page(site, self.watched.item)
        if page["media"]:
            self.assertTrue(page["sid"].startswith("MM"))
            published = list(site.public.iterdir())
            self.assertEqual([p.read_bytes()[:8] for p in published], [PNG])
        else:
            self.assertIn("not there within 5 s", site.run("queue", "show", page["id"]).stdout)

    def test_what_fails(self):
        site = self.graph_site(password="wrong")
        done, chart = self.picture(site, self.watched.item)
        self.assertEqual((done.returncode, chart), (75, b""))
        self.assertRegex(done.stderr, "refuses the login of Admin|not there within 5 s")
        site = self.graph_site()
        done, chart = self.picture(site, 99999999)  # of which Zabbix makes a picture with words in it
        self.assertEqual((done.returncode, chart), (75, b""))
        self.assertRegex(done.stderr, "no chart of item 99999999|not there within 5 s")
        page = self.page(site, "{ITEM.ID}")
        self.assertEqual(page["media"], [])
        self.assertIn("no number of an item", site.run("queue", "show", page["id"]).stdout)


if __name__ == "__main__":
    unittest.main()

"""Debian's Zabbix raises, updates, escalates and resolves problems; its media type, as we ship it, pages.

One server for all tests, for its start takes longer than they do. Each test has its own hosts and its own phones.
"""

import json
import os
import signal
import unittest

import delivery
import harness
import monitors
import zabbix_site
from zabbix_site import LIMIT

PASSWORD = "cRx7-vault-91"

# For whoever gives any of it to a shell.
HOST = "O'Brien's \"web\" & more"
EVENT = "$(touch {trap}) 'q' \\ %s; é"
# What a log may say to whoever reads KEY=VALUE lines.
FORGED = ("BAD \"log\"\r\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=acknowledged\nHOST.NAME=elsewhere\n"
          "EVENT.NSEVERITY=0\nEVENT.ID=1\nEVENT.VALUE=0\nNOTIFIED=never\nlast line")
LONG = "BAD " + "'é" * 30000


class Zabbix(harness.Test):
    @classmethod
    def setUpClass(cls):
        cls.sim = harness.Simulator(settings=delivery.QUICK)
        cls.addClassCleanup(cls.sim.stop)
        cls.place = harness.Site(cls.sim, {**monitors.CONFIG, "message": {"max_segments": 4}})
        cls.addClassCleanup(cls.place.close)
        cls.trap = cls.place.folder / "trap"
        cls.zabbix = zabbix_site.Zabbix(cls.place)
        cls.addClassCleanup(cls.zabbix.stop)
        cls.zabbix.run()
        cls.media_type = cls.zabbix.import_media_type()
        watch, opdata = cls.zabbix.watch, "now {ITEM.LASTVALUE1}"
        cls.web = watch("web01", f"alice, {delivery.phone(1)}", cls.media_type, host={"name": HOST}, opdata=opdata,
                        event_name=f"{EVENT.format(trap=cls.trap)} at {{ITEM.LASTVALUE1}}",
                        tags=[{"tag": "site", "value": "Łódź"}])
        cls.slow = watch("db01", delivery.phone(2), cls.media_type, steps=2, priority=zabbix_site.AVERAGE, event_name="slow")
        cls.forged = watch("log01", delivery.phone(3), cls.media_type, text=True)
        cls.long = watch("log02", delivery.phone(4), cls.media_type, text=True)
        cls.failing = watch("app01", delivery.phone(5), cls.again("failing"))
        cls.dying = watch("app03", delivery.phone(7), cls.again("dying"))
        cls.killed = watch("app02", delivery.phone(6), cls.again("killed"))
        cls.zabbix.person("Bob Baker", password=PASSWORD)
        cls.zabbix.serve()
        # The server looks for work every few seconds only: what needs no preparation goes on its way at once.
        for watched, value in ((cls.web, 12.5), (cls.slow, 9), (cls.forged, FORGED), (cls.long, LONG)):
            cls.zabbix.send(watched, value)

    @classmethod
    def again(cls, name):
        """The media type with a script of its own, and more and quicker runs when it fails."""
        text = zabbix_site.MEDIA_TYPE.read_text()
        for old, new in (("Twilio SMS", name), ("script_name: notify_twilio", f"script_name: {name}"),
                         ("attempts: '3'", "attempts: '50'"), ("attempt_interval: 10s", "attempt_interval: 1s")):
            assert old in text, old
            text = text.replace(old, new)
        return cls.zabbix.import_media_type(text, name)

    def setUp(self):
        self.addCleanup(self.check_violations, self.sim)
        self.addCleanup(self.show_log, self.place)
        self.addCleanup(self.show_zabbix)

    def show_zabbix(self):
        result = self._outcome.result
        if any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors):
            print(f"--- Zabbix\n{self.zabbix.log()}---")

    def bodies(self, to, count, sim=None):
        """What the phone shows, once there is as much as that; more is wrong."""
        sim = sim or self.sim
        harness.wait_until(lambda: len(sim.messages(to)) >= count, LIMIT, f"{count} messages to {to}", step=0.05)
        bodies = [message["body"] for message in sim.messages(to)]
        self.assertEqual(len(bodies), count, bodies)
        return bodies

    def finished(self, watched, count):
        """The server's records of that many notifications, once it is done with all of them."""
        def done():
            alerts = self.zabbix.alerts(watched)
            return len(alerts) >= count and all(alert["status"] in ("1", "2") for alert in alerts) and alerts
        alerts = harness.wait_until(done, LIMIT, f"{count} notifications about {watched.name} are done with", step=0.25)
        self.assertEqual([alert["status"] for alert in alerts], ["1"] * count, alerts)
        return alerts

    def pages(self, to):
        """The pages to a number, oldest first."""
        return sorted((page for page in self.place.queue_json() if page["to"] == to), key=lambda page: page["id"])

    def alert_of(self, to):
        """The alert behind the one page to a number."""
        page, = self.pages(to)
        done = self.place.run("queue", "show", "--json", "-v", page["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["alert"]

    def test_the_server_keeps_it_as_it_is_shipped(self):
        found, = self.zabbix.api("mediatype.get", {"mediatypeids": [self.media_type], "output": "extend",
                                                   "selectMessageTemplates": "extend"})
        self.assertEqual((found["type"], found["exec_path"], found["maxsessions"], found["maxattempts"]),
                         ("1", "notify_twilio", "0", "3"))
        self.assertEqual(found["exec_params"].split("\n"), [
            "send", "--source", "zabbix", "--wait", "3", "--to", "{ALERT.SENDTO}", "--subject", "{ALERT.SUBJECT}",
            "--message", "{ALERT.MESSAGE}", ""])
        templates = {(m["eventsource"], m["recovery"]): m["message"] for m in found["message_templates"]}
        self.assertEqual(sorted(templates), [("0", "0"), ("0", "1"), ("0", "2")])
        for message in templates.values():
            self.assertTrue(message.startswith("NOTIFIED={DATE} {TIME}\r\n"), message)
        rules = {"mediaTypes": {"createMissing": True, "updateExisting": True}}
        self.assertEqual(self.zabbix.api("configuration.importcompare", {
            "format": "yaml", "rules": rules, "source": zabbix_site.MEDIA_TYPE.read_text()}), [])

    def test_life_of_a_problem(self):
        """By the link in AlertScriptsPath; a contact and a number in one "Send to"."""
        number, watched, name = delivery.phone(1), self.web, EVENT.format(trap=self.trap)
        problem, = self.bodies(number, 1)
        self.assertEqual(self.bodies(harness.ALICE, 1), [problem])
        self.assertRegex(problem, monitors.clock(f"HIGH PROBLEM: {HOST} @\n{name} at 12.5"))
        alert = self.alert_of(number)
        event = self.zabbix.problem(watched)
        expected = {"source": "zabbix", "event": "problem", "state": "PROBLEM", "severity": "high", "host": HOST,
                    "output": f"{name} at 12.5", "event_id": event, "author": None, "comment": None, "url": None}
        self.assertEqual({key: alert[key] for key in expected}, expected)
        macros = alert["macros"]
        self.assertEqual((macros["ITEM.ID"], macros["TRIGGER.ID"], macros["EVENT.TAGS"], macros["HOST.HOST"]),
                         (watched.item, watched.trigger, "site:Łódź", "web01"))
        # What has no value, and what this Zabbix does not know.
        self.assertEqual((macros["HOST.IP"], macros["EVENT.TIMESTAMP"], macros["TRIGGER.URL"]), ("", "", ""))
        self.assertRegex(macros["NOTIFIED"], r"^\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d$")

        bob = self.zabbix.login("bob", PASSWORD)
        self.zabbix.update(event, zabbix_site.ACKNOWLEDGE + zabbix_site.COMMENT, bob, message=f"I'm on it\r\n\"$(touch {self.trap})\"")
        self.assertRegex(self.bodies(number, 2)[1], monitors.clock(
            f"ACKNOWLEDGEMENT by Bob Baker (bob): {HOST} HIGH PROBLEM @\n{name} at 12.5\nI'm on it \"$(touch {self.trap})\""))

        self.zabbix.send(watched, 1)
        self.assertRegex(self.bodies(number, 3)[2], r"^RECOVERY: O'Brien's .* OK \d\d:\d\d after \d+")
        for alert in self.finished(watched, 3):
            self.assertEqual((alert["retries"], alert["error"]), ("0", ""))
        self.bodies(harness.ALICE, 3)
        self.assertEqual([(page["event"], page["class"]) for page in self.pages(number)],
                         [("problem", "urgent"), ("acknowledgement", "routine"), ("recovery", "routine")])
        self.assertFalse(self.trap.exists())

    def test_the_next_step_and_a_raised_severity_are_news(self):
        number, watched = delivery.phone(2), self.slow
        first, = self.bodies(number, 1)
        self.assertRegex(first, monitors.clock("AVERAGE PROBLEM: db01 @\nslow"))
        self.zabbix.next_step(watched)
        self.assertRegex(self.bodies(number, 2)[1], monitors.clock("AVERAGE PROBLEM: db01 @\nslow"))
        self.zabbix.update(self.zabbix.problem(watched), zabbix_site.SEVERITY, severity=zabbix_site.DISASTER)
        self.assertRegex(self.bodies(number, 3)[2], r"^CUSTOM NOTICE by .*: db01 DISASTER PROBLEM \d\d:\d\d\nslow\n"
                                                    "changed severity from Average to Disaster$")
        self.assertEqual([alert["esc_step"] for alert in self.finished(watched, 3)[:2]], ["1", "2"])
        self.assertEqual([page["class"] for page in self.pages(number)], ["routine", "routine", "urgent"])

    def test_what_a_monitored_host_writes_is_only_text(self):
        number, watched = delivery.phone(3), self.forged
        self.assertRegex(self.bodies(number, 1)[0], monitors.clock("HIGH PROBLEM: log01 @\nvalue is bad"))
        alert = self.alert_of(number)
        self.assertEqual((alert["event"], alert["severity"], alert["host"]), ("problem", "high", "log01"))
        self.assertEqual(alert["event_id"], self.zabbix.problem(watched))
        self.assertTrue(alert["long_output"].startswith("BAD \"log\""), alert)

    def test_a_long_value_is_no_reason_to_stay_silent(self):
        """Each quote becomes four characters in Zabbix's command line, and an argument has 128 KB."""
        number, watched = delivery.phone(4), self.long
        self.assertRegex(self.bodies(number, 1)[0], monitors.clock("HIGH PROBLEM: log02 @\nvalue is bad"))
        value = self.alert_of(number)["long_output"]
        self.assertRegex(value, "^BAD ('é){100,}'?$")
        alert, = self.finished(watched, 1)
        self.assertEqual(alert["retries"], "0")

    # Zabbix runs a script again that has failed or was killed.

    def broken(self, name, script):
        """Another site, whose Twilio takes nothing for now; Zabbix's script NAME works there, $notify_twilio is our program.
        (The simulator, the site)"""
        sim = self.simulator(settings=delivery.QUICK)
        sim.faults([{"method": "POST", "path": "/Messages.json", "do": "status", "status": 429, "code": 20429}])
        site = self.site(sim, monitors.CONFIG)
        monitor = monitors.Monitor(site, "zabbix")
        monitor.hand_over()
        wanted = ("HOME", "STATE_DIRECTORY", "NOTIFY_TWILIO_CONFIG", "NOTIFY_TWILIO_SOCKET", "NT_TEST_SITE")
        environment = site.environment()
        self.zabbix.script(name, "".join(f"export {key}='{environment[key]}'\n" for key in wanted)
                           + f"notify_twilio={monitor.programs}/notify_twilio\n{script}\n")
        return sim, site

    def without_a_store(self, name, watched, runs):
        """The problem, while there is neither a store nor Twilio, until so many runs have failed. (The simulator, the site,
        where the exit statuses are)"""
        statuses = self.place.folder / "run" / name
        sim, site = self.broken(name, f"""
"$notify_twilio" "$@"
status=$?
echo $status >>'{statuses}'
exit $status""")
        site.store_folder.chmod(0)
        self.zabbix.send(watched, 9)

        def failed():
            alerts = self.zabbix.alerts(watched)
            return alerts and int(alerts[0]["retries"]) >= runs and alerts[0]["error"]
        self.assertIn("not stored", harness.wait_until(failed, LIMIT, f"{runs} runs fail", step=0.25))
        self.assertEqual(sim.messages(), [])
        return sim, site, statuses

    def paged_in_the_end(self, watched, number, sim, site, statuses):
        """It works again: one message, and the server knows."""
        site.store_folder.chmod(0o700)
        sim.faults([])
        self.assertRegex(self.bodies(number, 1, sim)[0], monitors.clock(f"HIGH PROBLEM: {watched.name} @\nvalue is bad"))
        self.assertEqual(self.finished(watched, 1)[0]["error"], "")
        harness.wait_until(lambda: not site.survivors(), LIMIT, "nothing of ours is left to do")
        self.bodies(number, 1, sim)
        said = statuses.read_text().split()
        self.assertEqual((said[0], said[-1]), ("75", "0"))
        self.assertLessEqual(set(said[1:-1]), {"75", str(128 + signal.SIGKILL)})

    def test_failed_runs_are_one_message(self):
        """Exit 75; what a run leaves behind to try again meets the next runs."""
        number, watched = delivery.phone(5), self.failing
        self.paged_in_the_end(watched, number, *self.without_a_store("failing", watched, 2))

    def test_a_failed_run_is_run_again(self):
        """Exit 75; what the runs left behind dies with its memory. It is Zabbix that sees to the page."""
        number, watched = delivery.phone(7), self.dying
        sim, site, statuses = self.without_a_store("dying", watched, 1)
        for pid in site.survivors():
            delivery.kill(pid, signal.SIGKILL)
        self.paged_in_the_end(watched, number, sim, site, statuses)

    def test_a_killed_run_is_no_second_message(self):
        number, watched = delivery.phone(6), self.killed
        mark = self.place.folder / "run" / "first"
        sim, site = self.broken("killed", f"""
if mkdir '{mark}'; then
    echo $$ >'{mark}/pid'
    exec "$notify_twilio" "$@" --wait 600
fi
exec "$notify_twilio" "$@"
""")
        self.zabbix.send(watched, 9)
        harness.wait_until(lambda: delivery.pages(site), LIMIT, "the page is stored", step=0.05)
        os.kill(int((mark / "pid").read_text()), signal.SIGKILL)
        alert, = self.finished(watched, 1)
        self.assertGreaterEqual(int(alert["retries"]), 1)
        self.assertEqual(sim.messages(), [])
        sim.faults([])
        self.assertRegex(self.bodies(number, 1, sim)[0], monitors.clock("HIGH PROBLEM: app02 @\nvalue is bad"))
        harness.wait_until(lambda: delivery.settled(site), LIMIT, "every page is settled")
        self.bodies(number, 1, sim)
        self.assertEqual(set(delivery.states(site)[1:]), {"duplicate"})


if __name__ == "__main__":
    unittest.main()

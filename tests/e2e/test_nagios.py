"""Debian's Nagios raises, acknowledges and recovers problems; its notification commands, as we ship them, page."""

import time
import unittest

import harness
import monitors
from nagios import Nagios


class ByEnvironment(monitors.Test):
    """enable_environment_macros=1: everything arrives as it was said."""

    def setUp(self):
        self.begin(Nagios, environment=True, pager="alice", template="twilio-contact-environment")

    def test_life_of_a_problem(self):
        trap = self.place.folder / "trap"
        self.monitor.service_result(2, f"CRITICAL - \"5xx\" 12% & 1+1=2 $(touch {trap}) 'q' <b>|rate=12%;5;10\\nmore\\nlines")
        self.assertRegex(self.text(), monitors.clock(
            f"CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - \"5xx\" 12% & 1+1=2 $(touch {trap}) 'q' <b>"))
        self.assertFalse(trap.exists())
        self.monitor.acknowledge("O'Neil", "I'm on it & \"soon\"")
        self.assertRegex(self.text(), monitors.clock(
            "ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\nI'm on it & \"soon\""))
        self.monitor.custom("Zoë", "can't reach $HOME")
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by Zoë: HTTP on web01 CRITICAL @\ncan't reach $HOME"))
        self.monitor.service_result(0, "OK - fine again")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK \d\d:\d\d( after \d+s)?\nOK - fine again$")

        pages = self.pages()
        self.assertEqual([page["event"] for page in pages], ["problem", "acknowledgement", "custom", "recovery"])
        self.assertEqual([page["contact"] for page in pages], ["alice"] * 4)
        self.assertEqual([page["sid"] for page in pages], [message["sid"] for message in self.sim.messages()])
        self.assertEqual([page["class"] for page in pages], ["urgent", "routine", "urgent", "routine"])

    def test_history_explains_a_page(self):
        output = "CRITICAL - \"5xx\" & 'q'"
        self.monitor.service_result(2, output + "|rate=12%;5;10\\nmore\\nlines")
        message, = self.arrived()
        page, = self.pages()
        shown = self.history(page, "-v")
        self.assertEqual((shown["id"], shown["to"], shown["sid"]), (page["id"], harness.ALICE, message["sid"]))
        self.assertEqual([step["state"] for step in shown["steps"]][:3], ["queued", "sending", "sent"])
        self.assertTrue(all(step["reason"] for step in shown["steps"]))
        alert = shown["alert"]
        self.assertEqual([alert[key] for key in ("source", "event", "state", "host", "service", "output", "long_output")],
                         ["nagios", "problem", "CRITICAL", "web01", "HTTP", output, "more\nlines"])
        self.assertEqual(alert["macros"]["_SERVICERUNBOOK"], "https://wiki.example.org/http?a=1")
        self.assertEqual(alert["macros"]["SERVICEPERFDATA"], "rate=12%;5;10")

    def test_hosts_long_output_and_scripts(self):
        self.monitor.host_result(1, "DOWN - " + "no answer from 192.0.2.10 " * 40)
        message, = self.arrived()
        self.assertRegex(message["body"], r"^DOWN PROBLEM: web01 \d\d:\d\d\nDOWN - no answer .*\.\.$")
        self.assertEqual((message["segments"], message["encoding"]), (1, "GSM-7"))
        self.assertLessEqual(len(message["body"]), 160)
        self.monitor.host_result(0, "UP - 東京から応答")
        message, = self.arrived()
        self.assertRegex(message["body"], r"^RECOVERY: web01 UP \d\d:\d\d( after \d+s)?\nUP - 東京から応答$")
        self.assertEqual((message["segments"], message["encoding"]), (1, "UCS-2"))


class ByArguments(monitors.Test):
    """Without environment macros, as Debian's nagios.cfg and Naemon have it."""

    def setUp(self):
        self.begin(Nagios, environment=False, pager="oncall")

    def both(self):
        """One text, on the two phones of the group."""
        messages = self.arrived(2)
        self.assertEqual({message["to"] for message in messages}, {harness.ALICE, harness.BOB})
        self.assertEqual(messages[0]["body"], messages[1]["body"])
        return messages[0]["body"]

    def test_life_of_a_problem(self):
        trap = self.place.folder / "trap"
        self.monitor.service_result(2, f"CRITICAL - \"5xx\" 12% & 1+1=2 $(touch {trap}) 'q'; x Ü|rate=12%;5;10\\nmore\\nlines")
        self.assertRegex(self.both(), monitors.clock(
            f"CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - 5xx 12%  1+1=2 (touch {trap}) q: x Ü").replace(r"\ \ ", " +"))
        self.assertFalse(trap.exists())
        self.monitor.acknowledge("O'Neil", f"I'm on it '; touch {trap}; '")
        self.assertRegex(self.both(), r"^ACKNOWLEDGEMENT by ONeil: HTTP on web01 CRITICAL \d\d:\d\d\nIm on it ")
        self.monitor.custom("O'Neil", f"can't '; touch {trap}; '")
        self.assertRegex(self.both(), r"^CUSTOM NOTICE: HTTP on web01 CRITICAL \d\d:\d\d\n")
        self.monitor.service_result(0, "OK - fine again")
        self.assertRegex(self.both(), r"^RECOVERY: HTTP on web01 OK \d\d:\d\d( after \d+s)?\nOK - fine again$")
        self.assertFalse(trap.exists())

    def test_host_without_service_macros(self):
        self.monitor.host_result(1, "DOWN - no answer")
        self.assertRegex(self.both(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN - no answer"))
        self.monitor.host_result(0, "UP")
        self.assertRegex(self.both(), r"^RECOVERY: web01 UP \d\d:\d\d( after \d+s)?\nUP$")


class WithDaemon(monitors.Test):
    """The commands hand over to a running daemon."""

    def test_handed_over(self):
        self.begin(Nagios, environment=True, pager="alice", template="twilio-contact-environment")
        self.place.serve()
        self.monitor.service_result(2, "CRITICAL - no answer")
        self.assertRegex(self.text(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - no answer"))
        self.monitor.service_result(0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")
        self.assertEqual(len(self.sim.creates()), 2)


class Plugin(monitors.Test):
    """`notify_twilio check` as the check of a service."""

    def test_the_pager_watches_itself(self):
        self.begin(Nagios, environment=False, pager="alice", extra=f"""
define service {{
  use                      twilio-pager
  host_name                {monitors.HOST}
  max_check_attempts       1
  check_period             always
  notification_period      always
  contacts                 someone
}}""")
        self.place.serve()
        service = "\tservice_description=Twilio pager"

        def checked(words):
            """The status file has a result of the plugin with these words."""
            self.monitor.external(f"SCHEDULE_FORCED_SVC_CHECK;{monitors.HOST};Twilio pager;{int(time.time())}")
            status = self.place.folder / "status.dat"
            if not status.exists():
                return None
            part = status.read_text(errors="replace").partition(service)[2].partition("\n\t}")[0]
            values = dict(line.strip().split("=", 1) for line in part.splitlines() if "=" in line)
            return values if words in values.get("plugin_output", "") else None

        values = harness.wait_until(lambda: checked("TWILIO OK"), 20, "the plugin's result", step=0.5)
        self.assertEqual(values["current_state"], "0")
        self.assertRegex(values["performance_data"], r"\w+=\d+")


if __name__ == "__main__":
    unittest.main()

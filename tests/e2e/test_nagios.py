"""Debian's Nagios raises, acknowledges and recovers problems; its notification commands, as we ship them, page."""

import shutil
import unittest

import harness
import monitors

NAGIOS = shutil.which("nagios4", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "nagios4"
# What Debian's nagios.cfg has; the arguments form depends on it.
ILLEGAL = "`~$&|'\"<>"


class Nagios(monitors.Monitor):
    def __init__(self, site, environment, pager, host_command, service_command):
        super().__init__(site, "nagios")
        self.environment = environment
        self.contact = {"pager": pager, "host": host_command, "service": service_command}

    def configuration(self):
        folder = self.folder
        return "\n".join([
            f"cfg_file={folder}/commands.cfg", f"cfg_file={folder}/objects.cfg",
            f"log_file={folder}/monitor.log", f"lock_file={folder}/nagios.pid", f"command_file={folder}/nagios.cmd",
            f"query_socket={folder}/nagios.qh", f"status_file={folder}/status.dat", f"object_cache_file={folder}/objects.cache",
            f"state_retention_file={folder}/retention.dat", f"check_result_path={folder}/results",
            f"temp_file={folder}/nagios.tmp", f"temp_path={folder}", f"illegal_macro_output_chars={ILLEGAL}",
            f"enable_environment_macros={int(self.environment)}", "use_syslog=0", "check_external_commands=1",
            "enable_notifications=1", "execute_host_checks=0", "execute_service_checks=0", "check_workers=1", ""])

    def objects(self):
        always = "\n".join(f"  {day} 00:00-24:00" for day in
                           ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"))
        passive = """
  check_command           unused
  max_check_attempts      1
  check_interval          5
  active_checks_enabled   0
  passive_checks_enabled  1
  notification_interval   0
  notification_period     always
  contacts                someone"""
        return f"""
define timeperiod {{
  timeperiod_name always
  alias           always
{always}
}}
define command {{
  command_name unused
  command_line /bin/true
}}
define contact {{
  contact_name                  someone
  pager                         {self.contact["pager"]}
  host_notification_period      always
  service_notification_period   always
  host_notification_options     d,u,r,f,s
  service_notification_options  w,u,c,r,f,s
  host_notification_commands    {self.contact["host"]}
  service_notification_commands {self.contact["service"]}
}}
define host {{
  host_name {monitors.HOST}
  alias     O'Brien's "web" & more
  address   192.0.2.10
  notification_options d,u,r,f,s{passive}
}}
define service {{
  host_name           {monitors.HOST}
  service_description {monitors.SERVICE}
  retry_interval      1
  _RUNBOOK            https://wiki.example.org/http?a=1
  notification_options w,u,c,r,f,s{passive}
}}
"""

    def run(self):
        (self.folder / "results").mkdir()
        (self.folder / "nagios.cfg").write_text(self.configuration())
        (self.folder / "objects.cfg").write_text(self.objects())
        (self.folder / "commands.cfg").write_text(self.packaged("nagios/commands.cfg.in"))
        self.hand_over()
        self.verify([NAGIOS, "-v", str(self.folder / "nagios.cfg")])
        self.start([NAGIOS, str(self.folder / "nagios.cfg")], self.folder / "nagios.cmd")

    def acknowledge(self, author, comment):
        self.external(f"ACKNOWLEDGE_SVC_PROBLEM;{monitors.HOST};{monitors.SERVICE};1;1;0;{author};{comment}")

    def custom(self, author, comment):
        self.external(f"SEND_CUSTOM_SVC_NOTIFICATION;{monitors.HOST};{monitors.SERVICE};0;{author};{comment}")


class ByEnvironment(monitors.Test):
    """enable_environment_macros=1: everything arrives as it was said."""

    def setUp(self):
        self.begin(Nagios, environment=True, pager="alice", host_command="notify-by-twilio",
                   service_command="notify-by-twilio")

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
        self.begin(Nagios, environment=False, pager="oncall", host_command="notify-host-by-twilio",
                   service_command="notify-service-by-twilio")

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
        self.begin(Nagios, environment=True, pager="alice", host_command="notify-by-twilio",
                   service_command="notify-by-twilio")
        self.place.serve()
        self.monitor.service_result(2, "CRITICAL - no answer")
        self.assertRegex(self.text(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - no answer"))
        self.monitor.service_result(0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")
        self.assertEqual(len(self.sim.creates()), 2)


if __name__ == "__main__":
    unittest.main()

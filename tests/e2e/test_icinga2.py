"""Debian's Icinga 2 raises, acknowledges and recovers problems: with the commands we ship, which pass an environment, and
with its own mail commands in which an admin has swapped the path."""

import grp
import os
import pwd
import shutil
import unittest

import harness
import monitors

ICINGA2 = shutil.which("icinga2", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "icinga2"
# What Icinga's configuration passes to its mail scripts: the letters are theirs, an admin has swapped the program.
MAIL_OPTIONS = {
    "host": {"-4": "$address$", "-b": "$notification.author$", "-c": "$notification.comment$",
             "-d": "$icinga.long_date_time$", "-l": "$host.name$", "-n": "$host.display_name$", "-o": "$host.output$",
             "-r": "$user.email$", "-s": "$host.state$", "-t": "$notification.type$", "-6": "$address6$"},
    "service": {"-4": "$address$", "-b": "$notification.author$", "-c": "$notification.comment$",
                "-d": "$icinga.long_date_time$", "-e": "$service.name$", "-l": "$host.name$", "-n": "$host.display_name$",
                "-o": "$service.output$", "-r": "$user.email$", "-s": "$service.state$", "-t": "$notification.type$",
                "-u": "$service.display_name$", "-6": "$address6$"},
}


def mail_commands():
    text = ""
    for kind, options in MAIL_OPTIONS.items():
        arguments = "\n".join(f'    "{letter}" = "{value}"' for letter, value in options.items())
        text += f"""
object NotificationCommand "mail-{kind}-notification" {{
  command = [ "@PROGRAMS@/twilio-{kind}-notification" ]
  arguments += {{
{arguments}
  }}
}}
apply Notification "mail" to {kind.capitalize()} {{
  command = "mail-{kind}-notification"
  users = [ "someone" ]
  assign where true
}}
"""
    return text


class Icinga2(monitors.Monitor):
    def __init__(self, site, user_attributes, host_attributes="", more=""):
        super().__init__(site, "nagios")
        self.user_attributes, self.host_attributes, self.more = user_attributes, host_attributes, more

    def configuration(self):
        return f"""
include <itl>
object FileLogger "log" {{ path = "{self.folder}/monitor.log"; severity = "notice" }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object ExternalCommandListener "command" {{ command_path = "{self.folder}/run/icinga2.cmd" }}
object User "someone" {{
  {self.user_attributes}
}}
object Host "{monitors.HOST}" {{
  display_name = "O'Brien's \\"web\\" & more"
  address = "192.0.2.10"
  check_command = "dummy"
  enable_active_checks = false
  max_check_attempts = 1
  {self.host_attributes}
}}
object Service "{monitors.SERVICE}" {{
  host_name = "{monitors.HOST}"
  check_command = "dummy"
  enable_active_checks = false
  max_check_attempts = 1
}}
{self.more.replace("@PROGRAMS@", str(self.programs))}
"""

    def run(self):
        for name in ("data", "logs", "cache", "spool", "run", "etc"):
            (self.folder / name).mkdir()
        main = self.folder / "etc" / "icinga2.conf"
        main.write_text(self.configuration() + self.packaged("icinga2/notify_twilio.conf.in"))
        self.hand_over()
        directories = {"DataDir": "data", "LogDir": "logs", "CacheDir": "cache", "SpoolDir": "spool", "InitRunDir": "run",
                       "ConfigDir": "etc"}
        defines = [f"{name}={self.folder}/{folder}" for name, folder in directories.items()]
        account = self.account or pwd.getpwuid(os.getuid())
        defines += [f"RunAsUser={account.pw_name}", f"RunAsGroup={grp.getgrgid(account.pw_gid).gr_name}"]
        command = [ICINGA2, "daemon", "-c", str(main)] + [word for define in defines for word in ("-D", define)]
        self.verify(command + ["-C"])
        self.start(command, self.folder / "run" / "icinga2.cmd")

    def acknowledge(self, author, comment):
        self.external(f"ACKNOWLEDGE_SVC_PROBLEM;{monitors.HOST};{monitors.SERVICE};1;1;0;{author};{comment}")


class ByEnvironment(monitors.Test):
    """packaging/icinga2: everything in environment variables."""

    def test_life_of_a_problem(self):
        self.begin(Icinga2, user_attributes='pager = "alice"', host_attributes='vars.twilio = { users = [ "someone" ] }')
        trap = self.place.folder / "trap"
        self.monitor.service_result(2, f"CRITICAL - \"5xx\" 12% & 1+1=2 $(touch {trap}) 'q'|rate=12%;5;10")
        self.assertRegex(self.text(), monitors.clock(
            f"CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - \"5xx\" 12% & 1+1=2 $(touch {trap}) 'q'"))
        self.assertFalse(trap.exists())
        self.monitor.acknowledge("O'Neil", "I'm on it & \"soon\"")
        self.assertRegex(self.text(), monitors.clock(
            "ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\nI'm on it & \"soon\""))
        self.monitor.service_result(0, "OK - 東京から応答")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK \d\d:\d\d( after \d+s)?\nOK - 東京から応答$")
        self.monitor.host_result(1, "DOWN - no answer")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN - no answer"))

        pages = self.pages()
        self.assertEqual([page["event"] for page in pages], ["problem", "acknowledgement", "recovery", "problem"])
        self.assertEqual({page["contact"] for page in pages}, {"alice"})
        self.assertEqual([page["sid"] for page in pages], [message["sid"] for message in self.sim.messages()])


class ByMailCommands(monitors.Test):
    """Icinga's mail commands with our programs in the scripts' place; -r is a mail address, an alias of alice."""

    def test_life_of_a_problem(self):
        self.begin(Icinga2, user_attributes='email = "alice@example.org"', more=mail_commands())
        self.monitor.service_result(2, "CRITICAL - \"5xx\" 12% & 'q'")
        self.assertRegex(self.text(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - \"5xx\" 12% & 'q'"))
        self.monitor.acknowledge("O'Neil", "-v is mine")
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\n-v is mine"))
        self.monitor.service_result(0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")
        self.monitor.host_result(1, "DOWN - no answer")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN - no answer"))


if __name__ == "__main__":
    unittest.main()

"""Debian's Nagios, started from nothing in a site's folder, with what packaging/nagios ships."""

import pathlib
import shutil
import signal
import time

import harness
import monitors

NAGIOS = shutil.which("nagios4", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "nagios4"
# What Debian's nagios.cfg has; the arguments form depends on it.
ILLEGAL = "`~$&|'\"<>"


class Nagios(monitors.Monitor):
    """broker: None = no module; else the line that broker.cfg has, with these words after it, or, when there are commands=
    among them, instead of those that it has. extra: objects; main: lines of nagios.cfg, over those that are there."""

    def __init__(self, site, environment, pager, template="twilio-contact", broker=None, flapping=False, extra="", main=""):
        super().__init__(site, "nagios")
        self.environment, self.pager, self.template = environment, pager, template
        self.flapping, self.extra, self.main = flapping, extra, main
        self.broker = self.broker_lines(broker) if broker is not None else ""

    def broker_lines(self, words):
        source = pathlib.Path(harness.program("NT_NEB", "notify_twilio_neb.so"))
        shutil.copy(source, self.programs / source.name)
        lines = self.packaged("nagios/broker.cfg.in").splitlines()
        module = next(line for line in lines if line.startswith("broker_module="))
        module = f"{module.split()[0] if 'commands=' in words else module} {words}"
        return "\n".join([line for line in lines if not line.startswith(("#", "broker_module="))] + [module])

    def configuration(self):
        folder = self.folder
        return "\n".join([
            f"cfg_file={folder}/commands.cfg", f"cfg_file={folder}/templates.cfg", f"cfg_file={folder}/objects.cfg",
            f"log_file={folder}/monitor.log", f"lock_file={folder}/nagios.pid", f"command_file={folder}/nagios.cmd",
            f"query_socket={folder}/nagios.qh", f"status_file={folder}/status.dat",
            f"object_cache_file={folder}/objects.cache", f"state_retention_file={folder}/retention.dat", f"check_result_path={folder}/results",
            f"temp_file={folder}/nagios.tmp", f"temp_path={folder}", f"illegal_macro_output_chars={ILLEGAL}",
            f"enable_environment_macros={int(self.environment)}", "use_syslog=0", "check_external_commands=1",
            "enable_notifications=1", "execute_host_checks=0", f"execute_service_checks={int(bool(self.extra))}",
            "check_workers=1", "service_inter_check_delay_method=n", "status_update_interval=1", "enable_flap_detection=1", self.broker, self.main, ""])

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
  use                           {self.template}
  contact_name                  someone
  pager                         {self.pager}
  _SHIFT                        early
  host_notification_period      always
  service_notification_period   always
}}
define host {{
  host_name {monitors.HOST}
  alias     O'Brien's "web" & more
  address   192.0.2.10
  _SITE     Berlin "Mitte"
  notification_options d,u,r,f,s{passive}
}}
define service {{
  host_name           {monitors.HOST}
  service_description {monitors.SERVICE}
  retry_interval      1
  flap_detection_enabled {int(self.flapping)}
  low_flap_threshold  5.0
  high_flap_threshold 20.0
  _RUNBOOK            https://wiki.example.org/http?a=1
  notification_options w,u,c,r,f,s{passive}
}}
{self.extra}
"""

    def run(self):
        (self.folder / "results").mkdir()
        (self.folder / "nagios.cfg").write_text(self.configuration())
        (self.folder / "objects.cfg").write_text(self.objects())
        for name in ("commands.cfg", "templates.cfg"):
            (self.folder / name).write_text(self.packaged(f"nagios/{name}.in"))
        self.hand_over()
        self.verify([NAGIOS, "-v", str(self.folder / "nagios.cfg")])
        self.start([NAGIOS, str(self.folder / "nagios.cfg")], self.folder / "nagios.cmd")

    def acknowledge(self, author, comment):
        self.external(f"ACKNOWLEDGE_SVC_PROBLEM;{monitors.HOST};{monitors.SERVICE};1;1;0;{author};{comment}")

    def custom(self, author, comment):
        self.external(f"SEND_CUSTOM_SVC_NOTIFICATION;{monitors.HOST};{monitors.SERVICE};0;{author};{comment}")

    def downtime(self, author, comment, seconds):
        now = int(time.time())
        self.external(f"SCHEDULE_SVC_DOWNTIME;{monitors.HOST};{monitors.SERVICE};{now};{now + seconds};1;0;{seconds};{author};"
                      f"{comment}")

    def reload(self):
        """As an admin does; the core is the same process afterwards, and listens again."""
        before = self.all_log().count("Caught SIGHUP")
        self.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.all_log().count("Caught SIGHUP") > before, 10, "the core takes the signal")
        harness.wait_until(lambda: " starting..." in self.since_reload(), 10, "the core starts anew")

        def obeys():
            self.external("ENABLE_NOTIFICATIONS")
            return "EXTERNAL COMMAND: ENABLE_NOTIFICATIONS" in self.since_reload()
        harness.wait_until(obeys, 10, "the core obeys again", step=0.2)

    def since_reload(self):
        return self.all_log().rpartition("Caught SIGHUP")[2]

    def all_log(self):
        path = self.folder / "monitor.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def notified(self):
        """What the core's log says of notifications, without the times."""
        return [line.split("] ", 1)[1] for line in self.all_log().splitlines() if " NOTIFICATION: " in line]

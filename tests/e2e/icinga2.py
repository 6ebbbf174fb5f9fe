"""Debian's Icinga 2 in a site's folder.

Its checks are real plugins: a shell script that prints what the test has put into a file, bytes and all, and ends with the
status that it has put into another. Operators speak through the external command pipe.
"""

import grp
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import time

import harness
import monitors

ICINGA2 = shutil.which("icinga2", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "icinga2"
DEBIAN = pathlib.Path("/etc/icinga2/conf.d")
# While it starts, Icinga drops notifications of what it has not made itself responsible for yet, although its command pipe is
# there. Responsible it becomes by the types and then by the names, and only then it checks.
LAST = "zzz"
DISPLAY_NAME = "O'Brien's \"web\" & more"


class Icinga2(monitors.Monitor):
    """users: configuration of users. notifications: what pages them. host, service: more attributes of those."""

    def __init__(self, site, users, notifications, host="", service=""):
        super().__init__(site, "nagios")
        self.users, self.notifications, self.host, self.service = users, notifications, host, service

    def configuration(self):
        return f"""
include <itl>
const PluginDir = "/usr/lib/nagios/plugins"
object FileLogger "log" {{ path = "{self.folder}/monitor.log"; severity = "notice" }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object ExternalCommandListener "command" {{ command_path = "{self.folder}/run/icinga2.cmd" }}
object CheckCommand "scripted" {{
  command = [ "{self.folder}/plugin" ]
  arguments = {{ "result" = {{ value = "$result$"; skip_key = true }} }}
}}
{self.users}
object Host "{monitors.HOST}" {{
  display_name = "O'Brien's \\"web\\" & more"
  address = "192.0.2.10"
  check_command = "scripted"
  vars.result = "{self.folder}/host"
  enable_active_checks = false
  max_check_attempts = 1
  {self.host}
}}
object Service "{monitors.SERVICE}" {{
  host_name = "{monitors.HOST}"
  check_command = "scripted"
  vars.result = "{self.folder}/service"
  enable_active_checks = false
  max_check_attempts = 1
  {self.service}
}}
object Service "{LAST}" {{
  host_name = "{monitors.HOST}"
  check_command = "scripted"
  vars.result = "{self.folder}/ready"
  enable_active_checks = false
}}
{self.notifications.replace("@PROGRAMS@", str(self.programs))}
"""

    def run(self):
        for name in ("data", "logs", "cache", "spool", "run", "etc"):
            (self.folder / name).mkdir()
        plugin = self.folder / "plugin"
        plugin.write_text('#!/bin/sh\ncat "$1.output"\n: >"$1.ran"\nexit "$(cat "$1.status")"\n')
        plugin.chmod(0o755)
        main = self.folder / "etc" / "icinga2.conf"
        main.write_text(self.configuration())
        self.hand_over()
        directories = {"DataDir": "data", "LogDir": "logs", "CacheDir": "cache", "SpoolDir": "spool", "InitRunDir": "run",
                       "ConfigDir": "etc"}
        defines = [f"{name}={self.folder}/{folder}" for name, folder in directories.items()]
        account = self.account or pwd.getpwuid(os.getuid())
        defines += [f"RunAsUser={account.pw_name}", f"RunAsGroup={grp.getgrgid(account.pw_gid).gr_name}"]
        command = [ICINGA2, "daemon", "-c", str(main)] + [word for define in defines for word in ("-D", define)]
        self.verify(command + ["-C"])
        self.start(command, self.folder / "run" / "icinga2.cmd")
        self.result("ready", 0, "OK")
        self.external(f"SCHEDULE_FORCED_SVC_CHECK;{monitors.HOST};{LAST};{int(time.time())}")
        harness.wait_until((self.folder / "ready.ran").exists, 30, "Icinga checks")

    def result(self, what, status, output):
        """What the plugin says the next time."""
        data = output if isinstance(output, bytes) else output.encode()
        for suffix, text in (("output", data), ("status", str(status).encode())):
            temporary = self.folder / f"{what}.new"
            temporary.write_bytes(text)
            temporary.chmod(0o644)
            temporary.rename(self.folder / f"{what}.{suffix}")

    def check(self, what, status, output):
        """A plugin's run: what is "host" or "service", the output is text or bytes, as long and as odd as it likes."""
        self.result(what, status, output)
        now = int(time.time())
        self.external(f"SCHEDULE_FORCED_SVC_CHECK;{monitors.HOST};{monitors.SERVICE};{now}" if what == "service" else
                      f"SCHEDULE_FORCED_HOST_CHECK;{monitors.HOST};{now}")

    def operator(self, command, *words, service=True):
        """An external command about the service (its name without SVC or HOST, which are put at @), or the host."""
        names = [monitors.HOST, monitors.SERVICE] if service else [monitors.HOST]
        self.external(";".join([command.replace("@", "SVC" if service else "HOST"), *names, *map(str, words)]))

    def acknowledge(self, author, comment, service=True):
        self.operator("ACKNOWLEDGE_@_PROBLEM", 1, 1, 0, author, comment, service=service)

    def custom(self, author, comment, service=True):
        self.operator("SEND_CUSTOM_@_NOTIFICATION", 2, author, comment, service=service)

    def downtime(self, seconds, author, comment, service=True):
        now = int(time.time())
        self.operator("SCHEDULE_@_DOWNTIME", now, now + seconds, 1, 0, seconds, author, comment, service=service)


def user(name, attributes=""):
    return f'object User "{name}" {{\n  import "twilio-user"\n  {attributes}\n}}\n'


def debians_own(programs, environment=False):
    """What Debian's package configures, but for the paths that an admin swaps as the README says; and how many there were.
    environment: with the commands that stand there in a comment, which pass an environment instead of options."""
    readme = (harness.SOURCE / "README.md").read_text()
    script = re.search(r"sed -i '(s#ConfigDir[^']+)'", readme).group(1).replace("/usr/bin", str(programs))
    text, swapped = "", 0
    for name in ("commands", "timeperiods", "templates", "users", "notifications"):
        part = (DEBIAN / f"{name}.conf").read_text()
        if name == "commands":
            options, _, comment = part.partition("/*\n\nobject")
            part = "object" + comment.rpartition("*/")[0] if environment else options
        part = subprocess.run(["sed", script], input=part, capture_output=True, text=True, check=True).stdout
        swapped += sum(part.count(f'[ "{programs}/twilio-{kind}-notification" ]') for kind in ("host", "service"))
        text += part
    return text, swapped


def rendered(value):
    """A value of a basket in Icinga's language."""
    if isinstance(value, dict):
        return "{ " + " ".join(f"{json.dumps(key)} = {rendered(item)}\n" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(rendered, value)) + " ]"
    return json.dumps(value)


def render_command(command):
    arguments = {name: {key: int(value) if key == "order" else value for key, value in argument.items()}
                 for name, argument in command["arguments"].items()}
    return (f"object NotificationCommand {rendered(command['object_name'])} {{\n"
            f"  command = {rendered(command['command'].split())}\n  timeout = {command['timeout']}\n"
            + "".join(f"  vars.{name} = {rendered(value)}\n" for name, value in command["vars"].items())
            + f"  arguments += {rendered(arguments)}\n}}\n")


def render_sets(properties):
    """States and types are constants there, not words."""
    return "".join(f"  {key} = [ {', '.join(properties[key])} ]\n" for key in ("states", "types") if key in properties)


def render_apply(rule):
    target = rule["apply_to"]
    people = "".join(
        (f"  if (service.vars.{rule[key + '_var']}) {{ {key} += service.vars.{rule[key + '_var']} }} else " if target == "service"
         else "  ") + f"if (host.vars.{rule[key + '_var']}) {{ {key} += host.vars.{rule[key + '_var']} }}\n"
        for key in ("users", "user_groups"))
    where = " || ".join(part.removesuffix("=true") for part in rule["assign_filter"].split("|"))
    return (f"apply Notification {rendered(rule['object_name'])} to {target.capitalize()} {{\n"
            + "".join(f"  import {rendered(name)}\n" for name in rule["imports"]) + people + f"  assign where {where}\n}}\n")


def render_basket(basket):
    """A Director's basket as the configuration that it stands for."""
    text = "".join(map(render_command, basket["Command"].values()))
    for name, template in basket["UserTemplate"].items():
        text += (f"template User {rendered(name)} {{\n  enable_notifications = "
                 f"{rendered(template['enable_notifications'])}\n{render_sets(template)}}}\n")
    for name, template in basket["NotificationTemplate"].items():
        text += f"template Notification {rendered(name)} {{\n  command = {rendered(template['command'])}\n{render_sets(template)}}}\n"
    return text + "".join(map(render_apply, basket["Notification"].values()))

"""Debian's Icinga 2 raises, acknowledges and recovers problems: with the commands that we ship, which pass an environment;
with its own mail commands, in which an admin has swapped two paths; and with those of the Director's basket, which pass
arguments."""

import json
import unittest

import harness
import icinga2
import monitors
from harness import ALICE, BOB

ALL = 'vars.twilio = { users = [ %s ] }'


def names(*users):
    return ALL % ", ".join(f'"{user}"' for user in users)


class ByEnvironment(monitors.Test):
    """packaging/icinga2/notify_twilio.conf: everything in environment variables."""

    def start(self, users, *told, **more):
        self.begin(icinga2.Icinga2, users=self.packaged() + users, notifications="", host=names(*told), **more)
        self.trap = self.place.folder / "trap"

    def packaged(self):
        return (harness.SOURCE / "packaging/icinga2/notify_twilio.conf.in").read_text().replace(
            "@CMAKE_INSTALL_FULL_BINDIR@", "@PROGRAMS@")

    def begin(self, monitor, **options):
        """The packaged file names our programs where the site has them."""
        def made(site, **more):
            more["users"] = more["users"].replace("@PROGRAMS@", str(site.folder / "bin"))
            return monitor(site, **more)
        super().begin(made, **options)

    def both(self):
        """One text for alice and one for bob."""
        messages = self.arrived(2)
        self.assertEqual({message["to"] for message in messages}, {ALICE, BOB})
        self.assertEqual(messages[0]["body"], messages[1]["body"])
        return messages[0]["body"]

    def log_says(self, *words):
        """In Icinga's log stands what the command said, in ours why."""
        harness.wait_until(lambda: all(word in self.monitor.log() for word in words), 30, f"{words} in Icinga's log")

    def test_life_of_a_problem(self):
        self.start(icinga2.user("someone", 'pager = "alice"'), "someone")
        monitor, hostile = self.monitor, f"CRITICAL - \"5xx\" 12% & 1+1=2 $(touch {self.trap}) 'q' `id` $HOME; $host.name$"
        monitor.check("service", 2, f"{hostile}|rate=12%;5;10 size=3MB\nmore\nlines $(touch {self.trap})|other=1\n")
        self.assertRegex(self.text(), monitors.clock(f"CRITICAL PROBLEM: HTTP on web01 @\n{hostile}".replace("`", "'")))  # GSM-7 has none
        monitor.acknowledge("O'Neil", f"I'm on it & \"soon\" $(touch {self.trap})")
        self.assertRegex(self.text(), monitors.clock(
            f"ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\nI'm on it & \"soon\" $(touch {self.trap})"))
        monitor.custom("Zoë", "can't reach $HOME")
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by Zoë: HTTP on web01 CRITICAL @\ncan't reach $HOME"))
        monitor.check("service", 0, "OK - 東京から応答\nwirklich")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK \d\d:\d\d( after \d+s)?\nOK - 東京から応答$")
        monitor.check("service", 1, b"WARNING - \xff\xfe\x01 bytes\n")
        self.assertRegex(self.text(), r"^WARNING PROBLEM: HTTP on web01 \d\d:\d\d\nWARNING - .* bytes$")
        monitor.check("service", 3, "x" * 20000)
        self.assertRegex(self.text(), r"^UNKNOWN PROBLEM: HTTP on web01 \d\d:\d\d\nx+\.\.$")
        self.assertFalse(self.trap.exists())

        pages = self.pages()
        self.assertEqual([page["event"] for page in pages],
                         ["problem", "acknowledgement", "custom", "recovery", "problem", "problem"])
        self.assertEqual([page["class"] for page in pages],
                         ["urgent", "routine", "urgent", "routine", "routine", "urgent"])
        self.assertEqual({page["contact"] for page in pages}, {"alice"})
        self.assertEqual([page["sid"] for page in pages], [message["sid"] for message in self.sim.messages()])
        alert = self.history(pages[0], "-v")["alert"]
        self.assertEqual([alert[key] for key in ("source", "host", "service", "state", "output", "long_output")],
                         ["icinga2", "web01", "HTTP", "CRITICAL", hostile, f"more\nlines $(touch {self.trap})"])
        self.assertEqual(alert["macros"]["HOSTDISPLAYNAME"], icinga2.DISPLAY_NAME)
        self.assertEqual(alert["macros"]["SERVICEPERFDATA"], "rate=12%;5;10 size=3MB other=1")
        self.assertEqual(alert["macros"]["NOTIFICATIONNUMBER"], "1")

    def test_life_of_a_host(self):
        self.start(icinga2.user("someone", 'pager = "alice"'), "someone")
        self.monitor.check("host", 2, "DOWN - no answer\nfrom 192.0.2.10")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN - no answer"))
        self.monitor.acknowledge("bob", "power cut", service=False)
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by bob: web01 DOWN @\npower cut"))
        self.monitor.custom("bob", "still dark", service=False)
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by bob: web01 DOWN @\nstill dark"))
        self.monitor.check("host", 0, "UP")
        self.assertRegex(self.text(), r"^RECOVERY: web01 UP \d\d:\d\d( after \d+s)?\nUP$")
        self.monitor.downtime(3600, "bob", "new power supply", service=False)
        self.assertRegex(self.text(), monitors.clock("DOWNTIME started: web01 UP @\nbob: new power supply"))
        self.monitor.external(f"DEL_DOWNTIME_BY_HOST_NAME;{monitors.HOST}")
        self.assertRegex(self.text(), monitors.clock("DOWNTIME ended: web01 UP @\nbob: new power supply"))  # Icinga says no more

    def test_downtime_that_ends(self):
        self.start(icinga2.user("someone", 'pager = "alice"'), "someone")
        self.monitor.downtime(4, "O'Neil", "deploy & pray")
        self.assertRegex(self.text(), r"^DOWNTIME started: HTTP on web01 \w+ \d\d:\d\d\nO'Neil: deploy & pray$")
        self.assertRegex(self.text(), r"^DOWNTIME ended: HTTP on web01 \w+ \d\d:\d\d\nO'Neil: deploy & pray$")

    def test_flapping(self):
        self.start(icinga2.user("someone", 'pager = "alice"\n  types = [ FlappingStart, FlappingEnd ]'), "someone",
                   service="enable_flapping = true\n  flapping_threshold_high = 15\n  flapping_threshold_low = 10")
        for turn in range(20):
            self.monitor.service_result(2 * (turn % 2), f"turn {turn}")
            if turn > 4 and self.sim.messages():
                break
        text = self.text()
        self.assertRegex(text, r"^FLAPPING started: HTTP on web01 (OK|CRITICAL) \d\d:\d\d\nturn \d+$")
        for turn in range(40):
            self.monitor.service_result(0, "OK - steady")
        self.assertRegex(self.text(), r"^FLAPPING ended: HTTP on web01 OK \d\d:\d\d\nOK - steady$")

    def test_who_is_told(self):
        """Two users; one of them by name alone, one with a number that nobody owns, and people who cannot be paged."""
        self.start(icinga2.user("one", 'pager = "alice"') + icinga2.user("bob") + icinga2.user("number", f'pager = "{harness.CAROL}"')
                   + icinga2.user("nobody") + icinga2.user("typo", 'pager = "alcie"')
                   + icinga2.user("nothing", "vars.twilio_pager = null"),
                   "one", "bob", "number", "nobody", "typo", "nothing")
        self.monitor.check("service", 2, "CRITICAL - no answer")
        messages = self.arrived(3)
        self.assertEqual({message["to"] for message in messages}, {ALICE, BOB, harness.CAROL})
        for message in messages:
            self.assertRegex(message["body"], monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - no answer"))
        self.log_says("'nobody'", "'alcie'", "'nothing'", "exit code 65")
        for word in ("nobody", "alcie", "nothing"):
            self.assertRegex(self.place.log(), f"error: .*{word}")
        self.assertEqual(len(self.sim.creates()), 3)

    def test_several_numbers(self):
        """With commas; and as an array, which reaches us joined by semicolons and wins over the pager."""
        self.start(icinga2.user("commas", f'pager = "{ALICE}, {BOB}"')
                   + icinga2.user("array", f'pager = "{harness.CAROL}"\n  vars.twilio_pager = [ "alice", "{BOB}", "" ]'), "array",
                   service='vars.twilio = { users = [ "commas" ] }')
        self.monitor.check("service", 2, "CRITICAL")
        self.assertRegex(self.both(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL"))
        self.monitor.check("host", 2, "DOWN")
        self.assertRegex(self.both(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN"))

    def test_fallback_and_the_services_own_users(self):
        self.start(icinga2.user("typo", 'pager = "alcie"') + icinga2.user("host"), "host",
                   service='vars.twilio = { users = [ "typo" ] }')
        self.place.configure({"fallback": ["oncall"]})
        self.monitor.hand_over()
        self.monitor.check("service", 2, "CRITICAL")
        self.assertRegex(self.both(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL"))
        self.assertRegex(self.place.log(), "'alcie' is no contact.*\n.*the fallback is used")

    def test_with_a_daemon(self):
        self.start(icinga2.user("someone", 'pager = "alice"'), "someone")
        self.place.serve()
        self.monitor.check("service", 2, "CRITICAL - no answer")
        self.assertRegex(self.text(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - no answer"))
        self.monitor.check("service", 0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")


class ByMailCommands(monitors.Test):
    """Debian's own configuration with our programs in the scripts' place; -r is a mail address, an alias of alice."""

    def begin_swapped(self, environment=False):
        def made(site):
            text, swapped = icinga2.debians_own(site.folder / "bin", environment)
            self.assertEqual(swapped, 2)
            return icinga2.Icinga2(site, users="", notifications=text,
                                   host='vars.notification["mail"] = { groups = [ "icingaadmins" ] }')
        self.begin(made)
        self.place.configure({"contacts": [{"name": "alice", "aliases": ["root@localhost"], "numbers": [ALICE]},
                                           {"name": "bob", "numbers": [BOB]}]})
        self.monitor.hand_over()

    def test_life_of_a_problem(self):
        self.begin_swapped()
        trap = self.place.folder / "trap"
        self.monitor.check("service", 2, f"CRITICAL - \"5xx\" 12% & 'q' $(touch {trap}) -v\nmore\nlines")
        self.assertRegex(self.text(), monitors.clock(
            f"CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - \"5xx\" 12% & 'q' $(touch {trap}) -v"))
        self.monitor.acknowledge("O'Neil", "-v is mine")
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\n-v is mine"))
        self.monitor.custom("-r", "+15005551002")
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by -r: HTTP on web01 CRITICAL @\n+15005551002"))
        self.monitor.check("service", 0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")
        self.monitor.check("host", 2, "-t")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\n-t"))
        self.monitor.downtime(3600, "bob", "", service=False)
        self.monitor.downtime(3600, "bob", "-o", service=False)
        self.assertRegex(self.text(), monitors.clock("DOWNTIME started: web01 DOWN @\nbob: -o"))
        self.assertFalse(trap.exists())
        page = self.pages()[0]
        self.assertEqual(self.history(page, "-v")["alert"]["long_output"], "more\nlines")

    def test_their_older_form(self):
        """In Debian's file there are commands in a comment, which pass no options but an environment."""
        self.begin_swapped(environment=True)
        self.monitor.check("service", 2, "CRITICAL - \"5xx\"\nmore")
        self.assertRegex(self.text(), monitors.clock("CRITICAL PROBLEM: HTTP on web01 @\nCRITICAL - \"5xx\""))
        self.monitor.acknowledge("O'Neil", "mine")
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\nmine"))
        self.monitor.check("host", 2, "DOWN")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN"))


class ByArguments(monitors.Test):
    """packaging/icinga2/director_basket.json: the Director has no environment for commands."""

    def basket(self, programs="/usr/bin"):
        return json.loads((harness.SOURCE / "packaging/icinga2/director_basket.json.in").read_text().replace(
            "@CMAKE_INSTALL_FULL_BINDIR@", str(programs)))

    def begin_basket(self, *users):
        def made(site):
            text = icinga2.render_basket(self.basket(site.folder / "bin"))
            people = "".join(f'object User "{name}" {{\n  import "twilio-user-director"\n  {attributes}\n}}\n'
                             for name, attributes in users)
            told = ", ".join(f'"{name}"' for name, _ in users)
            return icinga2.Icinga2(site, users=text + people, notifications="", host=f"vars.twilio_users = [ {told} ]")
        self.begin(made)

    def test_life_of_a_problem(self):
        self.begin_basket(("someone", 'pager = "alice"'))
        trap = self.place.folder / "trap"
        hostile = f"CRITICAL - \"5xx\" 12% & $(touch {trap}) 'q' `id`; a=b"
        self.monitor.check("service", 2, f"{hostile}|rate=1\nmore\nlines")
        self.assertRegex(self.text(), monitors.clock(f"CRITICAL PROBLEM: HTTP on web01 @\n{hostile}".replace("`", "'")))
        self.monitor.acknowledge("O'Neil", "--to=+15005551002")
        self.assertRegex(self.text(), monitors.clock("ACKNOWLEDGEMENT by O'Neil: HTTP on web01 CRITICAL @\n--to=+15005551002"))
        self.monitor.custom("Zoë", "$(id)")
        self.assertRegex(self.text(), monitors.clock("CUSTOM NOTICE by Zoë: HTTP on web01 CRITICAL @\n$(id)"))
        self.monitor.check("service", 0, "OK")
        self.assertRegex(self.text(), r"^RECOVERY: HTTP on web01 OK ")
        self.monitor.check("host", 2, "DOWN")
        self.assertRegex(self.text(), monitors.clock("DOWN PROBLEM: web01 @\nDOWN"))
        self.assertFalse(trap.exists())
        pages = self.pages()
        self.assertEqual(self.history(pages[0], "-v")["alert"]["long_output"], "more\nlines")
        self.assertEqual([page["event"] for page in pages],
                         ["problem", "acknowledgement", "custom", "recovery", "problem"])

    def test_arrays_and_users_without_a_pager(self):
        self.begin_basket(("array", f'vars.twilio_pager = [ "{ALICE}", "{harness.CAROL}" ]'), ("bob", ""))
        self.monitor.check("service", 2, "CRITICAL")
        self.assertEqual({message["to"] for message in self.arrived(3)}, {ALICE, BOB, harness.CAROL})


class Basket(unittest.TestCase):
    """As far as a basket can be looked at without a Director: its types, the properties these have there, and that every
    name leads somewhere."""

    PROPERTIES = {
        "Command": {"arguments", "command", "disabled", "fields", "imports", "is_string", "methods_execute", "object_name",
                    "object_type", "timeout", "vars", "zone"},
        "UserTemplate": {"disabled", "display_name", "email", "enable_notifications", "fields", "groups", "imports",
                         "object_name", "object_type", "pager", "period", "states", "types", "vars", "zone"},
        "NotificationTemplate": {"command", "disabled", "fields", "imports", "notification_interval", "object_name",
                                 "object_type", "period", "states", "times_begin", "times_end", "types", "user_groups",
                                 "users", "vars", "zone"},
        "Notification": {"apply_to", "assign_filter", "command", "disabled", "fields", "imports", "notification_interval",
                         "object_name", "object_type", "period", "states", "times_begin", "times_end", "types",
                         "user_groups", "user_groups_var", "users", "users_var", "vars", "zone"},
    }
    KINDS = {"Command": "object", "UserTemplate": "template", "NotificationTemplate": "template", "Notification": "apply"}
    STATES = {"Up", "Down", "OK", "Warning", "Critical", "Unknown"}
    TYPES = {"Problem", "Acknowledgement", "Recovery", "Custom", "FlappingStart", "FlappingEnd", "DowntimeStart",
             "DowntimeEnd", "DowntimeRemoved"}

    def setUp(self):
        self.basket = ByArguments().basket()

    def test_objects(self):
        self.assertEqual(self.basket.keys(), self.PROPERTIES.keys())
        for kind, objects in self.basket.items():
            for name, properties in objects.items():
                self.assertEqual((properties["object_name"], properties["object_type"]), (name, self.KINDS[kind]))
                self.assertLessEqual(properties.keys(), self.PROPERTIES[kind])
                self.assertLessEqual(set(properties.get("states", [])), self.STATES)
                self.assertLessEqual(set(properties.get("types", [])), self.TYPES)

    def test_commands(self):
        for command in self.basket["Command"].values():
            self.assertEqual(command["methods_execute"], "PluginNotification")
            self.assertEqual(command["command"], "/usr/bin/notify_twilio send --source icinga2")
            arguments = dict(command["arguments"])
            orders = [int(argument["order"]) for argument in arguments.values()]
            # an array within a text is an error there: the pager is an option, which is repeated
            self.assertEqual(arguments.pop("--to"), {"order": "1", "repeat_key": True, "value": "$twilio_pager$"})
            for name, argument in arguments.items():
                self.assertEqual(argument.keys(), {"order", "skip_key", "value"})
                self.assertRegex(argument["value"], rf"^{name}=\$[a-z_.6]+\$$")
            self.assertEqual(orders, sorted(set(orders)))

    def test_references(self):
        for template in self.basket["NotificationTemplate"].values():
            self.assertIn(template["command"], self.basket["Command"])
        for rule in self.basket["Notification"].values():
            for name in rule["imports"]:
                self.assertIn(name, self.basket["NotificationTemplate"])
            self.assertIn(rule["apply_to"], ("host", "service"))
            for part in rule["assign_filter"].split("|"):
                self.assertRegex(part, r"^host\.vars\.\w+=true$")

    def test_the_same_macros_as_by_environment(self):
        """Perfdata apart, which no text has room for and an argument list might not have either."""
        text = (harness.SOURCE / "packaging/icinga2/notify_twilio.conf.in").read_text()
        for kind in ("host", "service"):
            begin = text.index(f'object NotificationCommand "notify-{kind}-by-twilio"')
            common = text[text.index('template NotificationCommand'):text.index('object NotificationCommand "notify-host')]
            both = common + text[begin:text.index("\n}\n", begin)]
            pairs = {line.split(" = ")[0].strip(): line.split(" = ")[1].strip('"') for line in both.splitlines()
                     if line.startswith("    ") and " = " in line}
            pairs = {name: value for name, value in pairs.items() if "PERFDATA" not in name}
            arguments = self.basket["Command"][f"notify-{kind}-by-twilio-arguments"]["arguments"]
            pairs["--to"] = pairs.pop("CONTACTPAGER")
            self.assertEqual({name: argument["value"].split("=", 1)[-1] for name, argument in arguments.items()}, pairs)


if __name__ == "__main__":
    unittest.main()

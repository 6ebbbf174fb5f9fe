"""The Debian package: built by packaging/deb.sh, looked at, and lived with in a clean root: installed, a page sent by a
monitor's user, by way of the daemon as well, installed again, removed, purged.

Needs root, dpkg-dev, debhelper, lintian and systemd (packaging/test.sh installs them); nothing of this machine changes.
NT_DEB_DIR may name a folder where deb.sh has built the package already.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from clean_root import CleanRoot
from harness import ALICE

PROGRAM = "usr/bin/notify_twilio"
FOLDERS = ("/var/lib/notify_twilio", "/var/log/notify_twilio", "/run/notify_twilio")
LIMIT = 60  # for what must happen, on a slow machine


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Package(harness.Test):
    shared = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if os.geteuid() != 0:
            raise RuntimeError("the package's tests need root, for chroot and for owners")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="nt-deb-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.built = pathlib.Path(os.environ.get("NT_DEB_DIR") or cls.build())
        cls.deb, = cls.built.glob("notify-twilio_*.deb")
        cls.content = cls.folder / "content"
        output("dpkg-deb", "-x", cls.deb, cls.content)

    @classmethod
    def build(cls):
        """Once for all classes; one job, for whatever else ctest runs at this moment has a core to itself."""
        if not Package.shared:
            Package.shared = tempfile.mkdtemp(prefix="nt-deb-")
            unittest.addModuleCleanup(shutil.rmtree, Package.shared)
            env = {**os.environ, "NT_JOBS": os.environ.get("NT_JOBS", "1")}
            done = subprocess.run([harness.SOURCE / "packaging/deb.sh", Package.shared], capture_output=True, text=True, env=env)
            if done.returncode:
                raise RuntimeError(f"deb.sh ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return Package.shared

    def field(self, name):
        return output("dpkg-deb", "-f", self.deb, name).strip()

    def clean_root(self, also=""):
        root = CleanRoot(self.field("Depends") + also)
        self.addCleanup(root.remove)
        shutil.copy(self.deb, root.path("package.deb"))
        return root


class Built(Package):
    def test_lintian(self):
        changes, = self.built.glob("*.changes")
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", changes], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_version(self):
        project = re.search(r"^project\(notify_twilio VERSION ([\d.]+)", (harness.SOURCE / "CMakeLists.txt").read_text(), re.M)
        self.assertEqual(re.sub(r"~.*", "", self.field("Version")), project.group(1))
        changelog = self.folder / "changelog"
        changelog.write_text(output("gzip", "-dc", self.content / "usr/share/doc/notify-twilio/changelog.gz"))
        self.assertEqual(output("dpkg-parsechangelog", "-S", "Version", "-l", changelog).strip(), self.field("Version"))
        # every point of the newest section, whatever the width of its lines
        newest = re.search(r"^## .*?\n(.*?)(^## |\Z)", (harness.SOURCE / "CHANGELOG.md").read_text("utf-8"), re.M | re.S).group(1)
        points = [" ".join(p.split()) for p in re.findall(r"^- (.*(?:\n  .*)*)", newest, re.M)]
        self.assertGreater(len(points), 5)
        debian = " ".join(changelog.read_text("utf-8").split())
        self.assertEqual([p for p in points if f"* {p}" not in debian], [])

    def needed(self, path):
        return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", self.content / path))

    def test_what_a_monitor_starts_needs_libc_alone(self):
        self.assertEqual(self.needed(PROGRAM), ["libc.so.6"])
        self.assertEqual(self.needed("usr/libexec/notify_twilio/notify_twilio_neb.so"), ["libc.so.6"])
        self.assertNotIn("libcurl.so.4", self.needed("usr/libexec/notify_twilio/notify_twilio-full.so"))

    def test_depends(self):
        depends = re.split(r",\s*", self.field("Depends"))
        names = [re.split(r"[ (]", d)[0] for d in depends]
        self.assertEqual(len(names), len(set(names)), depends)
        self.assertNotIn("", names)
        # linked by nothing, loaded for the first request
        owner = output("dpkg-query", "--search", "/usr/lib/*/libcurl.so.4").split(":")[0]
        self.assertIn(owner, names)
        self.assertEqual([n for n in names if n.endswith("-dev")], [])
        self.assertIn("ca-certificates", self.field("Recommends"))

    def test_hardening(self):
        for path in (PROGRAM, *(f"usr/libexec/notify_twilio/notify_twilio{n}.so" for n in ("-full", "_neb"))):
            with self.subTest(path):
                dynamic = output("readelf", "-dlW", self.content / path)
                self.assertIn("BIND_NOW", dynamic)
                self.assertIn("GNU_RELRO", dynamic)
                self.assertNotRegex(dynamic, r"R(UN)?PATH")
                self.assertNotRegex(dynamic, r"GNU_STACK.* RWE")

    def test_files(self):
        modes, links = {}, {}
        for where, folders, files in os.walk(self.content):
            for name in (*folders, *files):
                path = pathlib.Path(where, name)
                inside = str(path.relative_to(self.content))
                if path.is_symlink():
                    links[inside] = os.readlink(path)
                else:
                    modes[inside] = path.stat().st_mode & 0o7777
        self.assertEqual({p: m for p, m in modes.items() if m not in (0o644, 0o755)}, {})
        programs = [p for p, m in modes.items() if m == 0o755 and (self.content / p).is_file()]
        self.assertEqual([p for p in programs if not p.startswith("usr/share/notify_twilio/examples/")], [PROGRAM])
        for name in ("lib/systemd/system/notify_twilio.service", "lib/systemd/system/notify_twilio.socket",
                     "usr/lib/sysusers.d/notify_twilio.conf", "usr/lib/tmpfiles.d/notify_twilio.conf",
                     "etc/logrotate.d/notify-twilio", "usr/share/notify_twilio/templates/problem.mustache",
                     "usr/share/notify_twilio/examples/config.yaml", "usr/share/notify_twilio/examples/nagios/commands.cfg",
                     "usr/share/notify_twilio/examples/icinga2/notify_twilio.conf",
                     "usr/share/notify_twilio/examples/zabbix/media_type.yaml",
                     "usr/share/bash-completion/completions/notify_twilio",
                     "usr/share/man/man1/notify_twilio.1.gz", "usr/share/man/man5/notify_twilio.yaml.5.gz"):
            self.assertIn(name, modes)
        for name in ("usr/bin/twilio-host-notification", "usr/bin/twilio-service-notification",
                     "usr/lib/nagios/plugins/check_notify_twilio"):
            self.assertEqual((self.content / name).resolve(), (self.content / PROGRAM).resolve())
        for name, target in links.items():
            self.assertTrue((self.content / name).exists(), f"{name} -> {target} leads nowhere")

    def test_examples_name_what_is_there(self):
        """The program, the module, the plugin: by the paths that the package gives them."""
        found = set()
        for example in (self.content / "usr/share/notify_twilio/examples").rglob("*"):
            if example.is_file():
                found |= {p.rstrip("./-") for p in re.findall(r"/usr/[\w./-]*twilio[\w./-]*", example.read_text("utf-8"))}
        self.assertIn("/usr/bin/notify_twilio", found)
        self.assertIn("/usr/libexec/notify_twilio/notify_twilio_neb.so", found)
        for path in found:
            self.assertTrue((self.content / path.lstrip("/")).exists(), path)

    def test_manuals(self):
        """No page has a line that troff complains about."""
        for page in self.content.glob("usr/share/man/man?/*.gz"):
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True,
                                  text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)

    def test_units(self):
        """With the stricter examples as well: systemd reads every line, and finds what they name."""
        root = self.clean_root()
        root.run("dpkg", "-i", "/package.deb")
        units = [f"lib/systemd/system/notify_twilio.{kind}" for kind in ("service", "socket")]
        strict = root.path("etc/systemd/system/notify_twilio.service.d/strict.conf")

        def analyze(*args):
            done = subprocess.run(["systemd-analyze", *args], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            self.assertNotRegex(done.stderr, r"(?i)unknown|invalid|ignor|fail")
            return done.stdout + done.stderr

        def exposure():
            return float(re.search(r"exposure level .*: (\d+\.\d)", analyze(
                "security", "--offline=yes", f"--root={root.folder}", "notify_twilio.service")).group(1))

        analyze("verify", "--man=no", f"--root={root.folder}", *units)
        usual = exposure()
        strict.parent.mkdir(parents=True)
        shutil.copy(root.path("usr/share/notify_twilio/examples/systemd/strict.conf"), strict)
        analyze("verify", "--man=no", f"--root={root.folder}", *units)
        self.assertLess(exposure(), usual)
        self.assertLess(exposure(), 3.0)


    def test_what_systemd_is_told(self):
        """Nothing is enabled or started; an upgrade restarts the daemon if it runs; at removal the socket goes first."""
        root = self.clean_root()
        root.path("run/systemd/system").mkdir(parents=True)
        told = root.path("told")
        systemctl = root.path("usr/local/sbin/systemctl")
        systemctl.parent.mkdir(parents=True, exist_ok=True)
        systemctl.write_text("#!/bin/sh\necho \"$*\" >>/told\n")
        systemctl.chmod(0o755)

        def after(*command):
            told.write_text("")
            root.run(*command)
            return [(verb, unit) for verb, unit in
                    re.findall(r"\b(enable|start|stop|restart|try-restart|preset)\b.*(notify_twilio\.\w+)", told.read_text())]

        self.assertEqual(after("dpkg", "-i", "/package.deb"), [])
        self.assertEqual(after("dpkg", "-i", "/package.deb"), [("try-restart", "notify_twilio.service")])
        self.assertEqual(after("dpkg", "-r", "notify-twilio"), [("stop", "notify_twilio.socket"), ("stop", "notify_twilio.service")])
        self.assertEqual(after("dpkg", "-P", "notify-twilio"), [])


class Lived(Package):
    """One installation from its first day to its last."""

    def edit_config(self, root, sim):
        """What an administrator does: the account's token, a contact, and here the simulator's address."""
        config = root.path("etc/notify_twilio/config.yaml")
        text = config.read_text("utf-8")
        for old, new in (("AC" + 32 * "0", harness.ACCOUNT), ("  #base_url: https://api.twilio.com", f"  base_url: {sim.url}"),
                         ('from: "+15005550006"', f'from: "{harness.FROM}"'), ("  #- name: alice", "  - name: alice"),
                         ('    #numbers: ["+15005550001", "+15005550002"]', f'    numbers: ["{ALICE}"]'),
                         ("  #to: syslog", "  to: /var/log/notify_twilio/notify_twilio.log")):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        config.write_text(text, "utf-8")
        token = root.path("etc/notify_twilio/auth_token")
        token.touch(0o640)
        token.write_text(harness.TOKEN + "\n")
        os.chown(token, 0, root.number("notify_twilio"))

    def start(self, root, *args, user, env=None):
        """A program in the root, ended when the test is."""
        process = subprocess.Popen(root.command(*args, user=user, env=env), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(harness.end_process, process)
        return process

    def end_drainers(self, root):
        """Whatever still runs out of this root is asked to leave, and gone."""
        def running():
            found = []
            for pid in (int(p) for p in os.listdir("/proc") if p.isdigit()):
                try:
                    if os.readlink(f"/proc/{pid}/root") == str(root.folder):
                        found.append(pid)
                except OSError:
                    continue
            return found

        for pid in running():
            os.kill(pid, signal.SIGTERM)
        harness.wait_until(lambda: not running(), LIMIT, "nothing runs out of the root")

    def test_life(self):
        sim = self.simulator(settings={"latency": 0})
        root = self.clean_root(", logrotate")
        before = root.snapshot()

        # Installed: the user, the folders, an example that sends nothing.
        done = root.run("dpkg", "-i", "/package.deb")
        self.assertNotRegex(done.stdout + done.stderr, r"(?i)error|warning|failed|cannot")
        self.assertEqual(root.owner("etc/notify_twilio"), "0750 root notify_twilio")
        self.assertEqual(root.owner("etc/notify_twilio/config.yaml"), "0640 root notify_twilio")
        for folder in FOLDERS:
            self.assertEqual(root.owner(folder), "2770 notify_twilio notify_twilio")
        self.assertEqual(root.path("etc/notify_twilio/config.yaml").read_bytes(),
                         root.path("usr/share/notify_twilio/examples/config.yaml").read_bytes())
        self.assertEqual([str(p) for p in root.path("etc/systemd/system").rglob("notify_twilio*")], [], "nothing is enabled")
        nagios = root.number("notify_twilio") + 3000
        root.add_user("nagios", nagios, ["notify_twilio"])
        root.add_user("stranger", nagios + 1)

        def run(*args, user="nagios", env=None, status=0):
            done = root.run(*args, user=user, env=env, check=False)
            self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
            return done

        alert = ("HOSTNAME=web01", "SERVICEDESC=HTTP", "SERVICESTATE=CRITICAL", "NOTIFICATIONTYPE=PROBLEM",
                 "SERVICEOUTPUT=no answer")
        self.assertIn("auth_token", run("notify_twilio", "config", "check", status=78).stdout)
        run("notify_twilio", "send", "-s", "nagios", "-t", "alice", *alert, status=65)

        # Configured: everybody in the group sends, nobody else reads.
        self.edit_config(root, sim)
        done = run("notify_twilio", "config", "check")
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        run("cat", "/etc/notify_twilio/config.yaml", user="stranger", status=1)
        done = run("notify_twilio", "send", "-s", "nagios", "-t", "alice", "--wait", LIMIT, "--json", *alert)
        self.assertEqual(json.loads(done.stdout)["state"], "sent", done.stdout)
        self.assertEqual([m["to"] for m in sim.messages()], [ALICE])
        self.assertIn("CRITICAL", sim.messages()[0]["body"])
        self.assertEqual(root.owner("var/lib/notify_twilio/queue.db"), "0660 nagios notify_twilio")
        self.assertRegex(run("/usr/lib/nagios/plugins/check_notify_twilio").stdout, r"\ATWILIO OK - ")
        self.end_drainers(root)

        # The daemon, started by the first alert on a socket that systemd's own tool holds.
        daemon = self.start(root, "systemd-socket-activate", "--seqpacket", "--listen=/run/notify_twilio/socket",
                            "notify_twilio", "serve", user="notify_twilio")
        harness.wait_until(lambda: root.path("run/notify_twilio/socket").is_socket() or daemon.poll() is not None, LIMIT)
        self.assertIsNone(daemon.poll())
        root.path("run/notify_twilio/socket").chmod(0o660)  # SocketMode= of the unit
        run("twilio-service-notification", "-d", "x", "-l", "web01", "-n", "web01", "-e", "HTTP", "-u", "HTTP", "-o", "fine",
            "-r", "alice", "-s", "OK", "-t", "RECOVERY")
        harness.wait_until(lambda: len(sim.messages()) == 2, LIMIT, "the recovery's text")
        # on a slow machine the alert may have worked alone after a second: then the daemon takes over from what it left
        harness.wait_until(lambda: f"daemon {daemon.pid}" in root.run("notify_twilio", "check", user="nagios", check=False).stdout,
                           LIMIT, "the daemon delivers")
        self.assertEqual(harness.end_process(daemon, LIMIT), 0)
        root.path("run/notify_twilio/socket").unlink()  # RemoveOnStop= of the unit
        self.end_drainers(root)

        # The log: one for all, and rotated.
        log = "var/log/notify_twilio/notify_twilio.log"
        self.assertEqual(root.owner(log), "0660 nagios notify_twilio")
        self.assertRegex(root.path(log).read_text(), rf"\[{daemon.pid}\]: info: ready\n")
        done = root.run("logrotate", "--force", "--state", "/dev/null", "/etc/logrotate.d/notify-twilio")
        self.assertEqual(done.stdout + done.stderr, "")
        self.assertEqual(root.owner(log), "0660 notify_twilio notify_twilio")
        self.assertEqual(root.path(log).read_text(), "")
        self.assertEqual(root.owner(log + ".1"), "0660 nagios notify_twilio")

        # Installed once more: what was edited stays, and nobody is asked.
        edited = root.path("etc/notify_twilio/config.yaml").read_bytes()
        root.run("dpkg", "-i", "/package.deb")
        self.assertEqual(root.path("etc/notify_twilio/config.yaml").read_bytes(), edited)
        self.assertEqual(root.owner("etc/notify_twilio/config.yaml"), "0640 root notify_twilio")

        def left():
            """What is there and was not, but for what dpkg and the system's users keep in their own files."""
            own = re.compile(r"/(var/lib/dpkg/|var/log/dpkg\.log|etc/(passwd|group|g?shadow)-?$|etc/\.pwd\.lock)")
            now = root.snapshot()
            changed = {p for p in before if now.get(p) != before[p] and p not in ("/dev/null",)}
            return sorted(p for p in (set(now) - set(before)) | changed if not own.match(p))

        # Removed: configuration and state stay. Purged: only what somebody else put there.
        root.run("dpkg", "-r", "notify-twilio")
        kept = left()
        rest = [p for p in kept if not p.startswith(("/etc/notify_twilio", "/var/lib/notify_twilio", "/var/log/notify_twilio"))]
        # a conffile, and what systemd's helper remembers of units
        self.assertEqual([p for p in rest if not p.startswith("/var/lib/systemd/deb-systemd-helper-enabled")],
                         ["/etc/logrotate.d/notify-twilio"])
        self.assertIn("/etc/notify_twilio/config.yaml", kept)
        self.assertIn("/var/lib/notify_twilio/queue.db", kept)
        root.path("etc/notify_twilio/templates").mkdir()
        root.run("dpkg", "-P", "notify-twilio")
        self.assertEqual(left(), ["/etc/notify_twilio", "/etc/notify_twilio/templates"])
        root.path("etc/notify_twilio/templates").rmdir()
        root.path("etc/notify_twilio").rmdir()
        root.run("dpkg", "-i", "/package.deb")
        root.run("dpkg", "-P", "notify-twilio")
        self.assertEqual(left(), [])


if __name__ == "__main__":
    unittest.main()

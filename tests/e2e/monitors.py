"""The real monitors, started from nothing in the site's folder, with the commands that packaging/ ships.

As root the monitor runs as its own user, as it does in life, and so does everything that it starts; the site then belongs
to that user. Everybody else's monitor runs as themselves. A monitor is ended by its process id, and what it started is
found by the site's marker in the environment.
"""

import json
import os
import pathlib
import pwd
import re
import shutil
import stat
import subprocess
import time

import harness

HOST, SERVICE = "web01", "HTTP"

# Nothing is held back: what arrives is what the monitor said.
CONFIG = {
    "throttle": {"urgent": [{"pages": 100, "per": "1m"}], "routine": [{"pages": 100, "per": "1m"}]},
}


def clock(text):
    """A pattern for a body, with HH:MM where the text says @."""
    return "^" + re.escape(text).replace("@", r"\d\d:\d\d") + "$"


class Monitor:
    """One monitor of a site. `programs` is where its commands find ours."""

    def __init__(self, site, user):
        self.site = site
        self.folder = site.folder
        self.programs = site.folder / "bin"
        self.process = None
        self.account = None
        if os.geteuid() == 0:
            try:
                self.account = pwd.getpwnam(user)
            except KeyError:
                self.account = pwd.getpwnam("nobody")
        self.copy_programs()

    def copy_programs(self):
        """The build tree may lie where the monitor's user cannot go."""
        source = pathlib.Path(harness.program("NT_BIN", "notify_twilio")).parent
        self.programs.mkdir()
        for path in source.iterdir():
            if path.is_symlink():
                (self.programs / path.name).symlink_to(os.readlink(path))
            elif path.is_file() and path.name.startswith("notify_twilio"):
                shutil.copy(path, self.programs / path.name)
        shutil.copytree(harness.SOURCE / "templates", self.folder / "templates")
        self.site.configure({"message": {"template_dir": str(self.folder / "templates")}})
        self.site.log_path.touch()

    def packaged(self, path):
        """A file of packaging/, as it is installed, but with our programs."""
        return (harness.SOURCE / "packaging" / path).read_text().replace(
            "@CMAKE_INSTALL_FULL_BINDIR@", str(self.programs)).replace("@NT_LIBEXECDIR@", str(self.programs))

    def hand_over(self):
        """Gives the site to the monitor's user."""
        if not self.account:
            return
        for folder, folders, files in os.walk(self.folder):
            for name in [folder] + [os.path.join(folder, f) for f in files + folders]:
                os.chown(name, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
        self.folder.chmod(0o755)

    def options(self):
        """For subprocess: as whom."""
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def start(self, command, pipe, limit=60):
        """Verified already; running when its command pipe is there."""
        self.pipe = pipe
        with open(self.folder / "monitor.out", "wb") as out:
            self.process = subprocess.Popen(command, env=self.site.environment(), cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=subprocess.STDOUT, **self.options())

        def listens():
            if self.process.poll() is not None:
                raise AssertionError(f"the monitor ended: {self.log()}")
            return pipe.exists() and stat.S_ISFIFO(pipe.stat().st_mode)

        harness.wait_until(listens, limit, "the monitor's command pipe")

    def verify(self, command):
        done = subprocess.run(command, env=self.site.environment(), cwd=self.folder, capture_output=True, text=True,
                              timeout=120, **self.options())
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")

    def external(self, command):
        """An external command, as an operator's interface writes it."""
        def write():
            try:
                pipe = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return False  # nobody reads yet
            with open(pipe, "wb") as f:
                f.write(f"[{int(time.time())}] {command}\n".encode())
            return True
        harness.wait_until(write, 20, "the command pipe is read")

    def service_result(self, code, output):
        self.external(f"PROCESS_SERVICE_CHECK_RESULT;{HOST};{SERVICE};{code};{output}")

    def host_result(self, code, output):
        self.external(f"PROCESS_HOST_CHECK_RESULT;{HOST};{code};{output}")

    def log(self):
        text = ""
        for path in (self.folder / "monitor.out", self.folder / "monitor.log"):
            if path.exists():
                text += path.read_text(errors="replace")[-6000:]
        return text

    def stop(self):
        if self.process:
            harness.end_process(self.process, 20)


class Test(harness.Test):
    """A test with a simulator, a site, and a monitor: self.sim, self.place, self.monitor."""

    def begin(self, monitor, **options):
        self.sim = self.simulator()
        self.place = self.site(self.sim, CONFIG)
        self.seen = 0
        self.monitor = monitor(self.place, **options)
        self.addCleanup(self.monitor.stop)
        self.addCleanup(self.show_monitor)
        self.monitor.run()

    def show_monitor(self):
        result = self._outcome.result
        if any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors):
            print(f"--- the monitor\n{self.monitor.log()}---")

    def arrived(self, count=1):
        """The messages since the last call; there must be as many as that, and no more."""
        harness.wait_until(lambda: len(self.sim.messages()) >= self.seen + count, 20, f"{count} more messages")
        messages = self.sim.messages()[self.seen:]
        self.seen += len(messages)
        self.assertEqual(len(messages), count, messages)
        return messages

    def text(self, to=harness.ALICE):
        """The body of the one message since the last call."""
        message, = self.arrived()
        self.assertEqual(message["to"], to)
        return message["body"]

    def pages(self):
        """All pages, oldest first, once Twilio's answers are recorded."""
        def recorded():
            pages = self.place.queue_json()
            return all(page["state"] in ("sent", "delivered") for page in pages) and pages
        return sorted(harness.wait_until(recorded, 10, "every page is sent"), key=lambda page: page["id"])

    def history(self, page, *options):
        """`queue show` of a page, as data."""
        done = self.place.run("queue", "show", "--json", *options, page["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

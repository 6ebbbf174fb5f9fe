"""No secret of ours is in anything that we write or start: store, logs, output, alarms, the last good copy, the command
line and the surroundings of what we run, a core dump. Looked for after successes and failures of every kind, at the
highest verbosity."""

import base64
import os
import pathlib
import resource
import signal
import subprocess
import unittest
import urllib.parse

import delivery
import harness
from delivery import alert
from harness import ACCOUNT, ALICE, BOB, CAROL, KEY, KEY_SECRET, TOKEN

WRONG = "aWrongOne0123456789abcdefABCDEF01"
OURS = ("auth_token", "config.yaml", "config.new", "key_secret")  # where secrets stand because the admin put them there


def disguises(secret):
    """The secret as it is, and as it may be carried: in a form, in hex, in the header of a request."""
    yield secret.encode()
    yield urllib.parse.quote(secret).encode()
    yield secret.encode().hex().encode()
    for whole in (f"{ACCOUNT}:{secret}", f"{KEY}:{secret}", secret):
        yield base64.b64encode(whole.encode()).rstrip(b"=")


class Secrets(delivery.Test):
    def setUp(self):
        self.secrets = [TOKEN, WRONG, KEY_SECRET]
        self.sim = self.simulator(settings=delivery.QUICK)
        self.place = self.site(self.sim, {**delivery.NO_THROTTLE, "log": {"level": "debug"}})
        self.said = []
        told = self.place.folder / "told"
        # what the command is told, how it was called, and what it inherits, descriptors included
        self.place.configure({"alarm": {"command": [
            "sh", "-c", f"{{ cat; cat /proc/$$/cmdline /proc/$$/environ; ls -l /proc/$$/fd; }} >> '{told}'"]}})
        self.told = told

    def run_all(self, site, *words, **kwargs):
        done = site.run(*words, **kwargs)
        self.said.append((" ".join(words), done.stdout + done.stderr))
        return done

    def start_all(self, site):
        """What a daemon looks like from outside while it runs."""
        serve = site.serve("-v")
        # the drainer that a `send` has left may be the one that answers
        harness.wait_until(lambda: "info: ready" in site.log(), 30, "serve has taken over")
        for name in ("cmdline", "environ"):
            self.said.append((f"/proc/…/{name} of serve", pathlib.Path(f"/proc/{serve.pid}/{name}").read_text()))
        return serve

    def judge(self, *sites):
        needles = {needle: secret for secret in self.secrets for needle in disguises(secret)}
        seen = 0
        for site in sites:
            for path in site.folder.rglob("*"):
                if path.is_file() and path.name not in OURS:
                    data = path.read_bytes()
                    seen += 1
                    for needle, secret in needles.items():
                        self.assertNotIn(needle, data, f"{path} shows {secret}")
        for what, text in self.said:
            for needle, secret in needles.items():
                self.assertNotIn(needle, text.encode(errors="surrogateescape"), f"{what} shows {secret}")
        self.assertGreater(seen, 3)

    def test_looking_finds(self):
        """The judge can fail."""
        self.secrets = [TOKEN]
        for n, disguise in enumerate(disguises(TOKEN)):
            path = self.place.folder / f"leak{n}"
            path.write_bytes(b"x" + disguise + b"x")
            with self.assertRaises(AssertionError):
                self.judge(self.place)
            path.unlink()

    def failures(self, site):
        """One alert each for whatever may go wrong with a request."""
        self.sim.faults([
            {"method": "POST", "to": delivery.phone(1), "do": "reset", "when": "after", "times": 1},
            {"method": "POST", "to": delivery.phone(2), "do": "reset", "when": "before", "times": 1},
            {"method": "POST", "to": delivery.phone(3), "do": "status", "status": 400, "code": 21211},
            {"method": "POST", "to": delivery.phone(4), "do": "status", "status": 503, "times": 1},
            {"method": "POST", "to": delivery.phone(5), "do": "status", "status": 429, "code": 20429, "times": 1},
        ])
        for n in range(6):
            self.run_all(site, "send", "-v", "-t", delivery.phone(n), "--wait", "2", *alert(host=f"web{n}"))

    def test_token(self):
        self.run_all(self.place, "config", "check", "--save")
        self.run_all(self.place, "send", "-v", "--dry-run", "--json", "-t", ALICE, *alert())
        self.failures(self.place)
        serve = self.start_all(self.place)
        self.run_all(self.place, "send", "-v", "--json", "-t", BOB, *alert(host="db01"))
        # refused by the account: the alarm, and the whole noise around it
        self.place.write_token(WRONG)
        serve.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "configuration read again" in self.place.log())
        self.run_all(self.place, "send", "-v", "-t", CAROL, *alert(host="db02"), "--wait", "1")
        harness.wait_until(lambda: self.told.exists() and self.told.read_bytes(), 30, "the alarm command ran")
        for words in (["queue", "list", "--all", "--json"], ["queue", "list"], ["queue", "show", "1"], ["oncall"],
                      ["config", "check"], ["config", "example"], ["check", "-v"], ["render", "-v", *alert()]):
            self.run_all(self.place, *words)
        harness.end_process(serve)
        delivery.wait_gone(self.place, 30)
        for words in ("ALARM: ", "HTTP 401", "HTTP 503", "looking at Twilio's list"):
            self.assertIn(words, self.place.log(), "there was something to leak into")
        self.judge(self.place)

    def test_key_and_inline(self):
        """Secrets that stand in the configuration itself, one of them as a part of what is refused there."""
        key = self.site(self.sim, {"twilio": {"auth_token_file": None, "api_key_sid": KEY, "api_key_secret": KEY_SECRET}})
        inline = self.site(self.sim, {"twilio": {"auth_token_file": None, "auth_token": TOKEN}})
        broken = self.site(self.sim, {"twilio": {"auth_token_file": None, "auth_token": TOKEN, "auth_tokem": TOKEN}})
        for site in (key, inline, broken):
            self.run_all(site, "config", "check", "--save")
            self.run_all(site, "send", "-v", "-t", ALICE, *alert(host="web01"))
            serve = site.start("serve", "-v")
            harness.wait_until(lambda: serve.poll() is not None or site.socket.exists())
            harness.end_process(serve)
            delivery.wait_gone(site, 30)
        self.assertTrue(list(key.state.iterdir()), "the last good copy is there to be looked at")
        self.judge(key, inline, broken)

    def test_core(self):
        """A process that has read the token leaves no core, whatever the limit was that it came with."""
        serve = delivery.popen(self.place, "serve", binary=harness.program("NT_BIN", "notify_twilio"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: resource.setrlimit(
                                   resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2))
        harness.wait_until(self.place.socket.exists)
        self.assertEqual(resource.prlimit(serve.pid, resource.RLIMIT_CORE)[0], 0)
        serve.send_signal(signal.SIGABRT)
        serve.wait(30)
        self.judge(self.place)

    def test_modes(self):
        """What we make is not for others, with any umask."""
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        self.run_all(self.place, "config", "check", "--save")
        self.run_all(self.place, "send", "-t", ALICE, *alert())
        serve = self.place.serve()
        looked = [p for p in (*self.place.store_folder.iterdir(), *self.place.state.iterdir(), self.place.socket,
                              self.place.log_path)]
        harness.end_process(serve)
        self.assertGreater(len(looked), 5)
        for path in looked:
            if path.exists():
                self.assertEqual(path.stat().st_mode & 0o007, 0, f"{path}: {path.stat().st_mode:o}")


if __name__ == "__main__":
    unittest.main()

"""What end-to-end tests, the quickstart and the benchmarks share: a simulated Twilio, a place to run our programs in,
and waiting without guessing.

    class PagesGoOut(harness.Test):
        def test_one(self):
            sim = self.simulator()
            site = self.site(sim)
            done = site.run("send", "--to", harness.ALICE, "HOSTNAME=web01", "NOTIFICATIONTYPE=PROBLEM", …)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([m["to"] for m in sim.messages()], [harness.ALICE])

Python's standard library only. The programs are found through NT_BIN (notify_twilio) and NT_SIM (twilio_simulator).
Every process is ended by its id when the test ends, detached drainers included: they carry NT_TEST_SITE in their
environment. A test whose simulator has seen a violation fails, unless it says `sim.violations_allowed = True`.
"""

import copy
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

SOURCE = pathlib.Path(__file__).resolve().parents[2]

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "5f1e0c7b9a8d4632b1c0d9e8f7a6b5c4"
KEY = "SK00112233445566778899aabbccddeeff"
KEY_SECRET = "kEysEcrEt0123456789abcdefABCDEF00"
FROM = "+15005550006"
FROM_2 = "+15005550010"
SERVICE = "MGfedcba9876543210fedcba9876543210"
ALICE = "+15005551001"
BOB = "+15005551002"
CAROL = "+15005551003"


def program(variable, default):
    path = os.environ.get(variable) or shutil.which(default)
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable} does not name a program (and there is no {default} in PATH)")
    return path


PATIENCE = 4  # what takes a second here may take four on a busy machine; nobody waits for it when all is well


def wait_until(condition, limit=10.0, what=None, step=0.01, patience=PATIENCE):
    """The first true value of condition(); AssertionError after limit × patience seconds."""
    limit *= patience
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {limit} s: {what or getattr(condition, '__doc__', None) or condition}")
        time.sleep(step)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end_process(process, limit=5.0):
    """SIGTERM, then SIGKILL; its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def certificate(folder, name="127.0.0.1"):
    """A self-signed certificate and its key, as paths."""
    cert, key = pathlib.Path(folder, "cert.pem"), pathlib.Path(folder, "key.pem")
    kind = "IP" if name[0].isdigit() else "DNS"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}",
                    "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


class Simulator:
    """A running twilio_simulator. Starts at once; stop() ends it. Start it from the main thread: it ends with it."""

    def __init__(self, *options, faults=None, settings=None, latency=0, tls=False, service=None, port=0, senders=None,
                 key=True, record=None, threads=None, startup=10.0):
        self.folder = tempfile.mkdtemp(prefix="nt-sim-")
        self.violations_allowed = False
        self.ca_file = None
        command = [program("NT_SIM", "twilio_simulator"), "--port", str(port), "--account", ACCOUNT, "--token", TOKEN,
                   "--parent-watch", "--quiet", "--latency", str(latency)]
        for sender in senders or [FROM, FROM_2]:
            command += ["--from", sender]
        command += ["--service", service or f"{SERVICE}:{FROM},{FROM_2}"]
        if key:
            command += ["--key", f"{KEY}:{KEY_SECRET}"]
        if tls:
            self.ca_file, private = certificate(self.folder)
            command += ["--tls-cert", str(self.ca_file), "--tls-key", str(private)]
        if record:
            command += ["--record", str(record)]
        if threads:
            command += ["--threads", str(threads)]
        self.log = open(os.path.join(self.folder, "stderr"), "w+")
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("port="):
            end_process(self.process)
            errors = self.errors()
            self.put_away()
            raise RuntimeError(f"the simulator did not start: {errors}")
        self.port = int(line[5:])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.tls = tls
        if settings:
            self.settings(**settings)
        if faults:
            self.faults(faults)

    def errors(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def put_away(self):
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        """Ends it; its exit status (0 when all is well, also under a leak checker)."""
        status = end_process(self.process)
        errors = self.errors()
        self.put_away()
        if status not in (0, -signal.SIGTERM):
            raise AssertionError(f"the simulator ended with {status}: {errors}")
        return status

    def connection(self, timeout=30):
        """A new HTTP connection to it."""
        if self.tls:
            import ssl
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                               context=ssl.create_default_context(cafile=self.ca_file))
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def control(self, what, body=None):
        """GET (or POST, with a body) /_sim/what; the decoded answer."""
        connection = self.connection()
        try:
            if body is None:
                connection.request("GET", f"/_sim/{what}")
            else:
                connection.request("POST", f"/_sim/{what}", json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        value = json.loads(text)
        if answer.status != 200:
            raise ValueError(f"_sim/{what}: {answer.status} {value}")
        return value

    def faults(self, rules=None, seed=None, append=False):
        """Sets the rules (tests/support/faults.h); without any, tells the present ones."""
        if rules is None:
            return self.control("faults")
        body = {"rules": rules, "append": append}
        if seed is not None:
            body["seed"] = seed
        return self.control("faults", body)

    def settings(self, **changes):
        """latency, list_delay, speed, schedule, outcomes, trial, redact, lenient, balance, max_concurrent."""
        return self.control("settings", changes) if changes else self.control("settings")

    def requests(self, since=1, method=None, path=None, to=None):
        """What came in, oldest first, as dicts; form is a list of pairs, fields a dict of the last of each."""
        found = self.control(f"requests?since={since}")["requests"]
        for request in found:
            request["fields"] = dict(request["form"])
        return [r for r in found if (method is None or r["method"] == method) and (path is None or path in r["path"])
                and (to is None or r["fields"].get("To") == to)]

    def creates(self, to=None):
        """The POSTs that asked for a message."""
        return self.requests(method="POST", path="/Messages.json", to=to)

    def messages(self, to=None):
        """What Twilio took: what the phones show, oldest first."""
        return [m for m in self.control("messages") if to is None or m["to"] == to]

    def violations(self):
        return self.control("violations")

    def stats(self):
        return self.control("stats")

    def settle(self, status, error=0, **which):
        """settle("undelivered", 30003, to=…|sid=…)"""
        return self.control("settle", {"status": status, "error": error, **which})["settled"]

    def plant(self, **message):
        """A message that was there before; its sid."""
        return self.control("plant", message)["sid"]

    def advance(self, ms):
        return self.control("advance", {"ms": ms})

    def reset(self):
        return self.control("reset", {})


def yaml(value, indent=0):
    """Plain data as block YAML; strings always quoted."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and item
            lines.append(f"{pad}{json.dumps(key, ensure_ascii=False) if not key.isidentifier() else key}:"
                         + (f"\n{yaml(item, indent + 1)}" if nested else f" {yaml(item)}"))
        return "\n".join(lines)
    if isinstance(value, list) and value:
        return "\n".join(f"{pad}- {yaml(item, indent + 1).lstrip()}" if isinstance(item, (dict, list)) and item
                         else f"{pad}- {yaml(item)}" for item in value)
    return json.dumps(value, ensure_ascii=False)


def merge(base, changes):
    """changes over base, dict by dict; a value of None takes a key away."""
    out = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merge(out[key], value)
        else:
            out[key] = copy.deepcopy(value)
    return out


class Site:
    """A folder with everything one installation has: configuration, token, store, socket, state."""

    def __init__(self, sim=None, config=None, base_url=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nt-site-"))
        self.marker = uuid.uuid4().hex
        self.processes = []
        self.config_path = self.folder / "config.yaml"
        self.token_path = self.folder / "auth_token"
        self.log_path = self.folder / "log"
        self.socket = self.folder / "socket"
        self.state = self.folder / "state"
        self.store_folder = self.folder / "store"
        self.database = self.store_folder / "queue.db"
        self.state.mkdir()
        self.store_folder.mkdir()
        self.write_token(TOKEN)
        twilio = {"account_sid": ACCOUNT, "auth_token_file": "auth_token",
                  "base_url": base_url or (sim.url if sim else "http://127.0.0.1:9"),
                  "senders": [{"from": FROM, "segments_per_second": 1000}]}
        if sim and sim.ca_file:
            shutil.copy(sim.ca_file, self.folder / "ca.pem")
            twilio["ca_file"] = str(self.folder / "ca.pem")
        self.config = {
            "twilio": twilio,
            "message": {"template_dir": str(SOURCE / "templates"), "timezone": "UTC"},
            "contacts": [{"name": "alice", "aliases": ["alice@example.org"], "numbers": [ALICE]},
                         {"name": "bob", "numbers": [BOB]}],
            "groups": [{"name": "oncall", "members": ["alice", "bob"]}],
            "store": f"sqlite:{self.database}",
            "daemon": {"socket": str(self.socket)},
            "log": {"level": "debug", "to": str(self.log_path)},
        }
        self.configure(config or {})

    def write_token(self, token, mode=0o600):
        self.token_path.unlink(missing_ok=True)
        self.token_path.touch(mode=mode)
        self.token_path.chmod(mode)
        self.token_path.write_text(token + "\n")

    def configure(self, changes):
        """Merges changes into the configuration and writes it."""
        self.config = merge(self.config, changes)
        self.write_config(yaml(self.config) + "\n")

    def write_config(self, text):
        temporary = self.folder / "config.new"
        temporary.write_text(text)
        temporary.rename(self.config_path)

    def environment(self, extra=None):
        """Only what a program should need: nothing of the tester's own surroundings decides a test."""
        keep = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR")
        env = {k: v for k, v in os.environ.items() if k in keep or (k.startswith("NT_") and k not in ("NT_BIN", "NT_SIM"))}
        env.update({"HOME": str(self.folder), "LANG": "C.UTF-8", "TZ": "UTC", "STATE_DIRECTORY": str(self.state),
                    "NOTIFY_TWILIO_CONFIG": str(self.config_path), "NOTIFY_TWILIO_SOCKET": str(self.socket),
                    "NT_TEST_SITE": self.marker})
        for key, value in (extra or {}).items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = str(value)
        return env

    def run(self, *args, env=None, stdin=None, timeout=120, binary=None):
        """Runs notify_twilio to its end; a CompletedProcess with text."""
        return subprocess.run([binary or program("NT_BIN", "notify_twilio"), *map(str, args)], env=self.environment(env),
                              input=stdin if stdin is not None else "", capture_output=True, timeout=timeout,
                              text=True, encoding="utf-8", errors="surrogateescape", cwd=self.folder)

    def start(self, *args, env=None, binary=None):
        """Starts notify_twilio; a Popen that the site ends. Its output goes to files beside the configuration."""
        name = f"process-{len(self.processes)}"
        with open(self.folder / f"{name}.out", "wb") as out, open(self.folder / f"{name}.err", "wb") as err:
            process = subprocess.Popen([binary or program("NT_BIN", "notify_twilio"), *map(str, args)],
                                       env=self.environment(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       cwd=self.folder)
        process.out_path, process.err_path = self.folder / f"{name}.out", self.folder / f"{name}.err"
        self.processes.append(process)
        return process

    def serve(self, *args, env=None, limit=10):
        """A daemon that answers on the socket."""
        process = self.start("serve", *args, env=env)

        def answers():
            if process.poll() is not None:
                raise AssertionError(f"serve ended with {process.returncode}: {process.err_path.read_text()}")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                try:
                    s.connect(str(self.socket))
                    return True
                except OSError:
                    return False

        wait_until(answers, limit, "serve listens")
        return process

    def queue_json(self, *args):
        """The pages: `queue list --all --json`, as dicts."""
        done = self.run("queue", "list", "--all", "--json", *args)
        if done.returncode != 0:
            raise AssertionError(f"queue list ended with {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def states(self):
        """{page id: state}"""
        return {page["id"]: page["state"] for page in self.queue_json()}

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop_idle(self, process, store=None):
        """SIGSTOP, but not in the middle of a transaction: who is stopped there keeps the store's write lock."""
        def stopped():
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            with open(pathlib.Path(store or self.store_folder) / "queue.write", "rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                except BlockingIOError:
                    process.send_signal(signal.SIGCONT)
                    return False
        wait_until(stopped, 30, "the daemon is idle")

    def survivors(self):
        """Process ids of everything of ours that still runs, detached or not."""
        mark = f"NT_TEST_SITE={self.marker}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as f:
                    if mark not in f.read().split(b"\0"):
                        continue
                with open(f"/proc/{entry}/stat", "rb") as f:
                    if f.read().rpartition(b")")[2].split()[:1] not in ([b"Z"], [b"X"], []):
                        found.append(int(entry))
            except OSError:
                continue
        return found

    def close(self):
        for process in self.processes:
            end_process(process)
        for signal_number, limit in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
            for pid in self.survivors():
                try:
                    os.kill(pid, signal_number)
                except ProcessLookupError:
                    pass
            try:
                wait_until(lambda: not self.survivors(), limit, patience=1)
                break
            except AssertionError:
                continue
        shutil.rmtree(self.folder, ignore_errors=True)


class Test(unittest.TestCase):
    """Cleans up after itself in every case, and looks for violations at the end."""

    maxDiff = None

    def simulator(self, *args, **kwargs):
        sim = Simulator(*args, **kwargs)
        self.addCleanup(sim.stop)
        self.addCleanup(self.check_violations, sim)
        return sim

    def check_violations(self, sim):
        if not sim.violations_allowed and sim.process.poll() is None:
            self.assertEqual(sim.violations(), [])

    def site(self, sim=None, config=None, **kwargs):
        site = Site(sim, config, **kwargs)
        self.addCleanup(site.close)
        self.addCleanup(self.show_log, site)
        return site

    def show_log(self, site):
        result = self._outcome.result  # the only way to know in a clean-up how the test went
        bad = getattr(result, "failures", []) + getattr(result, "errors", [])
        if any(getattr(test, "test_case", test) is self for test, _ in bad):
            print(f"--- log of {site.folder}\n{site.log()[-4000:]}---")

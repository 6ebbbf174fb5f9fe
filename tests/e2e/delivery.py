"""What the tests of delivery share: alerts, the store as it lies on disk, and what the phones must show.

The store is read with SQLite itself, not through our own commands: what is asserted is what a crash would leave behind.
"""

import os
import pathlib
import sqlite3
import subprocess
import threading
import time

import harness

STATES = ("queued", "held", "sending", "sent", "delivered", "undelivered", "failed", "expired", "superseded", "cancelled",
          "merged", "duplicate")
UNSETTLED = ("queued", "held", "sending")
QUICK = {"schedule": {"accepted": 0, "queued": 10, "sending": 10, "sent": 10}}  # receipts are there at the first look
NO_THROTTLE = {"throttle": {"urgent": [{"pages": 10000, "per": "1s"}], "routine": [{"pages": 10000, "per": "1s"}]}}


def alert(host="web01", state="CRITICAL", service="HTTP", output="no answer", **more):
    """Words for `send` of a generic alert."""
    return [f"{key}={value}" for key, value in {"host": host, "service": service, "state": state, "output": output,
                                                **more}.items() if value is not None]


def phone(n):
    """The nth of many numbers."""
    return f"+1500556{n:04d}"


def fault_binary():
    """The programs with the fault points compiled in."""
    path = os.environ.get("NT_BIN_FAULT") or str(pathlib.Path(harness.program("NT_BIN", "notify_twilio")).parent / "fault"
                                                 / "notify_twilio")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is missing: build notify_twilio_full_fault")
    return path


def full_binary(name="notify_twilio-full"):
    """notify_twilio-full, or what stands beside it."""
    return str(pathlib.Path(harness.program("NT_BIN", "notify_twilio")).parent / name)


def rows(site, sql, *values, database=None):
    """What a query finds, as dicts; nothing when there is no database yet."""
    path = database or site.database
    if not path.exists():
        return []
    end = time.monotonic() + 30
    while True:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]
        except sqlite3.OperationalError as e:
            if "no such table" in str(e):
                return []
            if time.monotonic() > end:  # who only reads may find the log gone, or being recovered, for a moment
                raise
        finally:
            db.close()


def pages(site, database=None):
    """The stored pages in order, with their state's name."""
    found = rows(site, "SELECT * FROM page ORDER BY id", database=database)
    for page in found:
        page["state"] = STATES[page["state"]]
    return found


def steps(site, page_id):
    """[(state, reason)] of a page's history."""
    return [(STATES[row["state"]], row["reason"])
            for row in rows(site, "SELECT state, reason FROM step WHERE page_id = ? ORDER BY seq", page_id)]


def states(site):
    return [page["state"] for page in pages(site)]


def settled(site):
    """There are pages, and none is on its way."""
    found = states(site)
    return bool(found) and not any(state in UNSETTLED for state in found)


def alarms(site):
    """Configures an alarm command; what it was told so far, a text a run, comes from the function returned."""
    path = site.folder / "alarms"
    site.configure({"alarm": {"command": ["sh", "-c", f"text=$(cat); printf '%s\\0' \"$text\" >> '{path}'"]}})
    return lambda: path.read_text().split("\0")[:-1] if path.exists() else []


def in_parallel(*calls):
    """Runs the calls in threads; the first failure is raised."""
    failures = []

    def guard(call):
        try:
            call()
        except BaseException as e:  # pylint: disable=broad-except
            failures.append(e)

    threads = [threading.Thread(target=guard, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def kill(pid, number):
    """A signal; False when the process has gone."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def wait_gone(site, limit=15):
    """Until nothing of ours runs there."""
    harness.wait_until(lambda: not site.survivors(), limit, "the drainer ends")


def drain_to_end(site, limit=20, binary=None):
    """A daemon settles everything, then leaves."""
    serve = site.start("serve", binary=binary)
    try:
        harness.wait_until(lambda: serve.poll() is not None or not
                           rows(site, "SELECT 1 FROM page WHERE state <= 2"), limit, "everything is settled")
        if serve.poll() is not None:
            raise AssertionError(f"serve ended with {serve.returncode}: {serve.err_path.read_text()}")
    finally:
        harness.end_process(serve)


class Test(harness.Test):
    """harness.Test with the assertions of delivery."""

    def assert_once(self, sim, hosts, to=harness.ALICE):
        """Each host's news is on the phone exactly once; nothing else is."""
        bodies = [message["body"] for message in sim.messages(to)]
        for host in hosts:
            self.assertEqual(sum(host in body for body in bodies), 1, f"{host} in {bodies}")
        self.assertEqual(len(bodies), len(hosts), bodies)

    def assert_at_most_once(self, sim, host, to=harness.ALICE):
        bodies = [message["body"] for message in sim.messages(to)]
        self.assertLessEqual(sum(host in body for body in bodies), 1, f"{host} in {bodies}")

    def assert_exit(self, done, status):
        self.assertEqual(done.returncode, status, f"stdout: {done.stdout}\nstderr: {done.stderr}")

    def timed(self, call):
        """(result, seconds)"""
        start = time.monotonic()
        return call(), time.monotonic() - start


def popen(site, *args, env=None, binary=None, **kwargs):
    """A process whose pipes the test handles itself; the site still ends it."""
    process = subprocess.Popen([binary or harness.program("NT_BIN", "notify_twilio"), *map(str, args)],
                               env=site.environment(env), cwd=site.folder, **kwargs)
    site.processes.append(process)
    return process

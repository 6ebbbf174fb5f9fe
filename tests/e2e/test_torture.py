"""One call fails: of the system, of SQLite, of the allocator, in any of our processes. No crash, no leak, and what was
accepted reaches its phone exactly once; what was not says so and reaches it at most once.

tests/support/torture.c is preloaded and makes the nth call of a name fail. A first run counts how many there are; then
there is a run for NT_TORTURE_EACH of them spread over all (1: the first; 0: each of them), of all names or
of those that begin with NT_TORTURE_ONLY. Everything else is healthy, and a healthy daemon settles what is left.
"""

import concurrent.futures
import errno
import mmap
import os
import sqlite3
import struct
import unittest

import delivery
import harness
from delivery import alert, pages

LIBRARY = os.environ.get("NT_TORTURE_LIBRARY", "")
EACH = int(os.environ.get("NT_TORTURE_EACH", "1"))
ONLY = os.environ.get("NT_TORTURE_ONLY", "")
AT_ONCE = 12
NAME, ENTRIES, SIZE = 28, 96, 4096
HEAD = struct.Struct(f"{NAME}sIiII")
ENTRY = struct.Struct(f"{NAME}sI")

# SQLite's codes: what a disk, another process, damage and memory do.
IOERR, FULL, BUSY, CORRUPT, NOMEM = 10, 13, 5, 11, 7
SQLITE = (IOERR, FULL, NOMEM, BUSY, CORRUPT)
ERRORS = {
    "open": (errno.EMFILE, errno.EIO, errno.EACCES), "openat": (errno.EMFILE,),
    "read": (errno.EIO, errno.EINTR), "pread": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO, errno.EINTR), "pwrite": (errno.ENOSPC, errno.EIO),
    "fsync": (errno.EIO,), "fdatasync": (errno.EIO, errno.ENOSPC), "ftruncate": (errno.ENOSPC, errno.EIO),
    "flock": (errno.ENOLCK, errno.EINTR), "fcntl": (errno.ENOLCK, errno.EINTR), "mkdir": (errno.ENOSPC,),
    "link": (errno.EIO,), "rename": (errno.EIO, errno.ENOSPC), "mmap": (errno.ENOMEM,),
    "socket": (errno.EMFILE, errno.ENOMEM), "connect": (errno.ECONNREFUSED, errno.EINTR, errno.ENETUNREACH),
    "bind": (errno.EADDRINUSE,), "accept": (errno.EMFILE, errno.ECONNABORTED),
    "send": (errno.ECONNRESET, errno.EINTR, errno.ENOBUFS), "sendto": (errno.ECONNRESET, errno.ENOBUFS),
    "sendmsg": (errno.ECONNRESET, errno.ENOBUFS), "recv": (errno.ECONNRESET, errno.EINTR),
    "recvfrom": (errno.ECONNRESET,), "recvmsg": (errno.ECONNRESET, errno.EINTR),
    "poll": (errno.EINTR, errno.ENOMEM), "epoll_wait": (errno.EINTR,), "epoll_ctl": (errno.ENOSPC,),
    "epoll_create": (errno.EMFILE,), "pipe": (errno.EMFILE,), "fork": (errno.EAGAIN,), "posix_spawn": (errno.ENOENT,),
    "getrandom": (errno.EINTR,), "malloc": (errno.ENOMEM,), "sqlite3_busy_timeout": (NOMEM,),
    "sqlite3_db_config": (NOMEM,),
}


def errors_of(name):
    return ERRORS.get(name) or (SQLITE if name.startswith("sqlite3_") else (errno.EIO,))


class Table:
    """The memory that the preloaded library shares with us."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(SIZE))
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), SIZE)

    def arm(self, name, nth, error, from_then=False):
        self.memory[:HEAD.size] = HEAD.pack(name.encode(), nth, error, from_then, 0)

    def disarm(self):
        self.memory[:NAME] = bytes(NAME)

    def fired(self):
        return HEAD.unpack(self.memory[:HEAD.size])[4]

    def counts(self):
        found = {}
        for i in range(ENTRIES):
            name, count = ENTRY.unpack_from(self.memory, HEAD.size + i * ENTRY.size)
            if count:
                found[name.rstrip(b"\0").decode()] = count
        return found

    def environment(self):
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0",
                                         f"log_path={self.path}.sanitizer", "exitcode=99")))
        return {"LD_PRELOAD": LIBRARY, "NT_TORTURE": str(self.path), "ASAN_OPTIONS": options}


class Run:
    """One store, one phone, one alert, one failure."""

    def __init__(self, test, sim, number, name="", nth=0, error=0):
        self.title = f"{name}:{nth}:{error}"
        self.test, self.sim = test, sim
        self.host, self.phone = f"web{number:04d}", delivery.phone(number)
        self.armed = (name, nth, error)

    def prepare(self):
        self.site = self.test.site(self.sim)
        self.table = Table(self.site.folder / "torture")
        if self.armed[0]:
            self.table.arm(*self.armed)

    def send(self, env):
        return self.site.run("send", "-t", self.phone, *alert(host=self.host), env=env, timeout=90)

    def shown(self):
        return [m["body"] for m in self.sim.messages(self.phone)]

    def settle(self):
        """Everything is healthy again: who still drains ends by himself, and a daemon does the rest."""
        self.table.disarm()
        if self.site.database.exists():  # what SQLite left half done is put right by the first who may write
            db = sqlite3.connect(self.site.database, timeout=20)
            db.execute("SELECT count(*) FROM sqlite_master")
            db.close()
        if pages(self.site):
            delivery.drain_to_end(self.site, 90)

    def judge(self, sent):
        what = f"{self.title}: exit {sent.returncode}: {sent.stderr}"
        reports = [p.read_text() for p in self.site.folder.glob("torture.sanitizer*")]
        if reports:
            raise AssertionError(f"{what}\n{reports[0]}")
        if sent.returncode not in (0, 75):
            raise AssertionError(what)
        if sent.returncode and not sent.stderr.strip():
            raise AssertionError(f"{what} without a word")
        bodies = self.shown()
        if not all(self.host in body for body in bodies) or len(bodies) > 1 or (sent.returncode == 0 and not bodies):
            raise AssertionError(f"{what}: the phone shows {bodies}\n{self.site.log()}")

    def run(self):
        """How often something failed."""
        self.prepare()
        try:
            sent = self.deliver()
            self.settle()
            self.judge(sent)
            return self.table.fired()
        finally:
            self.site.close()


class Alone(Run):
    """send, and the drainer that it leaves behind."""

    def deliver(self):
        sent = self.send(self.table.environment())
        harness.wait_until(lambda: not self.site.survivors(), 30, f"{self.title}: the drainer ends", 0.1)
        return sent


class Client(Run):
    """The front of send, with a healthy daemon on the other end."""

    def deliver(self):
        self.site.serve(limit=60)
        sent = self.send(self.table.environment())
        if sent.returncode:
            raise AssertionError(f"{self.title}: exit {sent.returncode} beside a daemon: {sent.stderr}")
        harness.wait_until(lambda: delivery.settled(self.site) or self.shown(), 60, f"{self.title}: is sent", 0.1)
        for process in self.site.processes:
            harness.end_process(process, 30)
        harness.wait_until(lambda: not self.site.survivors(), 60, f"{self.title}: all end", 0.1)
        return sent


class Daemon(Run):
    """serve, from its start to its end, and a healthy send."""

    def deliver(self):
        serve = self.site.start("serve", env=self.table.environment())
        harness.wait_until(lambda: serve.poll() is not None or self.site.socket.exists(), 60, self.title, 0.05)
        sent = self.send(None)
        if sent.returncode:
            raise AssertionError(f"{self.title}: exit {sent.returncode} beside a daemon: {sent.stderr}")
        harness.wait_until(lambda: serve.poll() is not None or self.shown(), 90, f"{self.title}: is sent", 0.1)
        status = harness.end_process(serve, 60)
        errors = serve.err_path.read_text()
        if status not in (0, 75) or (status and not errors.strip() and "error: " not in self.site.log()):
            raise AssertionError(f"{self.title}: serve ended with {status}: {errors}\n{self.site.log()}")
        harness.wait_until(lambda: not self.site.survivors(), 60, f"{self.title}: all end", 0.1)
        return sent


def spread(count, most):
    """Which of 1…count are tried: all, or the first, the last and some between."""
    if not most or count <= most:
        return range(1, count + 1)
    return sorted({1 + round(i * (count - 1) / (most - 1)) for i in range(most)}) if most > 1 else [1]


@unittest.skipUnless(LIBRARY and os.path.exists(LIBRARY), "needs the library to preload")
class Torture(delivery.Test):
    def torture(self, kind, first):
        sim = self.simulator(settings=delivery.QUICK)
        counting = kind(self, sim, first)
        counting.run()
        counts = counting.table.counts()
        self.assertIn("socket", counts, "nothing is counted: is the library preloaded?")
        runs = []
        for name, count in sorted(counts.items()):
            if not name.startswith(ONLY):
                continue
            # the allocator is called by the thousand: as many places as there are of others, and some more
            each = EACH * 8 if name == "malloc" else EACH * 3 if name == "sqlite3_step" else EACH
            if EACH == 0 and name == "malloc":
                each = 200
            for i, nth in enumerate(spread(count, each)):
                kinds = errors_of(name)  # in turn: each place has one of them
                runs.append(kind(self, sim, first + 1 + len(runs), name, nth, kinds[i % len(kinds)]))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            results = {r: pool.submit(r.run) for r in runs}
        fired = 0
        for r, result in results.items():
            with self.subTest(r.title):
                fired += bool(result.result())
        print(f"{kind.__name__}: {fired} of {len(runs)} runs had their failure; calls: {counts}", flush=True)
        self.assertGreater(fired, len(runs) // 2)

    def test_alone(self):
        self.torture(Alone, 0)

    def test_client(self):
        self.torture(Client, 3000)

    def test_daemon(self):
        self.torture(Daemon, 6000)


if __name__ == "__main__":
    unittest.main()

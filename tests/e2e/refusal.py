"""The two instruments that make one call of a run fail, and which errors each call may plausibly have.

Calls refuses system calls (tests/support/refuse.c): whoever makes them, and each process has numbers of its own.
Functions fails SQLite's functions and the allocator, inside the process (tests/support/torture.c).
A place is where a run can fail: "1:fdatasync" of Calls, "sqlite3_step" of Functions; its calls count from 1.
"""

import errno
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile

import harness

REFUSE = os.environ.get("NT_REFUSE", "")
LIBRARY = os.environ.get("NT_TORTURE_LIBRARY", "")

# What each system call is refused with, in turn; "short" does half of it. A call that is not here gets EIO.
ERRORS = {
    "accept4": "EMFILE ECONNABORTED", "access": "EACCES EIO", "bind": "EADDRINUSE EACCES", "brk": "ENOMEM",
    "chdir": "EACCES", "chmod": "EPERM EIO", "clone": "EAGAIN ENOMEM", "clone3": "EAGAIN ENOMEM", "close_range": "ENOMEM",
    "connect": "ECONNREFUSED EINTR ENETUNREACH EAGAIN", "dup": "EMFILE", "dup2": "EMFILE", "dup3": "EMFILE",
    "epoll_create1": "EMFILE ENOMEM", "epoll_ctl": "ENOSPC ENOMEM", "epoll_wait": "EINTR", "epoll_pwait": "EINTR",
    "eventfd2": "EMFILE", "execve": "ENOMEM EACCES", "fallocate": "ENOSPC", "fchmod": "EPERM EIO",
    "fchown": "EPERM EIO", "fcntl": "ENOLCK EAGAIN EINTR", "fdatasync": "EIO ENOSPC", "flock": "ENOLCK EINTR EAGAIN",
    "fork": "EAGAIN ENOMEM", "fsync": "EIO ENOSPC", "ftruncate": "ENOSPC EIO", "getcwd": "ENOENT",
    "getpeername": "ENOBUFS", "getrandom": "EINTR ENOSYS", "getsockname": "ENOBUFS", "getsockopt": "ENOBUFS",
    "ioctl": "ENOTTY", "kill": "EPERM", "link": "EIO EMLINK", "listen": "EADDRINUSE", "madvise": "ENOMEM",
    "memfd_create": "EMFILE ENOMEM", "mkdir": "ENOSPC EACCES", "mmap": "ENOMEM", "mprotect": "ENOMEM",
    "mremap": "ENOMEM", "clock_nanosleep": "EINTR", "newfstatat": "EIO EACCES", "openat": "EMFILE EIO EACCES",
    "pidfd_open": "EMFILE", "pipe2": "EMFILE ENFILE", "poll": "EINTR ENOMEM", "prctl": "EINVAL",
    "pread64": "EIO short EINTR", "pwrite64": "ENOSPC short EIO", "read": "EIO short EINTR", "readlink": "EIO EACCES",
    "recvfrom": "ECONNRESET short EINTR EAGAIN", "recvmsg": "ECONNRESET EINTR EAGAIN", "rename": "EIO ENOSPC",
    "sendmsg": "ECONNRESET EPIPE ENOBUFS EAGAIN", "sendto": "ECONNRESET short EPIPE ENOBUFS EINTR EAGAIN",
    "setpgid": "EPERM", "setsid": "EPERM", "setsockopt": "ENOBUFS", "shutdown": "ENOTCONN", "signalfd4": "EMFILE",
    "socket": "EMFILE ENOMEM EACCES", "socketpair": "EMFILE", "timerfd_create": "EMFILE", "unlink": "EIO EACCES",
    "uname": "EFAULT", "utimensat": "EPERM", "vfork": "EAGAIN ENOMEM", "wait4": "EINTR ECHILD",
    "waitid": "EINTR ECHILD", "write": "ENOSPC short EIO EINTR", "writev": "ENOSPC EIO",
}
# On these hangs whether a page is kept, or sent twice: all of their errors, at each of their calls.
DECISIVE = ("bind", "connect", "fdatasync", "flock", "fsync", "ftruncate", "pwrite64", "recvfrom", "recvmsg", "rename",
            "sendmsg", "sendto", "write")

# SQLite's codes: what a disk, another process, damage and memory do.
IOERR, FULL, BUSY, CORRUPT, NOMEM = 10, 13, 5, 11, 7
CODES = (IOERR, FULL, NOMEM, BUSY, CORRUPT)


def options(changes):
    """A sanitizer's options, with these added."""
    return ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), *changes)))


class Calls:
    """System calls; an error is a name, such as "EIO", or "short"."""

    @staticmethod
    def usable():
        """False where the kernel does not ask anybody (before Linux 5.6, or in a container that forbids it)."""
        if not REFUSE:
            return False
        with tempfile.TemporaryDirectory(prefix="nt-refuse-") as folder:
            report = pathlib.Path(folder, "report")
            done = subprocess.run([REFUSE, "--report", str(report), "/bin/true"])
            if done.returncode == 0:
                harness.wait_until(report.exists, 30, "the report is there")
            return done.returncode == 0

    def __init__(self, folder, place=None, nth=0, error=None):
        self.report = folder / "refused"
        self.prefix = [REFUSE, "--report", str(self.report)]
        if place:
            self.prefix += ["--call", f"{place}:{nth}:{error}"]
        if os.environ.get("NT_TORTURE_STOP"):
            self.prefix.append("--stop")

    def environment(self, folder):
        return {"ASAN_OPTIONS": options([f"log_path={folder}/sanitizer", "exitcode=99"])}

    def ended(self):
        """All that came of the command is gone."""
        return self.report.exists()

    def disarm(self):
        pass

    def lines(self, *words):
        if not self.ended():
            return []
        return [line.split(" ", 4) for line in self.report.read_text().splitlines() if line.startswith(words)]

    def fired(self):
        """Where the call was refused; "" if there was none, or none of ours."""
        return "".join(line[4] for line in self.lines("refused"))

    def counts(self):
        return {f"{line[1]}:{line[2]}": int(line[3]) for line in self.lines("call")}

    @staticmethod
    def kind(place):
        return place.partition(":")[2]

    @classmethod
    def errors(cls, place, nth):
        errors = ERRORS.get(cls.kind(place), "EIO").split()
        return errors if cls.kind(place) in DECISIVE else [errors[nth % len(errors)]]


class Functions:
    """SQLite's functions, failing with its codes, and malloc. The table in memory is the preloaded library's."""

    prefix = []
    NAME, ENTRIES, SIZE = 28, 96, 4096
    HEAD = struct.Struct(f"{NAME}sIiII")
    ENTRY = struct.Struct(f"{NAME}sI")

    @staticmethod
    def usable():
        return bool(LIBRARY)

    def __init__(self, folder, place="", nth=0, error=0):
        self.path = folder / "torture"
        self.path.write_bytes(bytes(self.SIZE))
        with open(self.path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), self.SIZE)
        self.memory[:self.HEAD.size] = self.HEAD.pack((place or "").encode(), nth, error or 0, 0, 0)

    def environment(self, folder):
        return {"LD_PRELOAD": LIBRARY, "NT_TORTURE": str(self.path),
                "ASAN_OPTIONS": options(["verify_asan_link_order=0", f"log_path={folder}/sanitizer", "exitcode=99"])}

    def ended(self):
        return None  # this one cannot know

    def disarm(self):
        self.memory[:self.NAME] = bytes(self.NAME)

    def fired(self):
        return "here" if self.HEAD.unpack(self.memory[:self.HEAD.size])[4] else ""

    def counts(self):
        found = {}
        for i in range(self.ENTRIES):
            name, count = self.ENTRY.unpack_from(self.memory, self.HEAD.size + i * self.ENTRY.size)
            if count:
                found[name.rstrip(b"\0").decode()] = count
        return found

    @staticmethod
    def kind(place):
        return place

    @staticmethod
    def errors(place, nth):
        if place == "malloc":
            return [errno.ENOMEM]
        return [NOMEM] if place in ("sqlite3_busy_timeout", "sqlite3_db_config") else [CODES[nth % len(CODES)]]

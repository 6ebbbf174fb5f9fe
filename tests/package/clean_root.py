"""A Debian of its own in a folder: what is essential, and what one package depends on, and nothing else.

It is made of the files of this machine's packages and of what dpkg knows about them, so it needs no network and no
mounts, and a library that a package forgot to depend on is not there. Needs root: for chroot(2) and for owners.
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

INFO = pathlib.Path("/var/lib/dpkg/info")
LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|info|lintian|bug)/")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def stanzas(text):
    """Paragraphs of a control file, each as (fields, text)."""
    for paragraph in re.split(r"\n\n+", text.strip("\n")):
        unfolded = re.sub(r"\n[ \t]+", " ", paragraph)
        yield dict(line.split(": ", 1) for line in unfolded.splitlines() if ": " in line), paragraph


class Packages:
    """What is installed on this machine."""

    def __init__(self):
        self.fields, self.text, self.providers = {}, {}, {}
        for fields, text in stanzas(pathlib.Path("/var/lib/dpkg/status").read_text("utf-8")):
            if not fields.get("Status", "").endswith(" installed"):
                continue
            name = fields["Package"]
            self.fields[name], self.text[name] = fields, text
            for provided in self.names(fields.get("Provides", "")):
                self.providers.setdefault(provided, name)

    @staticmethod
    def names(relations):
        return [re.split(r"[\s(:]", r.strip())[0] for r in re.split(r"[,|]", relations) if r.strip()]

    def closure(self, relations):
        """The names of what is essential and of what relations ask for, with all that these need."""
        found = set()
        todo = [[n] for n, f in self.fields.items() if f.get("Essential") == "yes"]
        todo += [self.names(r) for r in relations.split(",")]
        while todo:
            alternatives = todo.pop()
            here = [n if n in self.fields else self.providers[n] for n in alternatives
                    if n in self.fields or n in self.providers]
            if not here:
                raise AssertionError(f"not installed on this machine: {' | '.join(alternatives)}")
            if here[0] in found:
                continue
            found.add(here[0])
            for field in ("Pre-Depends", "Depends"):
                todo += [self.names(r) for r in self.fields[here[0]].get(field, "").split(",") if r.strip()]
        return sorted(found)


class CleanRoot:
    def __init__(self, relations):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nt-root-"))
        self.folder.chmod(0o755)
        try:
            self.fill(relations)
        except BaseException:
            self.remove()
            raise

    def remove(self):
        shutil.rmtree(self.folder)

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def fill(self, relations):
        for name in ("usr", "etc", "tmp", "dev", "proc", "run", "root", "var/lib/dpkg/info", "var/lib/dpkg/updates",
                     "var/lib/dpkg/triggers"):
            self.path(name).mkdir(parents=True)
        self.path("tmp").chmod(0o1777)
        for name in MERGED:
            if os.path.islink(f"/{name}"):
                self.path(f"usr/{name}").mkdir()
                self.path(name).symlink_to(f"usr/{name}")
        packages = Packages()
        names = packages.closure(relations)
        for name in names:
            self.add_package(name)
        self.path("var/lib/dpkg/status").write_text("".join(packages.text[n] + "\n\n" for n in names), "utf-8")
        self.path("var/lib/dpkg/available").touch()
        # What postinst scripts of essential packages have made, which are not run again here.
        for name in ("passwd", "group"):
            shutil.copy(self.path(f"usr/share/base-passwd/{name}.master"), self.path(f"etc/{name}"))
        self.path("etc/shadow").touch(0o640)
        self.path("etc/gshadow").touch(0o640)
        try:
            os.mknod(self.path("dev/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:  # a container that may not: an ordinary file swallows as much
            self.path("dev/null").touch()
        self.path("dev/null").chmod(0o666)
        self.run("ldconfig")

    def add_package(self, name):
        for info in (*INFO.glob(f"{name}.*"), *INFO.glob(f"{name}:*")):
            shutil.copy2(info, self.path(f"var/lib/dpkg/info/{info.name}"))
            if info.suffix == ".list":
                for line in info.read_text("utf-8").splitlines():
                    self.add_file(line)

    def add_file(self, line):
        if LEFT_OUT.match(line) or not os.path.lexists(line) or line == "/.":
            return
        source = os.path.join(os.path.realpath(os.path.dirname(line)), os.path.basename(line))
        target = self.path(source)
        if os.path.lexists(target):
            return
        if os.path.isdir(source) and not os.path.islink(source):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copystat(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        status = os.lstat(source)
        os.lchown(target, status.st_uid, status.st_gid)
        if stat.S_ISREG(status.st_mode):
            target.chmod(stat.S_IMODE(status.st_mode))  # the setuid bit has gone with the owner

    def environment(self, extra=None):
        return ["/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                *(f"{k}={v}" for k, v in (extra or {}).items())]

    def command(self, *args, user=None, env=None):
        """The words that run args in here, as root or as somebody."""
        return ["chroot", *([f"--userspec={user}"] if user else []), str(self.folder), *self.environment(env), *map(str, args)]

    def run(self, *args, user=None, env=None, check=True, timeout=120):
        done = subprocess.run(self.command(*args, user=user, env=env), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout)
        if check and done.returncode:
            raise AssertionError(f"{args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def add_user(self, name, number, groups=()):
        """As useradd would: a user with a group of its own, and in these groups."""
        passwd, group = self.path("etc/passwd"), self.path("etc/group")
        passwd.write_text(passwd.read_text() + f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n")
        lines = [f"{line}{'' if line.endswith(':') else ','}{name}" if line.split(":")[0] in groups else line
                 for line in group.read_text().splitlines()]
        group.write_text("\n".join(lines) + f"\n{name}:x:{number}:\n")

    def number(self, name, file="group"):
        """The number of a group (or of a user: "passwd") in here."""
        for line in self.path(f"etc/{file}").read_text().splitlines():
            if line.split(":")[0] == name:
                return int(line.split(":")[2])
        raise AssertionError(f"there is no {name} in /etc/{file}")

    def owner(self, inside):
        """Mode, user and group of a file in here, as `0640 root notify_twilio`."""
        status = os.lstat(self.path(inside))
        users = {line.split(":")[2]: line.split(":")[0] for line in self.path("etc/passwd").read_text().splitlines()}
        groups = {line.split(":")[2]: line.split(":")[0] for line in self.path("etc/group").read_text().splitlines()}
        return f"{stat.S_IMODE(status.st_mode):04o} {users.get(str(status.st_uid))} {groups.get(str(status.st_gid))}"

    def snapshot(self):
        """path → (what it is and whose, what is in it)."""
        found = {}
        for where, folders, files in os.walk(self.folder):
            for name in (*folders, *files):
                whole = os.path.join(where, name)
                status = os.lstat(whole)
                content = (os.readlink(whole) if stat.S_ISLNK(status.st_mode) else
                           pathlib.Path(whole).read_bytes() if stat.S_ISREG(status.st_mode) else None)
                found["/" + os.path.relpath(whole, self.folder)] = (status.st_mode, status.st_uid, status.st_gid, content)
        return found

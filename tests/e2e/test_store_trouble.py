"""A store that cannot be used: the page goes out, it is said loudly, nothing readable is lost, and the store is used again
when it can be."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import delivery
import harness
from delivery import alert, pages
from harness import ALICE, BOB

NOBODY = pwd.getpwnam("nobody")
AS_ROOT = os.geteuid() == 0
BACK = 25  # s: the real store is tried every 15


class Trouble(delivery.Test):
    def setUp(self):
        self.sim = self.simulator(settings=delivery.QUICK)
        self.place = self.site(self.sim, delivery.NO_THROTTLE)
        self.told = delivery.alarms(self.place)

    def send(self, host, *args, to=ALICE, **kwargs):
        return self.place.run("send", "-t", to, *args, *alert(host=host), **kwargs)

    def stored_before(self):
        """A settled page, and one that waits, its drainer dead."""
        self.assert_exit(self.send("old01"), 0)
        delivery.wait_gone(self.place)
        self.sim.settings(latency=3000)
        self.assert_exit(self.send("old02", "--wait", "0"), 0)
        harness.wait_until(lambda: delivery.states(self.place)[-1] == "sending")
        for pid in self.place.survivors():
            delivery.kill(pid, signal.SIGKILL)
        self.sim.settings(latency=0)
        harness.wait_until(lambda: not self.place.survivors())

    def assert_loud(self, words):
        log = self.place.log()
        self.assertRegex(log, f"error: .*{words}")

    def check(self):
        return self.place.run("check")


class Damage(Trouble):
    def judge(self, damage, words="corrupt", keeps=True):
        """What is damaged is set aside; the page goes out, and what could be read is still there."""
        self.stored_before()
        damage(self.place.database)
        done = self.send("new01")
        self.assert_exit(done, 0)
        harness.wait_until(lambda: any("new01" in m["body"] for m in self.sim.messages(ALICE)), 15)
        self.assert_loud(words)
        delivery.drain_to_end(self.place, 45)
        bodies = [m["body"] for m in self.sim.messages(ALICE)]
        self.assertEqual([sum(h in b for b in bodies) for h in ("old01", "new01")], [1, 1], self.place.log())
        self.assertLessEqual(sum("old02" in b for b in bodies), 1)
        if keeps:
            self.assertEqual(sum("old02" in b for b in bodies), 1, self.place.log())
        self.assertEqual(delivery.rows(self.place, "PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        self.assertTrue(any("new01" in p["body"] for p in pages(self.place)))
        aside = [p for p in self.place.store_folder.iterdir() if "corrupt" in p.name]
        self.assertTrue(aside, list(self.place.store_folder.iterdir()))
        self.assertLessEqual(len(self.told()), 1, "one alarm a cause")

    @staticmethod
    def settle_wal(path):
        db = sqlite3.connect(path)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()

    def test_garbage_over_pages(self):
        def damage(path):
            self.settle_wal(path)
            size = path.stat().st_size
            with open(path, "r+b") as f:
                for at in range(4096 * 2, size, 4096 * 3):
                    f.seek(at)
                    f.write(b"\xa5" * 2000)
        self.judge(damage, keeps=False)

    def test_garbage_over_the_first_page(self):
        def damage(path):
            self.settle_wal(path)
            with open(path, "r+b") as f:
                f.seek(100)
                f.write(b"\xff" * 3000)
        self.judge(damage, keeps=False)

    def test_truncated(self):
        def damage(path):
            self.settle_wal(path)
            os.truncate(path, path.stat().st_size // 2 + 1000)
        self.judge(damage, keeps=False)

    def test_not_a_database(self):
        def damage(path):
            self.settle_wal(path)
            path.write_text("this is no database\n" * 1000)
        self.judge(damage, "corrupt|not a database", keeps=False)

    def test_zero_length(self):
        """A file that is merely empty is a new database: nothing is there to be set aside."""
        self.assert_exit(self.send("old01"), 0)
        delivery.wait_gone(self.place)
        self.settle_wal(self.place.database)
        os.truncate(self.place.database, 0)
        self.assert_exit(self.send("new01"), 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 2)
        self.assert_once(self.sim, ["old01", "new01"])
        self.assertEqual([p["host"] for p in pages(self.place)], ["new01"])

    def test_under_a_running_daemon(self):
        """The file is overwritten while serve has it open; hand-overs go on, and what is stored afterwards is sound."""
        serve = self.place.serve()
        self.assert_exit(self.send("old01"), 0)
        harness.wait_until(lambda: delivery.settled(self.place))
        size = self.place.database.stat().st_size
        for path in (self.place.database, pathlib.Path(f"{self.place.database}-wal")):
            if path.exists():
                with open(path, "r+b") as f:
                    f.write(os.urandom(max(size, path.stat().st_size)))
        for n in range(4):
            self.assert_exit(self.send(f"new0{n}"), 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 5, 20)
        self.assert_once(self.sim, ["old01", "new00", "new01", "new02", "new03"])
        self.assertEqual(harness.end_process(serve), 0)  # it may have had all it needed in memory: the next one has not
        serve = self.place.serve()
        self.assert_exit(self.send("new04"), 0)
        harness.wait_until(lambda: any("new04" in m["body"] for m in self.sim.messages(ALICE)), 20)
        self.assert_loud("corrupt")
        self.assertLessEqual(len(self.told()), 1)
        self.assertEqual(delivery.rows(self.place, "PRAGMA integrity_check"), [{"integrity_check": "ok"}])


class Newer(Trouble):
    def test_left_untouched(self):
        self.assert_exit(self.send("old01"), 0)
        delivery.wait_gone(self.place)
        db = sqlite3.connect(self.place.database)
        db.execute("PRAGMA user_version = 99")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        before = self.place.database.read_bytes()
        for host in ("new01", "new02"):
            self.assert_exit(self.send(host), 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 3)
        self.assert_once(self.sim, ["old01", "new01", "new02"])
        self.assertEqual(self.place.database.read_bytes(), before)
        self.assert_loud("version|schema|newer")
        self.assertEqual([p.name for p in self.place.store_folder.iterdir() if "corrupt" in p.name], [])
        done = self.check()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout, "CRITICAL.*store")


class Held(Trouble):
    """The store is locked by somebody who does not go."""

    def setUp(self):
        super().setUp()
        self.assert_exit(self.send("old01"), 0)
        delivery.wait_gone(self.place)
        self.holder = sqlite3.connect(self.place.database, isolation_level=None)
        self.holder.execute("BEGIN IMMEDIATE")

    def tearDown(self):
        self.holder.close()


class Locked(Held):
    def test_alone(self):
        done, took = self.timed(lambda: self.send("new01"))
        self.assert_exit(done, 0)
        self.assertLess(took, 12 * harness.PATIENCE)
        self.assert_once(self.sim, ["old01", "new01"])
        self.assert_loud("busy|locked")
        self.holder.execute("ROLLBACK")
        self.assert_exit(self.send("new02"), 0)

    def test_beside_serve_and_back(self):
        serve = self.place.serve()
        done = self.send("new01", timeout=240)
        self.assert_exit(done, 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 2, 20)
        harness.wait_until(lambda: "pages go out without it" in self.place.log(), 20)
        self.assertLessEqual(len(self.told()), 1)
        done = self.check()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout, "CRITICAL.*without the store")
        self.assert_exit(self.send("new02"), 0)
        self.holder.execute("ROLLBACK")
        harness.wait_until(lambda: re.search("works again", self.place.log()), BACK)
        # new01 came while serve waited for the lock: whoever took it had no store, and does not remember it
        harness.wait_until(lambda: {p["host"] for p in pages(self.place)} >= {"old01", "new02"})
        self.assert_exit(self.send("new03"), 0)
        harness.wait_until(lambda: any(p["host"] == "new03" and p["state"] in ("sent", "delivered")
                                       for p in pages(self.place)))
        self.assert_once(self.sim, ["old01", "new01", "new02", "new03"])
        harness.wait_until(lambda: self.told(), 10, "the alarm command is a process of its own")
        self.assertEqual(len(self.told()), 1)
        self.assertIsNone(serve.poll())
        self.assertEqual(self.check().returncode, 0, self.check().stdout)


@unittest.skipUnless(AS_ROOT, "only root can become another user, and mount")
class Places(Trouble):
    def as_nobody(self):
        """The folders are nobody's, and so are the processes."""
        os.chmod(self.place.folder, 0o755)
        for path in [self.place.folder, *self.place.folder.rglob("*")]:
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        return ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]

    def send_by(self, prefix, host, *args):
        return self.place.run(*prefix[1:], harness.program("NT_BIN", "notify_twilio"), "send", "-t", ALICE, *args,
                              *alert(host=host), binary=shutil.which(prefix[0]))

    def test_unwritable_folder(self):
        prefix = self.as_nobody()
        self.place.store_folder.chmod(0o555)
        os.chown(self.place.store_folder, 0, 0)
        done = self.send_by(prefix, "new01")
        self.assert_exit(done, 0)
        self.assert_once(self.sim, ["new01"])
        self.assert_loud("store .*cannot be used.*")
        self.assertRegex(self.place.log(), "[Pp]ermission|denied|not allowed")
        self.assertFalse(self.place.database.exists())

    def test_run_again_without_twilio(self):
        """A monitor runs again what ended with 75: the next run asks the process that the first has left behind, and
        nothing is sent twice."""
        self.place.configure({"deduplicate": "1h"})
        prefix = self.as_nobody()
        self.place.store_folder.chmod(0)
        self.sim.faults([{"method": "POST", "do": "status", "status": 429, "code": 20429}])
        for _ in range(3):
            done = self.send_by(prefix, "new01", "--wait", "2")
            self.assert_exit(done, 75)
            self.assertIn("not stored", done.stderr)
        self.assertEqual(len(self.place.survivors()), 1, self.place.log())
        # The store is there again, and who was left behind has perhaps not looked yet.
        self.place.store_folder.chmod(0o700)
        self.assertIn(self.send_by(prefix, "new01", "--wait", "2").returncode, (0, 75))
        self.sim.faults([])
        delivery.wait_gone(self.place)
        self.assert_once(self.sim, ["new01"])

    def test_unreadable_database(self):
        self.assert_exit(self.send("old01"), 0)
        delivery.wait_gone(self.place)
        prefix = self.as_nobody()
        os.chown(self.place.database, 0, 0)
        self.place.database.chmod(0o600)
        done = self.send_by(prefix, "new01")
        self.assert_exit(done, 0)
        self.assert_once(self.sim, ["old01", "new01"])
        self.assert_loud("store .*cannot be used")
        self.place.database.chmod(0o660)
        os.chown(self.place.database, NOBODY.pw_uid, NOBODY.pw_gid)
        self.assertEqual([p["host"] for p in pages(self.place)], ["old01"])

    def test_full_disk(self):
        """A small file system, filled to the last byte while serve runs, and emptied again."""
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.place.store_folder],
                          capture_output=True, check=False).returncode:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.place.store_folder], check=False)
        serve = self.place.serve()
        self.assert_exit(self.send("old01"), 0)
        harness.wait_until(lambda: delivery.settled(self.place))
        ballast = self.place.store_folder / "ballast"
        with open(ballast, "wb", buffering=0) as f:
            try:
                for size in (4096, 512, 1):
                    try:
                        while True:
                            f.write(b"x" * size)
                    except OSError:
                        continue
            except OSError:
                pass
        hosts = []
        for n in range(60):  # what the log has room for still fits; then it does not
            hosts.append(f"new{n:02d}")
            done = self.send(hosts[-1], to=BOB)
            self.assert_exit(done, 0)
            if "pages go out without it" in self.place.log():
                break
        self.assertIn("pages go out without it", self.place.log())
        harness.wait_until(lambda: len(self.sim.messages(BOB)) == len(hosts), 20)
        self.assert_once(self.sim, hosts, BOB)
        self.assert_loud("no space left")
        harness.wait_until(lambda: self.told(), 10, "the alarm command is a process of its own")
        self.assertEqual(len(self.told()), 1)
        self.assertEqual(self.check().returncode, 2)
        ballast.unlink()
        harness.wait_until(lambda: "works again" in self.place.log(), BACK)
        harness.wait_until(lambda: {p["host"] for p in pages(self.place)} == {"old01", *hosts})
        self.assert_exit(self.send("last", to=BOB), 0)
        harness.wait_until(lambda: len(self.sim.messages(BOB)) == len(hosts) + 1)
        self.assert_once(self.sim, [*hosts, "last"], BOB)
        self.assertIsNone(serve.poll())

    def test_full_disk_alone(self):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.place.store_folder],
                          capture_output=True, check=False).returncode:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.place.store_folder], check=False)
        done = self.send("new01")
        self.assert_exit(done, 0)
        self.assert_once(self.sim, ["new01"])
        self.assert_loud("store .*cannot be used")


class Limited(Trouble):
    def test_files_may_not_grow(self):
        """RLIMIT_FSIZE, with and without the signal that comes with it: a full disk that nobody has to be root for."""
        for n, trap in enumerate(("trap '' XFSZ;", "")):
            with self.subTest(trap):
                site = self.site(self.sim)
                done = site.run("-c", f"{trap} ulimit -f 40; exec \"$@\"", "sh", harness.program("NT_BIN", "notify_twilio"),
                                "send", "-t", ALICE, *alert(host=f"new{n}"), binary=shutil.which("sh"))
                self.assert_exit(done, 0)
                self.assertEqual(sum(f"new{n}" in m["body"] for m in self.sim.messages(ALICE)), 1)
                self.assertRegex(site.log(), "error: store .*cannot be used")
                delivery.wait_gone(site)
                self.assert_exit(site.run("send", "-t", ALICE, *alert(host=f"later{n}")), 0)
                self.assertEqual([p["host"] for p in pages(site)], [f"later{n}"])


class Gone(Trouble):
    def test_folder_taken_away_and_put_back(self):
        self.place.serve()
        self.assert_exit(self.send("old01"), 0)
        harness.wait_until(lambda: delivery.settled(self.place))
        aside = pathlib.Path(tempfile.mkdtemp(prefix="nt-aside-", dir=self.place.folder.parent))
        self.addCleanup(shutil.rmtree, aside, True)
        self.place.store_folder.rename(aside / "store")
        self.place.store_folder.write_text("in the way")
        self.assert_exit(self.send("new01"), 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 2, 20)
        self.place.store_folder.unlink()
        (aside / "store").rename(self.place.store_folder)
        harness.wait_until(lambda: {p["host"] for p in pages(self.place)} == {"old01", "new01"}, BACK)
        self.assert_exit(self.send("new02"), 0)
        harness.wait_until(lambda: len(self.sim.messages(ALICE)) == 3, 20)
        self.assert_once(self.sim, ["old01", "new01", "new02"])


if __name__ == "__main__":
    unittest.main()

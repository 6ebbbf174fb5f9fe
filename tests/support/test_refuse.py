"""refuse: the call that was named fails, no other; what it tells of is true."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import harness
import refusal

WORDS = "first\nsecond\n"


@unittest.skipUnless(refusal.Calls.usable(), "the kernel lets nobody refuse a call")
class Refuse(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="nt-refuse-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "words").write_text(WORDS)

    def refuse(self, *command, place=None, nth=0, error=None):
        """The command's end, and the instrument, when all is over."""
        calls = refusal.Calls(self.folder, place, nth, error)
        calls.report.unlink(missing_ok=True)
        done = subprocess.run([*calls.prefix, *command], cwd=self.folder, capture_output=True, text=True, timeout=120)
        harness.wait_until(calls.ended, 30, "the report is there")
        return done, calls

    def read_of(self, file, *command):
        """Which read is that file's, and not one of the loader's: its failure is told with the file's name."""
        for nth in range(1, self.refuse(*command)[1].counts()["1:read"] + 1):
            done, calls = self.refuse(*command, place="1:read", nth=nth, error="EIO")
            self.assertTrue(calls.fired(), nth)
            if f"{file}: Input/output error" in done.stderr:
                return nth
        raise AssertionError(f"none of them is that of {file}")

    def test_nothing_is_refused_without_an_order(self):
        done, calls = self.refuse("/bin/cat", "words")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, WORDS, ""))
        self.assertEqual(calls.fired(), "")
        self.assertGreaterEqual(calls.counts()["1:read"], 2)

    def test_one_call_is_refused_with_its_error(self):
        nth = self.read_of("words", "/bin/cat", "words")
        done, calls = self.refuse("/bin/cat", "words", place="1:read", nth=nth, error="EACCES")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Permission denied", done.stderr)
        self.assertIn("libc", calls.fired())
        self.assertEqual(self.refuse("/bin/cat", "words", place="1:read", nth=1000, error="EIO")[1].fired(), "")

    def test_a_call_that_is_cut_does_half_of_it(self):
        done, calls = self.refuse("/bin/cat", "words", place="1:write", nth=1, error="short")
        self.assertEqual(done.stdout, WORDS)
        self.assertTrue(calls.fired())
        self.assertEqual(calls.counts()["1:write"], 2)

    def test_processes_have_numbers_and_the_exit_status_is_the_commands(self):
        line = "cat words; cat words || exit 7; kill -TERM $$"
        done, calls = self.refuse("/bin/sh", "-c", line)
        self.assertEqual((done.returncode, done.stdout), (-signal.SIGTERM, WORDS * 2))
        self.assertEqual({place.split(":")[0] for place in calls.counts()}, {"1", "2", "3"})
        done, calls = self.refuse("/bin/sh", "-c", line, place="3:write", nth=1, error="ENOSPC")
        self.assertEqual((done.returncode, done.stdout), (7, WORDS))
        self.assertIn("No space left", done.stderr)

    def test_the_report_waits_for_whoever_is_left_behind(self):
        os.mkfifo(self.folder / "gate")
        calls = refusal.Calls(self.folder)
        subprocess.run([*calls.prefix, "/bin/sh", "-c", "cat gate >/dev/null & exit 0"], cwd=self.folder, check=True)
        self.assertFalse(calls.ended())
        (self.folder / "gate").write_text("go")
        harness.wait_until(calls.ended, 30, "the report is there")

    def test_a_command_that_is_not_there(self):
        self.assertEqual(self.refuse("/bin/there-is-no-such-thing")[0].returncode, 127)
        self.assertEqual(subprocess.run([refusal.REFUSE, "--call", "1:nonsense:1:EIO", "--report", "x", "/bin/true"],
                                        cwd=self.folder, capture_output=True).returncode, 125)


if __name__ == "__main__":
    unittest.main()

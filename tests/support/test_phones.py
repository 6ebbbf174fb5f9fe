"""The phones as they are drawn."""

import os
import subprocess
import sys
import unittest

import harness
import phones


def message(**changes):
    return {"to": harness.ALICE, "from": harness.FROM, "service": None, "body": "hello", "encoding": "GSM-7",
            "segments": 1, "media": [], "status": "delivered", "error": None, "created": 0, **changes}


class Drawing(unittest.TestCase):
    def test_wrapping(self):
        self.assertEqual(phones.wrap("one two three", 7), ["one two", "three"])
        self.assertEqual(phones.wrap("abcdefghij", 4), ["abcd", "efgh", "ij"])
        self.assertEqual(phones.wrap("a\n\nb", 4), ["a", "", "b"])
        self.assertEqual(phones.wrap("日本語", 4), ["日本", "語"])

    def test_lines_are_straight(self):
        bodies = ["x" * 200, "短い本文 and more", "😀" * 20, "e\u0301" * 40, "a b " * 30]
        for ascii_only in (False, True):
            for columns in (40, 80, 200):
                drawn = phones.draw([message(to=f"+1500555100{i}", body=b) for i, b in enumerate(bodies)],
                                    {harness.ALICE: "alice"}, ascii_only, columns)
                self.assertEqual(drawn.isascii(), ascii_only)
                self.assertLessEqual(max(map(phones.width, drawn.split("\n"))), max(columns, 42))
                if columns == 40:
                    self.assertEqual({phones.width(line) for line in drawn.split("\n")}, {phones.TEXT + 8})

    def test_what_is_said(self):
        drawn = phones.draw([message(segments=2, encoding="UCS-2"), message(status="failed", error=30007, body="secret"),
                             message(media=["https://e.org/a.png"])], ascii_only=True)
        for words in ("UCS-2, 2 segments, delivered", "failed (30007)", "[picture]", "MMS, 1 segment", harness.FROM):
            self.assertIn(words, drawn)
        self.assertNotIn("secret", drawn)


class Showing(harness.Test):
    def show(self, *args, locale="C.UTF-8"):
        return subprocess.run([sys.executable, "-B", phones.__file__, *args], capture_output=True, timeout=30,
                              env={**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})

    def test_from_a_simulator(self):
        for tls in (False, True):
            sim = self.simulator(tls=tls)
            self.assertIn(b"no phone", self.show(sim.url).stdout)
            sim.plant(to=harness.ALICE, body="Grüße", **{"from": harness.FROM})
            done = self.show(sim.url, "--wait", "1", "--name", f"{harness.ALICE}=alice")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("Grüße", done.stdout.decode())
            self.assertIn(f"alice {harness.ALICE}", done.stdout.decode())
            self.assertIn(b"Gr??e", self.show(sim.url, locale="C").stdout)

    def test_nobody_answers(self):
        self.assertEqual(self.show(f"http://127.0.0.1:{harness.free_port()}").returncode, 1)
        self.assertEqual(self.show().returncode, 64)


if __name__ == "__main__":
    unittest.main()

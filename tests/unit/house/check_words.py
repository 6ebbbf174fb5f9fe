"""check_words ROOT: no file names the machine it was written on, and none is left half done."""

import os
import re
import sys

from house import SKIPPED, line_of, report, run, self_check

# Put together here, so that this file does not name them either.
WORDS = re.compile(
    r"(?<![\w.~/}])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + r"me/(?!user\b)\w+"]) + r")/"
    r"|\b(?:TO" + r"DO|FIX" + r"ME)\b")
BINARY = (".png", ".jpg", ".gif", ".ico", ".gz", ".db", ".der")


def files(root):
    listed = run("git", "-C", root, "ls-files", "-z")
    if listed.returncode == 0 and listed.stdout:
        return [p for p in listed.stdout.split("\0") if p]
    found = []
    for where, names, here in os.walk(root, followlinks=True):
        names[:] = [n for n in names if n not in SKIPPED and not n.startswith("build")]
        found += [os.path.relpath(os.path.join(where, f), root) for f in here]
    return sorted(found)


def check(root):
    complaints = []
    for path in files(root):
        whole = os.path.join(root, path)
        if path.endswith(BINARY) or "/corpus/" in path or not os.path.isfile(whole):
            continue
        with open(whole, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for match in WORDS.finditer(text):
            complaints.append(f"{path}:{line_of(text, match.start())}: {match.group()}")
    return complaints


GOOD = {"a.c": "/* see /var/lib/notify_twilio and /homepage/x, network/ed */\n", "b.md": "https://example.org/wo" + "rk/\n"}
BAD = [
    {"x.c": "/* /wo" + "rk/place */\n"},
    {"x/y.md": "in `/ro" + "ot/x`\n"},
    {"x.sh": "cd /ho" + "me/alice/src\n"},
    {"x.c": "/* TO" + "DO: later */\n"},
]

if __name__ == "__main__":
    self_check(check, GOOD, BAD)
    report(check(sys.argv[1]), "words")

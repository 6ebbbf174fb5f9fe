"""house: what the checks share: walking the sources, reading C without its comments, and the self-check."""

import os
import re
import subprocess
import sys
import tempfile

SKIPPED = {".git", "build", "node_modules", "__pycache__"}


def sources(root, folders, suffixes=(".c", ".h")):
    """Paths below root, relative to it, sorted."""
    found = []
    for folder in folders:
        for where, names, files in os.walk(os.path.join(root, folder), followlinks=True):
            names[:] = [n for n in names if n not in SKIPPED]
            found += [os.path.relpath(os.path.join(where, f), root) for f in files if f.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def code_of(text):
    """C with comments, strings and character constants blanked out; lines stay where they are."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def fixture(files):
    """A temporary folder with these files in it: {path: text}. Use as a context."""
    folder = tempfile.TemporaryDirectory(prefix="nt-house-")
    for path, text in files.items():
        whole = os.path.join(folder.name, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)
    return folder


def self_check(check, good, bad):
    """check(root) → complaints. `good` files give none; each of the `bad` (a list of files) gives at least one."""
    with fixture(good) as root:
        complaints = check(root)
        if complaints:
            sys.exit("self-check: a sound example was refused:\n" + "\n".join(complaints))
    for files in bad:
        with fixture({**good, **files}) as root:
            if not check(root):
                sys.exit(f"self-check: a bad example was let through: {files}")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def report(complaints, what):
    if complaints:
        print("\n".join(complaints))
        sys.exit(f"{len(complaints)} against the rules of the house")
    print(f"{what}: nothing to complain about")

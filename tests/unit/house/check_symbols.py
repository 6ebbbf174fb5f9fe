"""check_symbols exports|needed CC FILE PATTERN: what a built file shows, and what it asks for.

exports: the names in its dynamic symbol table match PATTERN, and there is one. needed: the libraries it needs match
PATTERN; libc.so.6 alone, for the program that a monitor starts hundreds of times.
"""

import os
import re
import sys
import tempfile

from house import report, run

# What sanitizers and old linkers put in.
RUNTIME = r"_init|_fini|_edata|_end|__bss_start|__(odr_)?(asan|ubsan|tsan|sanitizer|sancov)\w*(\.\w+)?"


def exports(path, pattern):
    names = [line.split()[-1].split("@")[0] for line in run("nm", "-D", "--defined-only", path).stdout.splitlines()]
    names = [n for n in names if not re.fullmatch(RUNTIME, n)]
    wrong = [f"{path} exports {n}" for n in names if not re.fullmatch(pattern, n)]
    return wrong if names else [f"{path} exports nothing"]


def needed(path, pattern):
    output = run("readelf", "-d", path).stdout
    names = re.findall(r"\(NEEDED\).*\[(.+)\]", output)
    wrong = [f"{path} needs {n}" for n in names if not re.fullmatch(pattern, n)]
    return wrong if names else [f"{path} needs nothing at all, not even libc"]


def build(compiler, folder, source, *flags):
    made = os.path.join(folder, "made")
    with open(os.path.join(folder, "made.c"), "w", encoding="utf-8") as file:
        file.write(source)
    result = run(compiler, "-o", made, os.path.join(folder, "made.c"), *flags)
    if result.returncode:
        sys.exit(f"self-check: cannot build the example:\n{result.stdout}")
    return made


def self_check(compiler):
    library = ("-shared", "-fPIC")
    with tempfile.TemporaryDirectory(prefix="nt-house-") as folder:
        for source, flags, check, pattern, good in [
            ("int nt_open(void) { return 0; }", library, exports, r"nt_\w+", True),
            ("int nt_open(void) { return 0; } int helper(void) { return 1; }", library, exports, r"nt_\w+", False),
            ("static int f(void) { return 0; } int (*const g)(void) = f;", library, exports, r"nt_\w+", False),
            ("int main(void) { return 0; }", (), needed, "libc.so.6", True),
            ("int main(void) { return 0; }", ("-Wl,--no-as-needed", "-lm"), needed, "libc.so.6", False),
        ]:
            complaints = check(build(compiler, folder, source, *flags), pattern)
            if good != (not complaints):
                sys.exit(f"self-check: {check.__name__} is wrong about: {source} {complaints}")


if __name__ == "__main__":
    self_check(sys.argv[2])
    report({"exports": exports, "needed": needed}[sys.argv[1]](sys.argv[3], sys.argv[4]), sys.argv[1])

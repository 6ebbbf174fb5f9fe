"""check_headers CC ROOT INCLUDE_DIR…: every header of plugin/ and notify/ compiles alone, and twice in a row."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from house import report, run, self_check, sources

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Wundef", "-Werror", "-fsyntax-only"]


def check_with(compiler, includes):
    def compile_alone(root, path):
        once = ["-include", os.path.join(root, path)]
        folders = [f"-I{i}" for i in [*includes, os.path.join(root, "plugin"), root]]
        result = run(compiler, *FLAGS, *folders, *once, *once, "-x", "c", "/dev/null")
        return [f"{path} does not compile alone:\n{result.stdout}"] if result.returncode else []

    def check(root):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda p: compile_alone(root, p), sources(root, ["plugin", "notify"], (".h",))), [])

    return check


GOOD = {"plugin/base/a.h": "#ifndef A_H\n#define A_H\n#include <stddef.h>\nstruct a {\n    size_t n;\n};\n#endif\n"}
BAD = [
    {"plugin/base/x.h": "size_t f(void);\n"},
    {"plugin/base/x.h": "struct twice {\n    int n;\n};\n"},
    {"notify/x.h": "int f();\n"},
]

if __name__ == "__main__":
    self_check(check_with(sys.argv[1], []), GOOD, BAD)
    report(check_with(sys.argv[1], sys.argv[3:])(sys.argv[2]), "headers")

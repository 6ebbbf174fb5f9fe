"""check_tests ROOT: every test that is written is built: tests/unit/STAGE/test_MODULE.c is named in its CMakeLists.txt."""

import os
import re
import sys

from house import read, report, self_check, sources


def check(root):
    complaints = []
    for path in sources(root, ["tests/unit"], (".c",)):
        folder, name = os.path.split(path)
        if not name.startswith("test_"):
            continue
        lists = os.path.join(folder, "CMakeLists.txt")
        text = read(root, lists) if os.path.exists(os.path.join(root, lists)) else ""
        text = re.sub(r"#[^\n]*", "", text)
        if not re.search(r"(?<![\w.])(" + re.escape(name) + "|" + re.escape(name[5:-2]) + r")(?![\w.])", text):
            complaints.append(f"{path}: {lists} does not name it, so nobody runs it")
    return complaints


def main():
    lists = "tests/unit/base/CMakeLists.txt"
    test = "tests/unit/base/test_buf.c"
    self_check(
        check,
        {lists: "foreach(module buf clock)\nendforeach()\nadd_executable(x test_mem.c)\n", test: "", "tests/unit/base/support.c": "",
         "tests/unit/base/test_mem.c": ""},
        [{"tests/unit/base/test_kv.c": ""}, {lists: "# buf\nnt_unit_test(base buffer)\n"}, {"tests/unit/sms/test_fit.c": ""}],
    )
    report(check(sys.argv[1]), "tests")


if __name__ == "__main__":
    main()

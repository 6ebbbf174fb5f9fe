#!/bin/sh
# coverage.sh [--lines STAGE]… [--no-run]: how much of each stage the tests reach, by gcov and gcovr.
#
# Builds everything in build/coverage with counters, runs the unit and e2e tests, and prints a line a stage. --lines adds
# every line of a stage (plugin/queue, notify, …; several with several --lines; `delivery` are those between a page and
# Twilio) that nothing has reached, as FILE:LINE: TEXT; --no-run judges by the counters of the last run. Nothing is judged:
# a line that is reached is not yet a line that is tested. e2e.torture may fail here: who writes the counters at a process's
# end, which is not ours, does not survive a malloc that fails then.
set -eu
cd "$(dirname "$0")/.."

lines=''
run=true
while [ $# -gt 0 ]; do
    case $1 in
        --lines)
            case ${2:?--lines STAGE} in
                delivery) lines="$lines plugin/queue plugin/throttle plugin/twilio plugin/sms plugin/flow" ;;
                *) lines="$lines ${2%/}" ;;
            esac
            shift
            ;;
        --no-run) run=false ;;
        *)
            sed -n '2,/^set/s/^# \{0,1\}//p' packaging/coverage.sh >&2
            exit 64
            ;;
    esac
    shift
done
command -v gcovr >/dev/null || {
    echo 'coverage.sh: gcovr is missing: apt-get install --no-install-recommends gcovr' >&2
    exit 69
}

build=build/coverage
if $run; then
    # Who leaves by _exit(2) would leave its counters behind.
    cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS='--coverage -fprofile-update=atomic -D_exit=exit' \
        ${NT_NPM_DIR:+-DNT_NPM_DIR="$NT_NPM_DIR"} >/dev/null
    cmake --build $build -j "${NT_JOBS:-$(nproc)}" -- --quiet
    find $build -name '*.gcda' -delete
    # What fails is said, and what it reached counts all the same.
    ctest --test-dir $build -j "${NT_JOBS:-$(nproc)}" -L "${NT_COVERAGE_LABELS:-^(unit|e2e)$}" --quiet || echo 'coverage.sh: not all tests passed' >&2
fi

# The builds with fault points are the same sources: gcovr takes both together.
gcovr --root . --object-directory $build --gcov-ignore-parse-errors --exclude-unreachable-branches --exclude-throw-branches \
    --exclude-directories '.*CompilerIdC.*' --filter plugin/ --filter notify/ --json $build/coverage.json $build
# shellcheck disable=SC2086
python3 - $build/coverage.json $lines <<'END'
import collections
import json
import sys

stages = collections.defaultdict(lambda: [0, 0])
missing = []
for file in json.load(open(sys.argv[1]))["files"]:
    name = file["file"]
    part = name.split("/")
    stage = "/".join(part[:2]) if part[0] == "plugin" and len(part) > 2 else part[0]
    text = open(name).read().split("\n")
    # A line of a header counts once for each source that has it.
    counts = collections.defaultdict(int)
    for line in file["lines"]:
        if not line.get("gcovr/noncode"):
            counts[line["line_number"]] += line["count"]
    for total in (stages[stage], stages["all"]):
        total[0] += len(counts)
        total[1] += sum(count > 0 for count in counts.values())
    if stage in sys.argv[2:]:
        missing += [f"{name}:{line}: {text[line - 1].strip()}" for line, count in sorted(counts.items()) if not count]
for line in missing:
    print(line)
for stage, (lines, reached) in sorted(stages.items(), key=lambda item: (item[0] == "all", item[0])):
    print(f"{stage:<20} {lines:6} lines {100 * reached / max(lines, 1):5.1f} %")
END

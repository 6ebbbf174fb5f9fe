#!/bin/sh
# coverage.sh [--lines STAGE] [--no-run]: how much of each stage the tests reach, by gcov and gcovr.
#
# Builds everything in build/coverage with counters, runs the unit and e2e tests, and prints a line a stage. --lines lists
# the places of a stage that nothing has reached (plugin/queue, notify, …); --no-run judges by the counters of the last run.
# Nothing is judged: a line that is reached is not yet a line that is tested.
set -eu
cd "$(dirname "$0")/.."

lines=''
run=true
while [ $# -gt 0 ]; do
    case $1 in
        --lines) lines=${2:?--lines STAGE} && shift ;;
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
report() {
    gcovr --root . --object-directory $build --gcov-ignore-parse-errors --exclude-unreachable-branches \
        --exclude-throw-branches --exclude-directories '.*CompilerIdC.*' "$@"
}

if [ -n "$lines" ]; then
    report --filter "$lines/" --txt
    exit
fi
report --filter plugin/ --filter notify/ --csv | awk -F, '
    NR > 1 {
        n = split($1, part, "/")
        stage = part[1] == "plugin" && n > 2 ? part[1] "/" part[2] : part[1]
        all[stage] += $2; hit[stage] += $3; a += $2; h += $3
    }
    END {
        for (stage in all)
            printf "%-20s %6d lines %5.1f %%\n", stage, all[stage], 100 * hit[stage] / all[stage] | "sort"
        close("sort")
        printf "%-20s %6d lines %5.1f %%\n", "all", a, a ? 100 * h / a : 0
    }'

#!/bin/sh
# lint.sh [cppcheck|tidy]…: what static analysis finds in plugin/ and notify/; nothing, or it fails.
#
# cppcheck takes seconds and is among the tests (lint.cppcheck); tidy, clang-tidy with the rules of .clang-tidy, takes
# minutes. Without a name: both. BUILD (build/dev) is a configured build folder, for what is generated there.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/dev}

# What is left out, and why:
#   varFuncNullUB        NULL at the end of macros_first(): a pointer on everything that Linux runs on, and a sentinel that
#                        the compiler checks
#   nullPointerRedundantCheck:…/preview.c   cJSON may set the end to NULL, which cppcheck does not know
# SQLite's version and cJSON's loop are told, since cppcheck does not read the headers of others.
lint_cppcheck() {
    cppcheck --quiet -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppress=varFuncNullUB --suppress=nullPointerRedundantCheck:plugin/flow/preview.c \
        -D_GNU_SOURCE -D__GNUC__=12 -DSQLITE_VERSION_NUMBER=3040000 '-DcJSON_ArrayForEach(each,of)=while (next_of(&each, of))' \
        -Iplugin -I. -I"$build/plugin/base/include" plugin notify
}

lint_tidy() {
    cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    # One at a time: with several, its analyzer takes every va_list of the later ones for uninitialized.
    find plugin notify -name '*.c' -print0 | xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build"
}

[ $# -gt 0 ] || set -- cppcheck tidy
for what; do
    case $what in
        cppcheck | tidy) "lint_$what" ;;
        *)
            echo "lint.sh: what is $what?" >&2
            exit 64
            ;;
    esac
done

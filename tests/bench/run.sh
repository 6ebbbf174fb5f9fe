#!/bin/sh
# Every benchmark, or those named: tests/bench/run.sh BUILD_DIR [PART…]. BUILD_DIR is best a release build.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: $0 BUILD_DIR [PART…]   (parts: python3 $here/bench.py --help)" >&2; exit 64; }
exec python3 "$here/bench.py" "$@"

#!/bin/sh
# test.sh [--quick] [--no-install]: installs what the tests need, builds, and runs every test there is.
#
#   release   what is installed, every warning an error: all tests (unit, e2e, contract, monitors, package)
#   asan      with address and undefined behaviour sanitizers: unit and e2e        (not with --quick)
#   tsan      with the thread sanitizer: what runs beside threads                  (not with --quick)
#   fuzz      a while of every fuzz target, with clang                             (not with --quick)
#
# Debian 12, as root or with sudo; elsewhere install by hand and say --no-install. Everything is built in build/.
# NT_JOBS says how many jobs run at once, NT_NPM_DIR where the packages from npm lie, NT_FUZZ_SECONDS how long each fuzz
# target runs (60). Exit status: 0 when all passed.
set -eu
cd "$(dirname "$0")/.."
. packaging/packages.sh

quick=false
install=true
for option; do
    case $option in
        --quick) quick=true ;;
        --no-install) install=false ;;
        -h | --help)
            sed -n '2,/^set/s/^# \{0,1\}//p' packaging/test.sh
            exit 0
            ;;
        *)
            echo "test.sh: what is $option? See --help." >&2
            exit 64
            ;;
    esac
done

jobs=${NT_JOBS:-$(nproc)}
started=$(date +%s)
mkdir -p build/logs
: >build/logs/results
trap '[ $? = 0 ] || echo "test.sh: failed after $(($(date +%s) - started)) s" >&2' EXIT

say() {
    printf '\n=== %s  [%d s]\n' "$1" $(($(date +%s) - started))
}

# What a bare Debian 12 needs, by what needs it.
building='gcc libc6-dev binutils cmake ninja-build pkg-config
    libcurl4-openssl-dev libcjson-dev libsqlite3-dev libyaml-dev libutf8proc-dev libssl-dev'
testing='cppcheck valgrind libc6-dbg libcmocka-dev libmicrohttpd-dev python3 openssl ca-certificates tzdata git nginx rrdtool fonts-dejavu-core'
contract='python3-twilio'
# php-cgi first: PHP is content with it, and brings no web server.
monitors='nagios4-core icinga2-bin icinga2-common
    locales php-cgi php-cli php-pgsql zabbix-server-pgsql zabbix-frontend-php postgresql'
package='dpkg-dev debhelper lintian man-db systemd logrotate'
fuzzing='clang libclang-rt-14-dev'
# Node may come from somewhere else, and then brings its own npm.
command -v node >/dev/null || contract="$contract nodejs"
command -v npm >/dev/null || contract="$contract npm"

if $install; then
    say 'packages'
    $quick && fuzzing=''
    # shellcheck disable=SC2086
    missing=$(packages_missing $building $testing $contract $monitors $package $fuzzing)
    echo "${missing:-all there}"
    # shellcheck disable=SC2086
    packages_install build/logs/apt $building $testing $contract $monitors $package $fuzzing
fi

# The packages from npm, once for all builds; a registry may fail for a moment.
npm=${NT_NPM_DIR:-$PWD/build/npm}
for pause in 5 20 0; do
    if tests/contract/packages.sh "$npm"; then break; fi
    [ "$pause" != 0 ] || exit 1
    sleep "$pause"
done

# build NAME [TARGET…]: configures build/NAME by its preset and builds it, or these targets of it.
build() {
    name=$1
    shift
    say "$name: build"
    cmake --preset "$name" -DNT_NPM_DIR="$npm" >"build/logs/$name-cmake" 2>&1 || {
        cat "build/logs/$name-cmake"
        exit 1
    }
    cmake --build --preset "$name" -j "$jobs" ${1:+--target "$@"} -- --quiet
}

# run NAME [OPTION…]: ctest in build/NAME. Its closing line is kept for the end.
failed=0
as_root=
run() {
    name=$1
    shift
    say "$name: tests"
    # Most tests wait more than they work. No pipe may hide ctest's exit status.
    { $as_root ctest --test-dir "build/$name" -j $((jobs * 2)) --output-on-failure --no-tests=error "$@" 2>&1 && echo ok >"build/logs/$name-ok"; } |
        tee "build/logs/$name-ctest"
    [ -e "build/logs/$name-ok" ] || failed=1
    rm -f "build/logs/$name-ok"
    printf '%s: %s\n' "$name" "$(grep 'tests passed' "build/logs/$name-ctest" || echo 'no result')" >>build/logs/results
}

build release
if [ "$(id -u)" = 0 ]; then
    run release
else
    # The package's test lives in a root of its own, which only root can enter.
    run release -LE '^package$'
    as_root=sudo
    run release -L '^package$'
    as_root=
    sudo chown -R "$(id -u):$(id -g)" build/release/Testing
fi

if ! $quick; then
    build asan
    run asan -L '^(unit|e2e)$'

    # Our own code starts no thread; libcurl's resolver and the simulator do.
    build tsan notify_twilio twilio_simulator test_handover_server test_handover_client test_twilio_http test_twilio_http_tls
    run tsan -R '^(e2e\.(phones|harness)|unit\.twilio\.http(_tls)?|unit\.handover\.(server|client))$'

    say 'fuzz: build'
    cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DNT_WERROR=ON -DNT_FUZZ=ON \
        -DCMAKE_C_FLAGS_DEBUG='-g -O1' -DNT_SANITIZE=address,undefined -DNT_FUZZ_SECONDS="${NT_FUZZ_SECONDS:-60}" \
        -DNT_NPM_DIR="$npm" >build/logs/fuzz-cmake 2>&1 || {
        cat build/logs/fuzz-cmake
        exit 1
    }
    cmake --build build/fuzz -j "$jobs" --target tests/fuzz/all -- --quiet
    run fuzz -L '^fuzz$'
fi

say 'summary'
cat build/logs/results
sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' build/logs/results |
    awk '{ failed += $1; all += $2 } END { printf "%d passed, %d failed\n", all - failed, failed }'
exit $failed

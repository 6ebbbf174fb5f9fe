#!/bin/sh
# quickstart.sh: one alert of a Nagios on the phones of three people, without a Twilio account.
#
# On Debian or Ubuntu it installs what is missing, builds the program and a Twilio simulator in ~/.cache, lets Nagios's
# own environment speak to the one, and draws the phones that the other serves. It ends what it started.
set -eu
cd "$(dirname "$0")/.."
. packaging/packages.sh

cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/notify_twilio
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || cache=$(mktemp -d -t notify_twilio.XXXXXX)
cache=$(cd "$cache" && pwd)
build=$cache/build
demo=$cache/demo
yours=$cache/config
bold='' dim='' plain='' columns=80
if [ -t 1 ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m') columns=$(tput cols 2>/dev/null || echo 80)
fi

simulator='' daemon=''
finish() {
    status=$?
    trap - EXIT
    for pid in $daemon $simulator; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    rm -rf "$demo"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step=0
begin() {
    step=$((step + 1))
    since=$(date +%s)
    printf '%s%d/4%s %-46s' "$bold" $step "$plain" "$1"
}
end() {
    printf '%s%s, %d s%s\n' "$dim" "$1" $(($(date +%s) - since)) "$plain"
}
# give_up FILE WORDS: shows the end of a log.
give_up() {
    printf '\n'
    tail -n 30 "$1" >&2
    echo "quickstart: $2 (all of it: $1)" >&2
    exit 1
}
# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
    left=$(($1 * 20))
    shift
    until "$@"; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.05
    done
}

cat <<END

${bold}notify_twilio${plain}: from a Nagios alert to three phones, on this machine alone.

END

needed='gcc libc6-dev cmake ninja-build pkg-config python3 tzdata libcurl4-openssl-dev libcjson-dev
    libsqlite3-dev libyaml-dev libutf8proc-dev libssl-dev libcmocka-dev libmicrohttpd-dev'
begin 'packages'
# shellcheck disable=SC2086
missing=$(packages_missing $needed)
# shellcheck disable=SC2086
packages_install "$cache/apt.log" $needed || {
    echo "quickstart: the packages could not be installed" >&2
    exit 1
}
if [ -n "$missing" ]; then end "$(echo "$missing" | wc -w) installed"; else end 'all there'; fi

begin 'build (the program and the simulator)'
# Of another checkout, or of one that has moved: not to be gone on with.
grep -Fqx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$build/CMakeCache.txt" 2>/dev/null || rm -rf "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >"$cache/build.log" 2>&1 ||
    give_up "$cache/build.log" 'cmake did not like something'
cmake --build "$build" --target notify_twilio twilio_simulator >>"$cache/build.log" 2>&1 ||
    give_up "$cache/build.log" 'the build failed'
program=$build/notify/notify_twilio
end 'done'

# The demonstration: three people in three time zones, an account that exists in the simulator alone.
rm -rf "$demo"
mkdir -p "$demo/state" "$yours/store"
chmod 700 "$demo" "$yours"
account=AC00000000000000000000000000000000
(umask 077 && echo 0123456789abcdef0123456789abcdef >"$demo/auth_token")

begin 'Twilio simulator and the daemon'
"$build/tests/support/twilio_simulator" --account $account --token "$(cat "$demo/auth_token")" --from +15005550006 \
    --parent-watch --quiet >"$demo/simulator.out" 2>"$demo/simulator.log" &
simulator=$!
wait_for 10 grep -qs '^port=' "$demo/simulator.out" || give_up "$demo/simulator.log" 'the simulator did not start'
url=http://127.0.0.1:$(sed -n 's/^port=//p' "$demo/simulator.out")

people() {
    cat <<END
contacts:
  - name: alice
    numbers: ["+12025550143"]
    timezone: America/New_York
  - name: bob
    numbers: ["+442079460958"]
    timezone: Europe/London
  - name: carol
    numbers: ["+61491570156"]
    timezone: Australia/Sydney
groups:
  - name: oncall
    members: [alice, bob, carol]
END
}
{
    cat <<END
twilio:
  account_sid: $account
  auth_token_file: auth_token
  base_url: $url
  senders:
    - from: "+15005550006"
      segments_per_second: 10
END
    people
    cat <<END
message: {template_dir: "$PWD/templates"}
store: "sqlite:$demo/queue.db"
daemon: {socket: "$demo/socket"}
log: {to: "$demo/log"}
END
} >"$demo/config.yaml"

STATE_DIRECTORY=$demo/state "$program" serve -c "$demo/config.yaml" </dev/null >"$demo/serve.log" 2>&1 &
daemon=$!
wait_for 10 test -S "$demo/socket" || give_up "$demo/serve.log" 'the daemon did not start'
end "$url"

# What Nagios puts into the environment of a notification command, and the command that packaging/nagios ships.
begin 'Nagios: the service HTTP on web01 is CRITICAL'
now=$(date +%s)
env NAGIOS_NOTIFICATIONTYPE=PROBLEM NAGIOS_NOTIFICATIONNUMBER=1 NAGIOS_TIMET="$now" \
    NAGIOS_HOSTNAME=web01 NAGIOS_HOSTALIAS='Web server 1' NAGIOS_HOSTADDRESS=192.0.2.10 NAGIOS_HOSTSTATE=UP \
    NAGIOS_SERVICEDESC=HTTP NAGIOS_SERVICESTATE=CRITICAL NAGIOS_LASTSERVICESTATE=OK NAGIOS_SERVICEATTEMPT=3 \
    NAGIOS_SERVICESTATETYPE=HARD NAGIOS_SERVICEPROBLEMID=17 NAGIOS_SERVICEDURATIONSEC=120 \
    NAGIOS_SERVICEOUTPUT='HTTP CRITICAL – HTTP/1.1 503 Service Unavailable, 0.412 s response time' \
    NAGIOS_LONGSERVICEOUTPUT='' NAGIOS_SERVICEPERFDATA='time=0.412s;1;2;0' \
    NAGIOS_CONTACTNAME=operators NAGIOS_CONTACTPAGER=oncall \
    "$program" send --source nagios -c "$demo/config.yaml" >"$demo/send.log" 2>&1 || give_up "$demo/send.log" 'the alert was not taken'
tests/support/phones.py "$url" --wait 3 --columns "$((columns - 2))" --name +12025550143=alice --name +442079460958=bob \
    --name +61491570156=carol >"$demo/phones" || give_up "$demo/log" 'not every phone got its text'
end '3 phones'

printf '\n'
sed 's/^/  /' "$demo/phones"
printf '\nWhat the program remembers of it (%snotify_twilio queue list%s):\n\n' "$bold" "$plain"
"$program" queue list -c "$demo/config.yaml" 2>&1 | cut -c1-78 | sed 's/^/  /'

# A configuration to go on with. It is written once: what somebody put into it stays.
if [ ! -e "$yours/config.yaml" ]; then
    (umask 077 && echo put-the-auth-token-of-your-twilio-account-here >"$yours/auth_token")
    {
        cat <<END
twilio:
  account_sid: $account
  auth_token_file: auth_token
  senders:
    - from: "+15005550006"
END
        people
        cat <<END
message: {template_dir: "$PWD/templates"}
store: "sqlite:$yours/store/queue.db"
daemon: {socket: "$yours/socket"}
log: {to: "$yours/log"}
END
    } >"$yours/config.yaml"
fi
# line WORDS: the number of the first line with them.
line() {
    grep -n -m 1 -- "$1" "$yours/config.yaml" | cut -d: -f1
}

cat <<END

${bold}To page for real${plain}
  1. edit  $yours/config.yaml
       line $(line account_sid:)   account_sid   yours, from the Twilio console
       line $(line from:)   from          a number of yours there
       line $(line numbers:)   numbers       a phone of your own instead of alice's
  2. put the account's auth token into
           $yours/auth_token
  3. check and send
       export NOTIFY_TWILIO_CONFIG=$yours/config.yaml
       cd $build/notify
       ./notify_twilio config check
       ./notify_twilio send --test -t alice host=web01 service=HTTP \\
           state=CRITICAL output='It works'

${bold}To install it${plain}, and for Nagios, Icinga 2 and Zabbix: see README.md.

${bold}To clean up${plain}: nothing runs any more; the rest goes with
       rm -r $cache
END
if [ -n "$missing" ]; then
    printf '       apt-get purge --autoremove %s\n' "$missing" | fold -s -w 76 | sed '2,$s/^/           /; $!s/$/\\/'
fi
printf '\n'

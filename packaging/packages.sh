# Sourced by quickstart.sh and test.sh: Debian packages, only those that are missing, and no daemon started by any.
# shellcheck shell=sh

# packages_missing NAME…: the names of those that are not installed, on one line.
packages_missing() {
    packages_left=''
    for package; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :) in
            installed) ;;
            *) packages_left="$packages_left $package" ;;
        esac
    done
    echo "${packages_left# }"
}

# As root; a password is asked for only where somebody can type it.
packages_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        echo "Neither root nor sudo. As root: apt-get install --no-install-recommends $packages_wanted" >&2
        return 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# packages_install LOG NAME…: installs what is missing. What apt says goes into LOG, and to stderr when it fails.
packages_install() {
    packages_log=$1
    shift
    command -v dpkg-query >/dev/null || {
        echo "This is not Debian or Ubuntu; their packages would be: $*" >&2
        return 1
    }
    packages_wanted=$(packages_missing "$@")
    [ -n "$packages_wanted" ] || return 0
    # The inner shell is root's. It says no to every daemon that a package would start, unless somebody decided that already.
    # shellcheck disable=SC2016,SC2086
    packages_root sh -eu -c '
        policy=/usr/sbin/policy-rc.d
        if [ ! -e $policy ]; then
            trap "rm -f $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" >$policy
            chmod 755 $policy
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get -q -o DPkg::Lock::Timeout=300 update
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
    ' packages $packages_wanted </dev/null >"$packages_log" 2>&1 || {
        cat "$packages_log" >&2
        return 1
    }
}

#!/bin/sh
# deb.sh [FOLDER]: builds the Debian package notify-twilio into FOLDER (build/deb) and prints its path.
#
# It works on a copy in a temporary folder: of the files that git knows, as they are now, or of everything but build/
# where there is no git. The version is CMake's; as long as CHANGELOG.md calls it unreleased, with the time of the last
# commit, so that each is newer than the one before and older than the release. The same commit makes the same package.
#
# NT_JOBS says how many jobs run at once. What it needs: dpkg-dev, and what packaging/debian/control builds with; missing
# ones are named. Exit status: 0 built, 1 not.
set -eu
case ${1:-} in
    -*)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
        [ "$1" = -h ] || [ "$1" = --help ] || exit 64
        exit 0
        ;;
esac
output=${1:-$(dirname "$0")/../build/deb}
mkdir -p "$output"
output=$(cd "$output" && pwd)
cd "$(dirname "$0")/.."

folder=$(mktemp -d -t notify-twilio.XXXXXX)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What git knows, or everything; and when it was last changed.
if command -v git >/dev/null && epoch=$(git -c safe.directory="$PWD" log -1 --format=%ct 2>/dev/null); then
    # shellcheck disable=SC2016
    git -c safe.directory="$PWD" ls-files -z |
        xargs -0 sh -c 'for file; do if [ -e "$file" ]; then printf "%s\0" "$file"; fi; done' files >"$folder/files"
else
    epoch=$(stat -c %Y CHANGELOG.md)
    find . -path ./build -prune -o -path './build-*' -prune -o -type f -print0 >"$folder/files"
fi
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$epoch}"

version=$(sed -n 's/^project(notify_twilio VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
grep -q "^## .*\b$version\b" CHANGELOG.md || {
    echo "deb.sh: CHANGELOG.md does not know version ${version:-(none)} of CMakeLists.txt" >&2
    exit 1
}
if grep -q "^## \[Unreleased\].*\b$version\b" CHANGELOG.md; then
    version=$version~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)
fi

source=$folder/notify-twilio-$version
mkdir "$source"
tar -cf - --null -T "$folder/files" | tar -xf - -C "$source"
cp -R "$source/packaging/debian" "$source/debian"

# The newest section of CHANGELOG.md in Debian's shape and width.
{
    printf 'notify-twilio (%s) unstable; urgency=medium\n' "$version"
    awk '
        function flush(   n, word, i, line, indent) {
            n = split(text, word, " ")
            line = "  * " word[1]; indent = "    "
            for (i = 2; i <= n; i++)
                if (length(line) + 1 + length(word[i]) > 78) { print line; line = indent word[i] }
                else line = line " " word[i]
            if (n) print line
            text = ""
        }
        /^## / { if (seen++) exit; next }
        !seen { next }
        /^### / { flush(); printf "\n  [ %s ]\n", substr($0, 5); next }
        /^- / { flush(); text = substr($0, 3); next }
        { text = text " " $0 }
        END { flush() }' CHANGELOG.md
    printf '\n -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$source/debian/changelog"

cd "$source"
# Without build-essential's C++ compiler, which dpkg would ask for (-I), and which then must not ask again (-d).
dpkg-checkbuilddeps -I >&2
DEB_BUILD_OPTIONS="nocheck parallel=${NT_JOBS:-$(nproc)} ${DEB_BUILD_OPTIONS:-}" \
    dpkg-buildpackage --build=binary --no-sign -d >"$folder/log" 2>&1 || {
    cat "$folder/log" >&2
    exit 1
}
cp "$folder"/*.deb "$folder"/*.changes "$folder"/*.buildinfo "$output"
ls "$output/notify-twilio_${version}_$(dpkg --print-architecture).deb"

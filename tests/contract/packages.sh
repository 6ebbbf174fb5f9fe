#!/bin/sh
# packages.sh FOLDER [LIST]: makes sure that FOLDER/node_modules holds what the list names, one name@version a line
# (default: tests/contract-packages.txt). Nothing is fetched when it already does.
#
# Prism is named with its parts, all of one version: left to themselves its parts are newer ones that Debian 12's Node
# cannot load.
set -eu
folder=$1
list=${2:-$(dirname "$0")/../contract-packages.txt}

wanted=''
missing=''
while read -r package; do
    case $package in '' | '#'*) continue ;; esac
    wanted="$wanted $package"
    installed=$folder/node_modules/${package%@*}/package.json
    grep -Eqs "^ *\"version\": *\"${package##*@}\"" "$installed" || missing="$missing $package"
done <"$list"

if [ -n "$missing" ]; then
    mkdir -p "$folder"
    # A package.json of its own: without it npm would install into a folder further up.
    [ -e "$folder/package.json" ] || printf '{"private":true}\n' >"$folder/package.json"
    # Names and versions hold no blanks; word splitting is what makes them arguments.
    # shellcheck disable=SC2086
    npm install --prefix "$folder" --no-audit --no-fund --loglevel=error $wanted
fi

#!/bin/sh
# What a campaign costs, as rows of docs/COST.md: processor seconds for a site, a page and a minute of media, and peak memory.
# Needs GNU time (Debian package `time`); the program must be built.
set -eu
swordnet=$PWD/target/release/swordnet
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
clock=/usr/bin/time
[ -x "$clock" ] || { echo "GNU time is missing: install the package 'time'" >&2; exit 1; }

# Runs a command; leaves its processor seconds in $cpu and its peak memory, in MB, in $peak.
measure() {
    "$clock" -f '%U %S %M' -o "$out/time" "$@" >"$out/said" 2>"$out/errors" || { cat "$out/errors" >&2; exit 1; }
    cpu=$(tail -1 "$out/time" | awk '{ print $1 + $2 }')
    peak=$(tail -1 "$out/time" | awk '{ print int($3 / 1024) }')
}
row() { echo "| $1 | $2 | $peak MB | \`$3\` |"; }
each() { awk -v cpu="$cpu" -v n="$1" 'BEGIN { printf "%.2f", cpu / n }'; }
number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$out/said"; }
# Minutes that the files of a list last.
minutes() {
    while IFS= read -r file; do
        ffprobe -v error -show_entries format=duration -of csv=p=0 "$file" </dev/null
    done <"$1" | awk '{ s += $1 } END { print s / 60 }'
}

"$swordnet" demo --out "$out/demo" >"$out/said" 2>"$out/errors"
measure "$swordnet" demo --json --out "$out/demo"
pages=$(number pages) sites=$(number sites)
echo "| step | cost | peak memory | command |"
echo "| --- | --- | --- | --- |"
row "a whole campaign: $sites sites, $pages pages, five rounds of re-checks" "$cpu CPU s" "swordnet demo (its media made before)"
row "of that, for each site" "$(each "$sites") CPU s" "the same"
row "of that, for each page" "$(each "$pages") CPU s" "the same"

ground=$out/demo/ground-1
find "$ground/works" -name '*.mp4' -o -name '*.mp3' | sort >"$out/works.list"
find "$ground/media" -name '*.mp4' | sort >"$out/films.list"
find "$ground/media" -name '*.mp3' -o -name '*.m4a' | sort >"$out/songs.list"
"$swordnet" --data "$out/data" init >/dev/null 2>&1
sed 's/.*/{"file":"&","title":"&"}/' "$out/works.list" >"$out/works.jsonl"
measure "$swordnet" --data "$out/data" work import "$out/works.jsonl"
row "registering a minute of film (picture and sound) or music" "$(each "$(minutes "$out/works.list")") CPU s" "swordnet work import"
measure "$swordnet" --data "$out/data" match --list "$out/films.list"
row "recognising a minute of film, picture and sound" "$(each "$(minutes "$out/films.list")") CPU s" "swordnet match --list"
measure "$swordnet" --data "$out/data" match --list "$out/songs.list"
row "recognising a minute of music" "$(each "$(minutes "$out/songs.list")") CPU s" "swordnet match --list"

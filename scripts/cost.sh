#!/bin/sh
# What a campaign costs: processor seconds and peak memory of the demo, its ground built beforehand.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
target/release/swordnet demo --out "$out" >/dev/null
/usr/bin/env time -v target/release/swordnet demo --out "$out"

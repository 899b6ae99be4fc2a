#!/bin/sh
# Installs the programs named that are missing, each from the Debian package of the same name, or from those that follow it (sox:sox,libsox-fmt-all):
# ffmpeg, which decodes; openssl, which stands in for a time-stamp authority; chromium, which opens pages whose player hides what it plays. The
# rest comes with cargo.
set -eu
PATH=$PATH:/usr/games
missing=""
for program; do
    command -v "${program%%:*}" >/dev/null || missing="$missing $(echo "${program#*:}" | tr , ' ')"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "missing:$missing; install them (ffmpeg in version 5 or later) and run this again" >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing$missing from Debian's packages" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

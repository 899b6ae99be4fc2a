#!/bin/sh
# Installs what the program needs beside itself: ffmpeg. Everything else comes with cargo.
set -eu
if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "ffmpeg is missing: install it (version 5 or later) and run this again" >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing ffmpeg from Debian's packages" >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg >/dev/null

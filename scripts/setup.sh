#!/bin/sh
# Installs what the program needs beside itself: ffmpeg; and openssl, with which tests stand in for a time-stamp authority.
# Everything else comes with cargo.
set -eu
if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null && command -v openssl >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "ffmpeg (version 5 or later) or openssl is missing: install both and run this again" >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing ffmpeg and openssl from Debian's packages" >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg openssl >/dev/null

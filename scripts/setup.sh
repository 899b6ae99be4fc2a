#!/bin/sh
# Installs what the program needs beside itself: ffmpeg, and chromium, which opens pages whose player hides what it plays;
# and openssl, with which tests stand in for a time-stamp authority. Everything else comes with cargo.
set -eu
if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null && command -v openssl >/dev/null && command -v chromium >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "ffmpeg (version 5 or later), openssl or chromium is missing: install them and run this again" >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing ffmpeg, openssl and chromium from Debian's packages" >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg openssl chromium >/dev/null

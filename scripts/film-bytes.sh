#!/bin/sh
# How much of a two-hour film is fetched, and what it costs, to see that it is nobody's: prints for each container the share of
# its bytes and the CPU seconds of the whole patrol. Needs nginx-light, ffmpeg, time, and 5 GB in TMPDIR.
set -eu
[ -x /usr/bin/time ] && command -v nginx >/dev/null || { echo "needs: apt-get install nginx-light time" >&2; exit 1; }
swordnet=${SWORDNET:-}
if [ -z "$swordnet" ]; then
    cargo build --release --locked --quiet --package swordnet
    swordnet=${CARGO_TARGET_DIR:-target}/release/swordnet
fi
work=$(mktemp -d)
chmod 755 "$work"
film() { ffmpeg -nostdin -loglevel error "$@"; }
mkdir -p "$work/www/hls" "$work/www/dash"
# Three minutes of colours and noise, again and again: what they show does not matter, how many bytes they take does.
film -f lavfi -i mandelbrot=size=640x360:rate=25 -f lavfi -i sine -t 180 -vf noise=alls=12:allf=t -pix_fmt yuv420p \
    -c:v libx264 -preset veryfast -b:v 800k -g 125 -c:a aac "$work/part.mp4"
film -stream_loop 39 -i "$work/part.mp4" -c copy "$work/www/end.mp4"
film -i "$work/www/end.mp4" -c copy -movflags +faststart "$work/www/first.mp4"
film -i "$work/www/end.mp4" -c copy "$work/www/film.mkv"
film -i "$work/www/end.mp4" -c copy "$work/www/film.ts"
film -i "$work/www/end.mp4" -c copy -hls_time 6 -hls_list_size 0 "$work/www/hls/film.m3u8"
film -i "$work/www/end.mp4" -c copy -seg_duration 6 -f dash "$work/www/dash/film.mpd"
cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/pid; error_log $work/error.log;
events { worker_connections 256; }
http {
    include /etc/nginx/mime.types; default_type application/octet-stream;
    log_format bytes '\$body_bytes_sent'; access_log $work/log bytes;
    server { listen 127.0.0.1:18098; root $work/www; }
}
CONF
nginx -c "$work/nginx.conf" 2>/dev/null &
server=$!
trap 'kill $server; wait; rm -rf "$work"' EXIT
film -f lavfi -i testsrc2=duration=60 -pix_fmt yuv420p "$work/work.mp4"
for name in end.mp4 first.mp4 film.mkv film.ts hls/film.m3u8 dash/film.mpd; do
    whole=$(du -bc "$work/www/$(dirname "$name")"/* | tail -n 1 | cut -f 1)
    [ "$(dirname "$name")" != . ] || whole=$(stat -c %s "$work/www/$name")
    echo "<!doctype html><title>Film</title><video src=\"/$name\"></video>" >"$work/www/index.html"
    rm -rf "$work/data"
    "$swordnet" --data "$work/data" init >/dev/null 2>&1
    "$swordnet" --data "$work/data" work add "$work/work.mp4" --title Work >/dev/null 2>&1
    : >"$work/log"
    /usr/bin/time -f '%U %S' -o "$work/time" "$swordnet" --data "$work/data" --json \
        patrol http://film.site.test:18098/ --area film --resolve film.site.test:18098:127.0.0.1 \
        --allow-net 127.0.0.0/8 --delay 0 >/dev/null 2>&1
    sleep 1
    fetched=$(awk '{ sum += $1 } END { print sum }' "$work/log")
    tail -n 1 "$work/time" | awk -v name="$name" -v fetched="$fetched" -v whole="$whole" \
        '{ printf "%s: %.2f %% of %d MB, %.2f CPU s\n", name, 100 * fetched / whole, whole / 1e6, $1 + $2 }'
done

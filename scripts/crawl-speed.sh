#!/bin/sh
# What a crawl costs: the Rust documentation of Debian's package rust-doc, served by nginx on this machine.
# Prints pages, CPU seconds, peak memory and pages a CPU second. SITE=/folder measures another folder of pages,
# SWORDNET=/file another build.
set -eu
site=${SITE:-/usr/share/doc/rust-doc/html}
[ -d "$site" ] && command -v nginx >/dev/null && [ -x /usr/bin/time ] || {
    echo "needs: apt-get install rust-doc nginx-light time" >&2
    exit 1
}
swordnet=${SWORDNET:-}
if [ -z "$swordnet" ]; then
    cargo build --release --locked --quiet --package swordnet
    swordnet=${CARGO_TARGET_DIR:-target}/release/swordnet
fi
work=$(mktemp -d)
chmod 755 "$work"
cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/pid; error_log $work/error.log;
events { worker_connections 256; }
http {
    include /etc/nginx/mime.types; access_log off; gzip on; keepalive_requests 100000;
    server { listen 127.0.0.1:18099; root $site; index index.html; }
}
CONF
nginx -c "$work/nginx.conf" 2>/dev/null &
server=$!
trap 'kill $server; wait; rm -rf "$work"' EXIT
sleep 1
/usr/bin/time -f '%U %S %M' -o "$work/time" "$swordnet" --data "$work/data" --json \
    crawl http://doc.site.test:18099/ --warc "$work/site.warc.gz" --resolve doc.site.test:18099:127.0.0.1 \
    --allow-net 127.0.0.0/8 --delay 0 --max-pages 10000000 --concurrency 8 >"$work/answer" 2>"$work/said" ||
    { cat "$work/said" >&2; exit 1; }
pages=$(sed 's/.*"pages":\([0-9]*\).*/\1/' "$work/answer")
tail -n 1 "$work/time" | awk -v pages="$pages" '{
    printf "%d pages, %.2f CPU s, %.0f MiB at the peak, %.0f pages a CPU second\n", pages, $1 + $2, $3 / 1024, pages / ($1 + $2)
}'

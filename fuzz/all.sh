#!/usr/bin/env bash
# Fuzz targets, one after the other, all or those named: fuzz/all.sh [SECONDS [TARGET...]] (600 s each). Needs nightly Rust and ffmpeg; builds without cargo-fuzz, with
# coverage and without sanitizers. Findings lie in fuzz/artifacts; the exit status says whether there are any.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-600}
host=$(rustc -vV | sed -n 's/^host: //p')
passes="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
passes="$passes -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
RUSTFLAGS="$passes -Cdebug-assertions -Ccodegen-units=4" \
    cargo +nightly build --release --locked --target "$host"
./seeds.py corpus
mkdir -p artifacts
failed=0
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | grep -v swordnet)
for target in "${targets[@]}"; do
    log=$(mktemp)
    if "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="artifacts/$target-" -print_final_stats=1 "corpus/$target" > "$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "$target: $runs inputs in $seconds s, nothing found"
    else
        failed=1
        echo "$target: found something"
        tail -30 "$log"
    fi
    rm -f "$log"
done
exit $failed

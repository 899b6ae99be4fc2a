#!/bin/sh
# What a large index costs: scale.sh MEDIUM WORKS QUERIES FULL FOLDER. Indexes of FULL/64, FULL/16, FULL/4 and FULL (hours, pictures or
# articles) are built in FOLDER one after another, asked and taken away; a row for each is printed and kept in FOLDER/MEDIUM.txt. The columns are those of
# `measure::ask` in crates/campaign/examples/scale, after the size; WORKS and QUERIES are decoded signals as `signals` there says.
set -eu
medium=$1 works=$2 queries=$3 full=$4 folder=$5
cargo build --quiet --release -p swordnet-campaign --example scale
scale=${CARGO_TARGET_DIR:-target}/release/examples/scale
mkdir -p "$folder"
: >"$folder/$medium.txt"
for part in 64 16 4 1; do
    size=$((full / part))
    rm -rf "$folder/index"
    "$scale" build "$medium" "$works" "$size" "$folder/index"
    echo "$size $("$scale" ask "$medium" "$queries" "$folder/index")" | tee -a "$folder/$medium.txt"
done
rm -rf "$folder/index"

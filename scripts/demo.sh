#!/bin/sh
# Runs the demo on real, freely licensed media out of Debian packages; where they cannot be had, on media that the
# proving ground renders itself, and says which.
set -eu
out=${OUT:-swordnet-demo}
seed=${SEED:-1}
media=$out/media
mkdir -p "$out"
if command -v apt-get >/dev/null && crates/provingground/media-from-debian.sh "$media"; then
    echo "works: films of opencv-doc, music of wizznic-data, photographs of mate-backgrounds," \
        "texts of debian-reference-zh-cn, debian-faq-zh-cn and debian-policy; what is missing is rendered" >&2
else
    echo "works: rendered by the proving ground, as Debian's packages cannot be had in full here" >&2
    media=
fi
exec target/release/swordnet demo --seed "$seed" --out "$out" ${media:+--media "$media"}

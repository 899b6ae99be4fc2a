#!/bin/sh
# Fills DIR with freely licensed media out of Debian packages, as works for `demo --media DIR`. Nothing is installed: what the
# machine does not have is downloaded by apt-get as the calling user, and only the files named here are kept (about 32 MB).
#
#   package                 download  what is taken                                  licence, by the package's copyright file
#   opencv-doc               96 MB    three clips: a street, a tree, a turning box    Apache-2.0 and others
#   wizznic-data             17 MB    eight pieces of music by Sean Hawk              GPL-2+
#   mate-backgrounds         47 MB    twelve photographs of nature                    CC-BY-SA-4.0, GPL-2+
#   debian-reference-zh-cn    2 MB    a handbook in Chinese                           GPL-2+
#   debian-faq-zh-cn        0.2 MB    questions and answers in Chinese                GPL-2+
#   debian-policy             2 MB    a manual in English                             GPL-2+
#
# usage: media-from-debian.sh DIR
# exit: 0 everything is there; 1 some of it is missing (no network, no Debian): what is there can be used.
set -u
[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1/films" "$1/music" "$1/pictures" "$1/texts" || exit 2
dir=$(cd "$1" && pwd)
room=$(mktemp -d) || exit 2
trap 'rm -rf "$room"' EXIT
missing=0

# The folder under which a package's files lie: the machine itself, or where a download was unpacked.
# usage: root PACKAGE FILE
root() {
    [ -e "/$2" ] && return 0
    [ -d "$room/$1" ] || (
        cd "$room" && apt-get -qq download "$1" >/dev/null 2>&1 && dpkg-deb -x "$1"_*.deb "$1" && rm -f "$1"_*.deb
    ) || return 1
    [ -e "$room/$1/$2" ]
}

# usage: take PACKAGE FILE TO
take() {
    [ -s "$dir/$3" ] && return
    if ! root "$1" "$2"; then
        echo "$0: $1 has no $2 here, or cannot be downloaded" >&2
        missing=1
        return
    fi
    from="/$2"
    [ -e "$from" ] || from="$room/$1/$2"
    case $from in
        *.gz) gzip -dc "$from" > "$dir/$3.part" ;;
        *) cp "$from" "$dir/$3.part" ;;
    esac && mv "$dir/$3.part" "$dir/$3"
}

take opencv-doc usr/share/doc/opencv-doc/examples/data/vtest.avi films/street.avi
take opencv-doc usr/share/doc/opencv-doc/examples/data/tree.avi films/tree.avi
take opencv-doc usr/share/doc/opencv-doc/opencv4/html/box.mp4.gz films/box.mp4
for piece in "7 Nights" "Imperia" "In Rome" "Mysteria" "Sexaine" "Smash It" "Wizz 2" "Wizz 3"; do
    for file in "$piece.ogg" "$piece .ogg"; do
        name="usr/share/games/wizznic/packs/000_wizznic/music/Sean Hawk - $file"
        if root wizznic-data "$name"; then
            take wizznic-data "$name" "music/$piece.ogg"
        fi
    done
    [ -s "$dir/music/$piece.ogg" ] || missing=1
done
for picture in Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood YellowFlower; do
    take mate-backgrounds "usr/share/backgrounds/mate/nature/$picture.jpg" "pictures/$picture.jpg"
done
take debian-reference-zh-cn usr/share/debian-reference/debian-reference.zh-cn.txt.gz texts/Debian参考手册.txt
take debian-faq-zh-cn usr/share/doc/debian/FAQ/debian-faq.zh-cn.txt.gz texts/Debian常见问题.txt
take debian-policy usr/share/doc/debian-policy/policy.txt.gz texts/Debian-Policy.txt
exit "$missing"

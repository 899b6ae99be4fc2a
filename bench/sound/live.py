#!/usr/bin/env python3
"""Play pieces of works inside a long stream of strangers, through a pipe, and see what `match --live` tells and when.

  live.py --media DIR --queries QDIR --office DIR --out DIR [--seed 1] [--pieces 30] [--strangers 60]
--media    the folder written by prepare.py
--queries  a folder written by make_queries.py with the same seed: its index.txt says which works are indexed
--office   a data folder of swordnet; made and filled when it is not there. SWORDNET names the program
A stream has --pieces pieces of 10 s under each of the conditions below, in an order by chance, each behind 15 to 30 s of a work that is not
indexed (or of a voice), and goes in as MPEG-TS with AAC, 96 kbit/s. A second stream has --strangers minutes of such works and voices alone.
A piece is told when a telling names its work at its place (1 s); the delay is from its end to the moment of telling, in seconds of
the stream. Of what else is told, the right work at another place is a refrain, and a work that shares the recording by its waveform (see
shared.py) is no error; the rest is false. CPU is user and system, children included; that of ffmpeg decoding the same stream alone is told beside it.
"""

import argparse
import json
import os
import resource
import subprocess

import numpy as np
import soundfile as sf

from make_queries import SR, Ctx, T, ff, rms
from shared import share
from swordnet_adapter import index

CONDITIONS = {
    "as it was": (1.0, T["cut"][2]),
    "tempo 1.03": (1.03, lambda x, c: ff(x, "rubberband=tempo=1.03")),
    "speed 25/24": (25 / 24, T["speed-PAL-25to24"][2]),
    "MP3 32k": (1.0, T["mp3-32k"][2]),
    "voice as loud": (1.0, T["trec-A5-speech"][2]),
    "room and noise, 5 dB": (1.0, T["camcorder-5dB"][2]),
}
PIECE = 10


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def encode(samples, path):
    raw = np.clip(samples * 32767, -32768, 32767).astype("<i2").tobytes()
    command = ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(SR), "-ac", "1", "-i", "-"]
    subprocess.run([*command, "-c:a", "aac", "-b:a", "96k", "-f", "mpegts", path], input=raw, check=True)


def hear(program, office, path):
    """What was told, seconds of CPU, and those of decoding alone."""
    before = cpu()
    with open(path, "rb") as stream:
        played = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE)
        command = [program, "--data", office, "--json", "match", "--live", "-"]
        said = subprocess.run(
            command, stdin=played.stdout, stdout=subprocess.PIPE, check=True, text=True
        ).stdout
        played.stdout.close()
        played.wait()
    whole = cpu() - before
    before = cpu()
    decode = [
        "ffmpeg",
        "-v",
        "error",
        "-threads",
        "1",
        "-i",
        path,
        "-map",
        "0:a:0",
        "-ac",
        "1",
        "-ar",
        "8000",
    ]
    subprocess.run([*decode, "-f", "f32le", "-"], stdout=subprocess.DEVNULL, check=True)
    return [json.loads(line) for line in said.splitlines()], whole, cpu() - before


def main():
    parser = argparse.ArgumentParser()
    for name in ("media", "queries", "office", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pieces", type=int, default=30)
    parser.add_argument("--strangers", type=int, default=60, help="minutes")
    o = parser.parse_args()
    program = os.environ.get("SWORDNET", "swordnet")
    os.makedirs(o.out, exist_ok=True)
    if not os.path.exists(o.office):
        os.makedirs(o.office)
        index(o.queries + "/index.txt", o.office)
    office = o.office + "/office"
    with open(o.media + "/works.json") as file:
        works = json.load(file)
    with open(o.queries + "/index.txt") as lines:
        indexed = {line.split("\t")[0] for line in lines}

    def wav(work):
        return f"{o.media}/refs/{work['work']}.wav"

    known = [work for work in works if work["work"] in indexed]
    others = [wav(work) for work in works if work["work"] not in indexed and work["kind"] == "music"]
    voices = [wav(work) for work in works if work["work"] not in indexed and work["kind"] == "speech"]
    r = np.random.default_rng([o.seed, 5])
    c = Ctx(r, voices, others)

    def stranger(seconds):
        return c.clip(voices if r.random() < 0.2 else others, int(seconds * SR))

    def piece():
        while True:
            work = known[r.integers(len(known))]
            start = int(r.integers(max(1, int((work["seconds"] - PIECE - 1) * SR))))
            x = sf.read(wav(work), start=start, frames=PIECE * SR, dtype="float32")[0]
            if len(x) == PIECE * SR and min(rms(q) for q in np.array_split(x, 5)) > 0.003:
                return work["work"], start / SR, x

    class Stream:
        """Parts one after another, and where which clean sound is in them."""

        def __init__(s):
            s.parts, s.covers, s.end = [], [], 0.0

        def add(s, x, *clean):
            covers = [*clean, *c.picked]
            c.picked = []
            s.covers.append((s.end, s.end + len(x) / SR, covers))
            s.parts.append(x)
            s.end += len(x) / SR
            return s.end - len(x) / SR, s.end

        def explains(s, span):
            heard = [
                v for a, b, v in s.covers if min(b, span["query_end"]) - max(a, span["query_start"]) > 0.5
            ]
            return any(share(o.media, cover, span["title"]) for covers in heard for cover in covers)

    stream, truth = Stream(), []
    order = r.permutation([name for name in CONDITIONS for _ in range(o.pieces)])
    for name in order:
        rate, make = CONDITIONS[name]
        stream.add(stranger(r.uniform(15, 30)))
        work, start, x = piece()
        begin, end = stream.add(make(x, c), (work, start, PIECE))
        truth.append(dict(condition=str(name), work=work, ref=start, rate=rate, start=begin, end=end))
    stream.add(stranger(30))
    at = stream.end
    encode(np.concatenate(stream.parts), o.out + "/pieces.ts")
    with open(o.out + "/pieces.json", "w") as file:
        json.dump(truth, file, indent=0)
    told, spent, decoding = hear(program, office, o.out + "/pieces.ts")
    with open(o.out + "/pieces-told.json", "w") as file:
        json.dump(told, file, indent=0)
    spans = dict(piece=0, refrain=0, shared=0, false=0)
    for span in (span for span in told if not span["ended"]):
        same = [t for t in truth if t["work"] == span["title"]]
        same = [t for t in same if min(t["end"], span["query_end"]) > max(t["start"], span["query_start"])]
        for t in same:
            if abs(span["ref_start"] - t["ref"] - t["rate"] * (span["query_start"] - t["start"])) <= 1.0:
                t["told"] = min(span["told_at"], t.get("told", 1e9))
                spans["piece"] += 1
                break
        else:
            kind = "refrain" if same else "shared" if stream.explains(span) else "false"
            spans[kind] += 1
            if kind == "false":
                print("false:", json.dumps(span))
    print(f"{at / 60:.0f} min, {len(truth)} pieces; tellings:", spans)
    print("| condition | pieces | told | delay from the end of the piece, median | worst |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in [*CONDITIONS, "all"]:
        rows = [t for t in truth if name in (t["condition"], "all")]
        late = sorted(t["told"] - t["end"] for t in rows if "told" in t)
        figures = f"{late[len(late) // 2]:.1f} s | {late[-1]:.1f} s" if late else "- | -"
        print(f"| {name} | {len(rows)} | {len(late)} | {figures} |")
    hours = at / 3600
    print(
        f"{spent / hours:.1f} CPU s an hour, {decoding / hours:.1f} of them to decode: "
        f"{at / (spent - decoding):.0f} times real time beside decoding, {at / spent:.0f} with it"
    )
    if o.strangers:
        stream = Stream()
        while stream.end < 60 * o.strangers:
            stream.add(stranger(r.uniform(15, 30)))
        encode(np.concatenate(stream.parts), o.out + "/strangers.ts")
        told, spent, decoding = hear(program, office, o.out + "/strangers.ts")
        told = [span for span in told if not span["ended"]]
        false = [span for span in told if not stream.explains(span)]
        print(
            f"{stream.end / 60:.0f} min of strangers: {len(told)} told, {len(false)} of them false; "
            f"{3600 * (spent - decoding) / stream.end:.1f} CPU s an hour beside {3600 * decoding / stream.end:.1f} to decode"
        )
        for span in false:
            print("false:", json.dumps(span))


if __name__ == "__main__":
    main()

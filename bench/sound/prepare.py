#!/usr/bin/env python3
"""Decode a folder of media into reference works.

--media DIR   folder with one sub-folder a source (a package); any audio ffmpeg reads
--out DIR     gets refs/*.wav (mono, 22.05 kHz, 16 bit) and works.json
A work is a file of at least --min seconds; longer than --max is cut there. Files whose
name or folder says speech/voice are marked kind=speech. Byte-identical decodes are dropped,
and near-identical ones too (own coarse spectral hash, so that no peer decides what is a copy).
Short spoken clips of one source are joined into works of about a minute.
"""

import hashlib
import json
import os
import pickle
import re
import subprocess
import argparse
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import soundfile as sf

SR = 22050
SPEECH = re.compile(
    r"voice|speech|dialog|asterisk-core|festvox|ktuberling|words|narrat|announcer|fillets-ng-data-(cs|nl)|uqm-voice|talk",
    re.I,
)
EXT = (".ogg", ".mp3", ".wav", ".flac", ".opus", ".oga", ".ogv", ".m4a", ".xm", ".mod", ".it", ".s3m")


def decode(p, cap):
    r = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-i",
            p,
            "-vn",
            "-t",
            str(cap),
            "-ac",
            "1",
            "-ar",
            str(SR),
            "-f",
            "s16le",
            "-",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return np.frombuffer(r.stdout[: len(r.stdout) // 2 * 2], dtype=np.int16)


def length(p):
    """Seconds by the header, or None when libsndfile cannot tell (then the file is decoded)."""
    try:
        i = sf.info(p)
        return i.frames / i.samplerate
    except Exception:
        return None


def coarse(x):
    """12 band-energy-change bits per 0.37 s; used only to drop duplicate works."""
    n = 8192
    k = len(x) // n
    if k < 8:
        return np.zeros(0, np.int64)
    f = np.abs(np.fft.rfft(x[: k * n].reshape(k, n).astype(np.float32) * np.hanning(n).astype(np.float32)))
    e = np.geomspace(40, 1800, 17).astype(int)
    b = np.log1p(np.add.reduceat(f, e, axis=1)[:, :16])
    d = np.diff(b, axis=1)
    d = d[1:] - d[:-1]
    return ((d > 0).astype(np.int64) << np.arange(15)).sum(1)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--media", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--min", type=float, default=30)
    a.add_argument("--max", type=float, default=240)
    a.add_argument("--per-source", type=int, default=30)
    a.add_argument("--speech-hours", type=float, default=3)
    a.add_argument("--jobs", type=int, default=4)
    o = a.parse_args()
    os.makedirs(o.out + "/refs", exist_ok=True)
    state = o.out + "/prepare.state"  # a later run goes on with the sources that are new
    works, seen, frames, done, speech_s = (
        pickle.load(open(state, "rb")) if os.path.exists(state) else ([], set(), {}, set(), 0.0)
    )

    def add(x, src, names, kind):
        nonlocal speech_s
        rms = float(np.sqrt(np.mean((x / 32768.0) ** 2)))
        if rms < 0.003:
            return
        h = hashlib.sha1(x.tobytes()).hexdigest()
        if h in seen:
            return
        # duplicate if > 35 % of its coarse codes of 4 consecutive frames are already owned by one work
        c = coarse(x)
        keys = [tuple(c[i : i + 3]) for i in range(len(c) - 2)]
        votes = {}
        for k in keys:
            for w in frames.get(k, ()):
                votes[w] = votes.get(w, 0) + 1
        if keys and votes and max(votes.values()) > 0.35 * len(keys):
            return
        seen.add(h)
        wid = "w%04d" % len(works)
        for k in set(keys):
            frames.setdefault(k, set()).add(wid)
        sf.write(f"{o.out}/refs/{wid}.wav", x, SR, subtype="PCM_16")
        works.append(dict(work=wid, source=src, file=names, kind=kind, seconds=round(len(x) / SR, 2)))
        if kind == "speech":
            speech_s += len(x) / SR

    for src in sorted(os.listdir(o.media)):
        d = os.path.join(o.media, src)
        if not os.path.isdir(d) or src in done:
            continue
        fs = sorted(f for f in os.listdir(d) if f.lower().endswith(EXT))
        n = 0
        pool = []
        pn = []
        cand = []
        sp_src = 0.0
        nm = 0
        for f in fs:
            p = os.path.join(d, f)
            kind = "speech" if SPEECH.search(src + "/" + f) else "music"
            s = length(p)
            if kind == "music":
                if (
                    nm >= 2 * o.per_source
                    or (s is not None and s < o.min)
                    or (
                        s is None
                        and os.path.getsize(p) < 150000
                        and not f.lower().endswith((".xm", ".mod", ".it", ".s3m"))
                    )
                ):
                    continue
                nm += 1
            else:
                if (
                    s is None
                    or s < 1
                    or speech_s + sp_src > o.speech_hours * 3600
                    or sp_src > o.speech_hours * 3600 / 5
                ):
                    continue
                sp_src += min(s, o.max)
            cand.append((f, p, kind))
        with ThreadPoolExecutor(o.jobs) as ex:
            for (f, p, kind), x in zip(cand, ex.map(lambda c: decode(c[1], o.max), cand)):
                s = len(x) / SR
                if kind == "speech" and s < o.min:
                    pool.append(x)
                    pn.append(f)
                    if sum(map(len, pool)) > 60 * SR:
                        add(np.concatenate(pool), src, pn[0] + " +%d" % (len(pn) - 1), "speech")
                        pool, pn = [], []
                        n += 1
                elif s >= o.min and n < o.per_source:
                    b = len(works)
                    add(x, src, f, kind)
                    n += len(works) - b
        print(src, n, "works", len(works), flush=True)
        json.dump(works, open(o.out + "/works.json", "w"), indent=0)
        done.add(src)
        pickle.dump((works, seen, frames, done, speech_s), open(state, "wb"))
    h = sum(w["seconds"] for w in works) / 3600
    print(f"{len(works)} works, {h:.2f} h, speech {speech_s / 3600:.2f} h")


main()

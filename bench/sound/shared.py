#!/usr/bin/env python3
"""Find answers that look wrong but are right: works of one source can share real audio (a reused intro, a prompt that is
the same file in two languages, stems). Writes "shared": [[query, work], ...] into queries.json; score.py then ignores
such answers, for better or worse, for every tool.

  shared.py --queries Q/queries.json --media REF R/*.json [--top 40]
Only the waveform decides, no fingerprint, and only clean audio is compared: the excerpt that a query was made from and
the voices or surroundings mixed into it. The claim is shared when at least two overlapping one-second pieces match the
work at the same delay (within 10 ms) with a normalised correlation of 0.5 or more. Of each tool the --top best-scored wrong
answers are looked at.
"""

import json
import argparse
import numpy as np
import soundfile as sf
from scipy.fft import next_fast_len
from scipy.signal import decimate


def shared(x, y, sr):
    n = sr
    N = next_fast_len(len(y) + n)
    F = np.fft.rfft(y, N)
    e = np.sqrt(
        np.maximum(
            (lambda k: k[n:] - k[:-n])(np.cumsum(np.concatenate([[0], y.astype(np.float64) ** 2]))), 1e-3
        )
    )
    found = []
    for s in range(0, len(x) - n, n // 2):
        p = x[s : s + n]
        q = np.sqrt(np.sum(p * p))
        if q < 0.3:
            continue
        c = np.abs(np.fft.irfft(F * np.conj(np.fft.rfft(p, N)), N)[: len(e)]) / (e * q)
        i = int(c.argmax())
        if c[i] >= 0.5:
            found.append((i - s, s))
    return any(abs(a[0] - b[0]) < 0.01 * sr and 0 < b[1] - a[1] <= n for a in found for b in found)


def share(media, cover, work):
    """Does a work hold the sound of a cover: [work, start, seconds]?"""
    y, sr = sf.read(f"{media}/refs/{work}.wav", dtype="float32")
    name, start, seconds = cover
    x = sf.read(
        f"{media}/refs/{name}.wav", start=int(start * sr), frames=int(seconds * sr), dtype="float32"
    )[0]
    return shared(decimate(x, 4), decimate(y, 4), sr // 4)  # 5.5 kHz is enough


def main():
    a = argparse.ArgumentParser()
    a.add_argument("results", nargs="+")
    a.add_argument("--queries", required=True)
    a.add_argument("--media", required=True)
    a.add_argument("--top", type=int, default=40)
    o = a.parse_args()
    D = json.load(open(o.queries))
    qs = D["queries"] if isinstance(D, dict) else D
    Q = {q["id"]: q for q in qs}
    known = {tuple(p) for p in (D.get("shared", []) if isinstance(D, dict) else [])}
    claims = set()
    for f in o.results:
        w = sorted(
            (
                (h["score"], k, h["work"])
                for k, hs in json.load(open(f))["answers"].items()
                for h in hs
                if h["work"] != Q[k]["work"] and (k, h["work"]) not in known
            ),
            reverse=True,
        )
        claims |= {(k, v) for _, k, v in w[: o.top]}
    n = 0

    def save():
        json.dump(
            dict(queries=qs, same=D.get("same", []) if isinstance(D, dict) else [], shared=sorted(known)),
            open(o.queries, "w"),
            indent=0,
        )

    for k, v in sorted(claims - known):
        q = Q[k]
        parts = [tuple(c) for c in q.get("covers", [])] + (
            [(q["work"], q["ref_start"], q["dur"])] if q["work"] else []
        )
        if any(share(o.media, c, v) for c in parts):
            known.add((k, v))
            n += 1
            print("shared", k, v, flush=True)
            save()
    save()
    print(len(claims), "claims looked at,", n, "new shared")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Find answers that look wrong but are right: works of one source can share real audio (a reused intro, a prompt that is
the same file in two languages, stems). Writes "shared": [[query, work], ...] into queries.json; score.py then ignores
such answers, for better or worse, for every tool.

  shared.py --queries Q/queries.json --media REF R/*.json [--top 40]
Only the waveform decides, no fingerprint, and only clean audio is compared: the excerpt that a query was made from and
the voices or surroundings mixed into it. The claim is shared when at least two overlapping one-second pieces match the
work at the same delay (within 10 ms) with a normalised correlation of 0.5 or more; or when the two have a layer in common,
a loop or the samples of a drum, at the delay that is claimed (within 30 ms): the correlation of their phases (C. Knapp, G. Carter:
The generalized correlation method for estimation of time delay, IEEE Trans. ASSP 24, 1976), squared and averaged over pieces of half
a second, stands LAYER standard deviations above that of strangers. Of each tool the --top best-scored wrong answers are looked at. Answers that name the right work at another place are looked at, too: where the work repeats the very recording
there (half of the one-second pieces of the excerpt with a correlation of 0.5 or more within 10 ms of that delay), "again" gets [query, seconds later].
"""

import json
import argparse
import numpy as np
import soundfile as sf
from scipy.fft import next_fast_len
from scipy.signal import decimate, hilbert

# Of 400 pairs of works at delays drawn by chance, half of them of one source, one of a source reached it; none of two sources reached 35.
LAYER = 100


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


def layer(x, y, delay, sr, span=0.03):
    """How far above chance the phases of x agree with those of y that lie `delay` seconds later, in standard deviations."""
    n, total, count = sr // 2, 0, 0
    reach = int(span * sr)
    for s in range(0, len(x) - n, n // 2):
        first = s + round(delay * sr) - reach
        if first < 0 or first + n + 2 * reach > len(y) or np.sqrt(np.sum(x[s : s + n] ** 2)) < 0.3:
            continue
        N = next_fast_len(2 * n + 2 * reach)
        p = np.conj(np.fft.rfft(x[s : s + n] * np.hanning(n), N))
        F = np.fft.rfft(y[first : first + n + 2 * reach], N) * p
        size = np.abs(F)
        c = np.abs(hilbert(np.fft.irfft(F / (size + 0.05 * size.mean() + 1e-12), N))) ** 2
        total, count = total + c[: 2 * reach] / c.mean(), count + 1
    return (np.max(total / count) - 1) * np.sqrt(count) if count else 0


def share(media, cover, work, delay=None):
    """Does a work hold the sound of a cover: [work, start, seconds], at a delay if one is given and they have but a layer in common?"""
    y, sr = sf.read(f"{media}/refs/{work}.wav", dtype="float32")
    name, start, seconds = cover
    x = sf.read(f"{media}/refs/{name}.wav", start=int(start * sr), frames=int(seconds * sr), dtype="float32")[
        0
    ]
    x, y, sr = decimate(x, 4), decimate(y, 4), sr // 4  # 5.5 kHz is enough
    return shared(x, y, sr) or (delay is not None and layer(x, y, delay, sr) >= LAYER)


def repeats(x, y, sr):
    """Is y, which begins 10 ms before and ends 10 ms after, the same as x?"""
    n, fits, count = sr, 0, 0
    for s in range(0, len(x) - n + 1, n // 2):
        p, w = x[s : s + n], y[s : s + n + len(y) - len(x)]
        power = np.convolve(w**2, np.ones(n), "valid") * np.sum(p * p)
        count += 1
        fits += np.max(np.abs(np.correlate(w, p, "valid")) / np.sqrt(power + 1e-9)) >= 0.5
    return count > 0 and 2 * fits >= count


def again(media, q, late):
    """Does the work of a query hold the very recording again so many seconds later?"""
    y, sr = sf.read(f"{media}/refs/{q['work']}.wav", dtype="float32")
    y, sr = decimate(y, 4), sr // 4
    reach = sr // 100
    first, count = int(q["ref_start"] * sr), int(q["dur"] * sr)
    start = first + round(late * sr) - reach
    # What lies beyond the work's ends cannot be compared.
    cut = max(0, -start)
    count = min(count, len(y) - start - 2 * reach)
    there = y[start + cut : start + count + 2 * reach]
    return count - cut >= sr and repeats(y[first + cut : first + count], there, sr)


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
    claims = {}
    for f in o.results:
        w = sorted(
            (
                (h["score"], k, h["work"], h["ref_start"] - h["query_start"])
                for k, hs in json.load(open(f))["answers"].items()
                for h in hs
                if h["work"] != Q[k]["work"] and (k, h["work"]) not in known
            ),
            reverse=True,
        )
        for _, k, v, delay in reversed(w[: o.top]):
            claims[k, v] = delay
    n = 0
    elsewhere = {tuple(p) for p in (D.get("again", []) if isinstance(D, dict) else [])}

    def save():
        same = D.get("same", []) if isinstance(D, dict) else []
        rows = dict(queries=qs, same=same, shared=sorted(known), again=sorted(elsewhere))
        json.dump(rows, open(o.queries, "w"), indent=0)

    for f in o.results:
        for k, hs in json.load(open(f))["answers"].items():
            q, best = Q[k], max(hs, key=lambda h: h["score"], default=None)
            if best and best["work"] == q["work"]:
                late = best["ref_start"] - q["ref_start"] - q["rate"] * (best["query_start"] - q["q_start"])
                told = any(p[0] == k and abs(p[1] - late) < 0.1 for p in elsewhere)
                if abs(late) > 0.1 and not told and again(o.media, q, late):
                    elsewhere.add((k, round(late, 3)))
                    print("again", k, round(late, 3), flush=True)

    for k, v in sorted(claims.keys() - known):
        q = Q[k]
        parts = [tuple(c) for c in q.get("covers", [])] + (
            [(q["work"], q["ref_start"], q["dur"])] if q["work"] else []
        )
        # Covers of an unindexed work lie as they are in the query, but for those around a piece that is embedded.
        if any(share(o.media, c, v, claims[k, v] if q["group"] != "embed" else None) for c in parts):
            known.add((k, v))
            n += 1
            print("shared", k, v, flush=True)
            save()
    save()
    print(len(claims), "claims looked at,", n, "new shared")


if __name__ == "__main__":
    main()

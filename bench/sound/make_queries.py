#!/usr/bin/env python3
"""Make query excerpts with ground truth, deterministic by seed.

--media DIR  the folder written by prepare.py (refs/, works.json)
--out DIR    gets q/*.wav (mono, 22.05 kHz, 16 bit), queries.json, index.txt (works to index)
--seed N     everything random comes from it      --per-transform K   queries a transformation
--negatives M  queries from works kept out of the index (a share of them transformed)
The works are split by seed: HOLD out of 10 stay out of the index, half of them chosen from sources
that also have indexed works (same composer, same game), so negatives are near negatives.
Truth of a query: work, ref_start (s), rate (reference seconds per query second), q_start, q_len; covers lists the clean
pieces of unindexed works in it (voices over it, what surrounds it, a negative's own source) for shared.py.
"""

import json
import os
import subprocess
import tempfile
import zlib
import argparse
import numpy as np
import soundfile as sf
from scipy.signal import fftconvolve, butter, sosfilt

SR = 22050
DURS = (5, 10, 20, 30)


def ff(x, af=None, codec=None, ext="wav", args=(), tmp=tempfile.gettempdir()):
    """x through an ffmpeg filter and/or a codec round trip; floats in and out."""
    raw = np.clip(x * 32767, -32768, 32767).astype("<i2").tobytes()
    base = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    inp = ["-f", "s16le", "-ar", str(SR), "-ac", "1", "-i", "-"]
    base = ["ffmpeg", "-v", "error", "-y"]
    if codec:
        f = f"{tmp}/rt.{os.getpid()}.{ext}"
        subprocess.run(
            base + inp + (["-af", af] if af else []) + ["-c:a", codec, *args, f], input=raw, check=True
        )
        r = subprocess.run(
            base + ["-nostdin", "-i", f, "-ac", "1", "-ar", str(SR), "-f", "s16le", "-"],
            stdout=subprocess.PIPE,
            check=True,
        )
        os.remove(f)
    else:
        r = subprocess.run(
            base + inp + ["-af", af, "-ac", "1", "-ar", str(SR), "-f", "s16le", "-"],
            input=raw,
            stdout=subprocess.PIPE,
            check=True,
        )
    return np.frombuffer(r.stdout, "<i2").astype(np.float32) / 32768


def amr(x, rate, tmp=tempfile.gettempdir()):
    """AMR-NB through sox (8 kHz telephone codec)."""
    f = f"{tmp}/amr.{os.getpid()}"
    sf.write(f + ".wav", np.clip(x, -1, 1), SR, subtype="PCM_16")
    subprocess.run(["sox", "-V0", "-D", f + ".wav", "-r", "8000", "-C", str(rate), f + ".amr-nb"], check=True)
    subprocess.run(["sox", "-V0", "-D", f + ".amr-nb", "-r", str(SR), f + ".wav"], check=True)
    y = sf.read(f + ".wav", dtype="float32")[0]
    os.remove(f + ".wav")
    os.remove(f + ".amr-nb")
    return y


def rms(x):
    return float(np.sqrt(np.mean(x * x) + 1e-12))


def mix(x, y, db):
    """y added so that x is db louder than y."""
    y = np.resize(y, len(x))
    z = x + y * (rms(x) / rms(y)) * 10 ** (-db / 20)
    return z / max(1.0, np.abs(z).max() / 0.98)


def pink(n, r):
    f = np.fft.rfft(r.standard_normal(n))
    f /= np.sqrt(np.arange(1, len(f) + 1))
    return np.fft.irfft(f, n).astype(np.float32)


def room(x, r, t60):
    n = int(t60 * SR)
    h = r.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    h[:80] *= 0.2
    h[0] = 4.0
    for k in r.integers(100, 1500, 6):
        h[k] += r.uniform(-2, 2)
    y = fftconvolve(x, h.astype(np.float32))[: len(x)]
    return (y * rms(x) / rms(y)).astype(np.float32)


def band(x, lo, hi):
    return sosfilt(butter(4, [lo, hi], "bandpass", fs=SR, output="sos"), x).astype(np.float32)


MB = "aresample=48000,mcompand"
SB = "compand=attacks=0.01:decays=0.2:points=-80/-60|-40/-20|-20/-12|0/-8"
MP3 = dict(codec="libmp3lame", ext="mp3", args=("-b:a", "48k"))


def harmonic(x, part):
    import scipy.ndimage as nd
    from scipy.signal import stft, istft

    _, _, S = stft(x, nperseg=2048, noverlap=1536)
    m = np.abs(S)
    h = nd.median_filter(m, (1, 31))
    p = nd.median_filter(m, (31, 1))
    w = h * h / (h * h + p * p + 1e-9)
    return istft(S * (w if part == "h" else 1 - w), nperseg=2048, noverlap=1536)[1][: len(x)].astype(
        np.float32
    )


# name -> (group, rate, function(x, ctx)); rate = reference seconds per query second
T = {}


def t(name, group, rate=1.0):
    def d(f):
        T[name] = (group, rate, f)
        return f

    return d


t("cut", "exact")(lambda x, c: x)
# TRECVID content-based copy detection, audio A1..A7
t("trec-A2-mp3", "trecvid")(lambda x, c: ff(x, **MP3))
t("trec-A3-mp3-multiband", "trecvid")(lambda x, c: ff(ff(x, MB), **MP3))
t("trec-A4-bandlimit-compand", "trecvid")(lambda x, c: ff(band(x, 300, 3400), SB))
t("trec-A5-speech", "trecvid")(lambda x, c: mix(x, c.speech(len(x)), 0))
t("trec-A6-speech-multiband", "trecvid")(lambda x, c: ff(mix(x, c.speech(len(x)), 0), MB))
t("trec-A7-bandpass-speech-comp", "trecvid")(
    lambda x, c: ff(mix(band(x, 300, 3400), c.speech(len(x)), 0), SB)
)
# AugLy audio augmentations at their default strengths, written anew (no torch)
t("augly-noise-10dB", "augly")(lambda x, c: mix(x, c.r.standard_normal(len(x)).astype(np.float32), 10))
t("augly-clicks", "augly")(lambda x, c: c.clicks(x))
t("augly-harmonic", "augly")(lambda x, c: harmonic(x, "h"))
t("augly-percussive", "augly")(lambda x, c: harmonic(x, "p"))
t("augly-highpass-3k", "augly")(
    lambda x, c: sosfilt(butter(1, 3000, "high", fs=SR, output="sos"), x).astype(np.float32)
)
t("augly-lowpass-500", "augly")(
    lambda x, c: sosfilt(butter(1, 500, "low", fs=SR, output="sos"), x).astype(np.float32)
)
t("augly-peaking-eq", "augly")(lambda x, c: ff(x, "equalizer=f=500:t=q:w=1:g=-15"))
t("augly-reverb", "augly")(lambda x, c: room(x, c.r, 0.8))
t("augly-clip-loud", "augly")(lambda x, c: np.clip(x * 10 ** (18 / 20), -1, 1))
# codecs
t("mp3-32k", "codec")(lambda x, c: ff(x, codec="libmp3lame", ext="mp3", args=("-b:a", "32k")))
t("opus-12k", "codec")(lambda x, c: ff(x, codec="libopus", ext="opus", args=("-b:a", "12k")))
t("aac-24k", "codec")(lambda x, c: ff(x, codec="aac", ext="m4a", args=("-b:a", "24k")))
t("amr-nb-12k", "codec")(lambda x, c: amr(x, 7))
t("amr-nb-5k", "codec")(lambda x, c: amr(x, 1))
# pirates: pitch, tempo, speed
for s in (-2, -1, -0.5, 0.5, 1, 2):
    t("pitch%+g" % s, "pitch")(lambda x, c, s=s: ff(x, "rubberband=pitch=%.6f" % 2 ** (s / 12)))
for s in (0.9, 0.95, 1.05, 1.1):
    t("tempo-%g" % s, "tempo", s)(lambda x, c, s=s: ff(x, "rubberband=tempo=%g" % s))
for n, s in (
    ("0.95", 0.95),
    ("24to25-0.96", 0.96),
    ("0.98", 0.98),
    ("1.02", 1.02),
    ("PAL-25to24", 25 / 24),
    ("1.06", 1.06),
):
    t("speed-" + n, "speed", s)(lambda x, c, s=s: ff(x, "asetrate=%d,aresample=%d" % (round(SR * s), SR)))
# camcorder / microphone: room impulse + pink noise + band limit
for db in (15, 10, 5, 0):
    t("camcorder-%ddB" % db, "noise")(
        lambda x, c, db=db: band(mix(room(x, c.r, 0.4), pink(len(x), c.r), db), 120, 7000)
    )
t("crowd-5dB", "noise")(
    lambda x, c: mix(room(x, c.r, 0.4), c.speech(len(x)) + c.speech(len(x)) + c.speech(len(x)), 5)
)
# voice-over, music under dialogue: the work is db below the voice
for db in (0, -6, -12):
    t("under-dialogue%+ddB" % db, "dialogue")(lambda x, c, db=db: mix(x, c.speech(len(x)), db))
# combinations as uploaders use them
t("combo-PAL-mp3-voice", "combo", 25 / 24)(
    lambda x, c: ff(
        mix(ff(x, "asetrate=%d,aresample=%d" % (round(SR * 25 / 24), SR)), c.speech(len(x)), 3), **MP3
    )
)
t("combo-pitch1-opus-eq", "combo")(
    lambda x, c: ff(
        ff(x, "rubberband=pitch=%.6f,equalizer=f=500:t=q:w=1:g=-9" % 2 ** (1 / 12)),
        codec="libopus",
        ext="opus",
        args=("-b:a", "24k"),
    )
)
t("combo-tempo1.05-amr", "combo", 1.05)(lambda x, c: amr(ff(x, "rubberband=tempo=1.05"), 7))
# a 10 s piece of the work inside 40 s of material that is not indexed (soundtrack, broadcast)
t("embed-10s-in-40s", "embed")(lambda x, c: np.concatenate([c.other(15), x, c.other(15)]))
t("embed-10s-in-40s-voice", "embed")(
    lambda x, c: mix(np.concatenate([c.other(15), x, c.other(15)]), c.speech(40 * SR), 0)
)


class Ctx:
    def __init__(s, r, speech, others):
        s.r, s.sp, s.ot, s.picked = r, speech, others, []

    def clip(s, pool, n):
        while True:
            w = pool[s.r.integers(len(pool))]
            i = sf.info(w)
            if i.frames > n + SR:
                o = int(s.r.integers(i.frames - n))
                x = sf.read(w, start=o, frames=n, dtype="float32")[0]
                if rms(x) > 0.01:
                    s.picked.append((os.path.basename(w)[:-4], round(o / SR, 3), round(n / SR, 3)))
                    return x

    def speech(s, n):
        k = min(n, 25 * SR)
        y = np.concatenate([s.clip(s.sp, k) for _ in range(-(-n // k))])[:n]
        return y

    def other(s, sec):
        return s.clip(s.ot, sec * SR)

    def clicks(s, x):
        y = x.copy()
        k = int(0.5 * SR)
        for i in range(0, len(y) - 60, k):
            y[i : i + 60] += 0.7 * np.sin(np.arange(60) * 0.8) * np.hanning(60)
        return np.clip(y, -1, 1)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--media", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--per-transform", type=int, default=24)
    a.add_argument("--negatives", type=int, default=240)
    a.add_argument("--only", default="")
    o = a.parse_args()
    os.makedirs(o.out + "/q", exist_ok=True)
    W = json.load(open(o.media + "/works.json"))
    P = lambda w: f"{o.media}/refs/{w['work']}.wav"
    R = np.random.default_rng(o.seed)
    order = R.permutation(len(W))
    # voices used to cover works are never indexed: a third of the speech works; and 20 % of the music is held out
    music = [W[i] for i in order if W[i]["kind"] == "music"]
    speech = [W[i] for i in order if W[i]["kind"] == "speech"]
    nm, ns = len(music) // 5, max(4, len(speech) // 3)
    neg, cover = music[:nm], speech[:ns]
    idx = music[nm:] + speech[ns:]
    open(o.out + "/index.txt", "w").write("".join(sorted(f"{w['work']}\t{P(w)}\n" for w in idx)))
    Q = []

    def excerpt(r, pool, sec):
        for _ in range(200):
            w = pool[r.integers(len(pool))]
            n = int(sec * SR)
            L = int(w["seconds"] * SR)
            if L < n + SR:
                continue
            s = int(r.integers(L - n))
            x = sf.read(P(w), start=s, frames=n, dtype="float32")[0]
            if rms(x) > 0.01 and min(rms(q) for q in np.array_split(x, max(1, sec // 2))) > 0.003:
                return w, s / SR, x
        raise SystemExit("no excerpt of %d s" % sec)

    def put(qid, y, **k):
        sf.write(f"{o.out}/q/{qid}.wav", np.clip(y, -1, 1), SR, subtype="PCM_16")
        Q.append(dict(id=qid, file=f"q/{qid}.wav", **k))

    only = set(filter(None, o.only.split(",")))
    for name, (group, rate, f) in T.items():
        if only and name not in only:
            continue
        r = np.random.default_rng([o.seed, zlib.crc32(name.encode())])
        c = Ctx(r, [P(w) for w in cover], [P(w) for w in neg])
        for k in range(o.per_transform):
            emb = group == "embed"
            d = 10 if emb else DURS[k % 4]
            w, s, x = excerpt(r, idx, d)
            c.picked = []
            y = f(x, c)
            put(
                f"{name}.{k:03d}",
                y,
                covers=c.picked,
                transform=name,
                group=group,
                dur=d,
                work=w["work"],
                kind=w["kind"],
                ref_start=round(s, 3),
                rate=rate,
                q_start=15.0 if emb else 0.0,
                q_len=round(d / rate, 3),
            )
        print(name, flush=True)
        json.dump(dict(queries=Q, same=[], shared=[]), open(o.out + "/queries.json", "w"), indent=0)
    r = np.random.default_rng([o.seed, 77])
    c = Ctx(r, [P(w) for w in cover], [P(w) for w in neg])
    names = list(T)
    for k in range(0 if only and "negative" not in only else o.negatives):
        d = DURS[k % 4]
        w, s, x = excerpt(r, neg if k % 6 else cover, d)
        n = "cut" if k % 2 else names[r.integers(len(names))]
        c.picked = []
        y = T[n][2](x, c)
        put(
            f"neg.{k:03d}",
            y,
            covers=[(w["work"], round(s, 3), d)] + c.picked,
            transform="negative",
            group="negative",
            dur=d,
            work=None,
            kind=w["kind"],
            source=w["source"],
            via=n,
        )
    json.dump(dict(queries=Q, same=[], shared=[]), open(o.out + "/queries.json", "w"), indent=0)
    print(
        len(Q), "queries,", len(idx), "works indexed,", round(sum(w["seconds"] for w in idx) / 3600, 2), "h"
    )


if __name__ == "__main__":
    main()

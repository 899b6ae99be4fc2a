#!/usr/bin/env python3
"""MPEG-7 video signature as ffmpeg's `signature` filter extracts it (380 ternary differences a frame, 76 bytes).

The filter compares only live inputs, pairwise, so the signatures are exported (format=binary) and matched here:
frames sampled at SPS a second, L1 distance <= TH (the filter's default th_d is 116), own diagonal voting,
accepted from MIN_S seconds of support.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import json
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vote import best_line

TH = int(os.environ.get("MPEG7_TH", "116"))
SPS = float(os.environ.get("MPEG7_SPS", "2"))  # query frames a second
REF_SPS = float(os.environ.get("MPEG7_REF_SPS", "2"))  # reference frames a second (8: fast motion needs it)
MIN_S = float(os.environ.get("MPEG7_MIN", "4"))
TRI = np.array([[(v // 3**k) % 3 for k in (4, 3, 2, 1, 0)] for v in range(243)] + [[0] * 5] * 13, np.int8)


class Bits:
    def __init__(self, b):
        self.v, self.n, self.p = b, len(b) * 8, 0

    def get(self, k):
        x = 0
        end = self.p + k
        first, last = self.p // 8, (end + 7) // 8
        x = int.from_bytes(self.v[first:last], "big") >> (last * 8 - end)
        self.p = end
        return x & ((1 << k) - 1)


def parse(b):
    """frames of the binary MPEG-7 signature: (time s, confidence, 380 ternary values)"""
    r = Bits(b)
    assert r.get(32) == 1  # NumOfSpatialRegions
    r.get(1)
    r.get(16 * 4)  # whole image, its corners
    r.get(32)  # the first frame
    nframes = r.get(32)
    unit = r.get(16)
    if r.get(1):
        r.get(32)
        r.get(32)
    nseg = r.get(32)
    for _ in range(nseg):
        r.get(32)
        r.get(32)
        if r.get(1):
            r.get(32)
            r.get(32)
        r.p += 5 * 243
    r.get(1)  # compression flag
    t, conf, sig = [], [], []
    for _ in range(nframes):
        if r.p + 8 * 82 > r.n:
            break
        has = r.get(1)
        t.append(r.get(32) / unit if has else 0.0)
        conf.append(r.get(8))
        r.p += 5 * 8  # words
        v = [r.get(8) for _ in range(76)]
        sig.append(v)
    s = TRI[np.array(sig, np.uint8).reshape(-1, 76)].reshape(-1, 380)
    return np.array(t), np.array(conf), s


def fp(path, sps):
    with tempfile.TemporaryDirectory() as d:
        f = os.path.join(d, "s.bin")
        subprocess.run(
            [
                "ffmpeg",
                "-nostdin",
                "-v",
                "error",
                "-threads",
                "1",
                "-i",
                path,
                "-an",
                "-vf",
                f"signature=format=binary:filename={f}",
                "-f",
                "null",
                "-",
            ],
            check=True,
        )
        t, c, s = parse(open(f, "rb").read())
    dur = probe(path)
    t = np.arange(len(t)) * (dur / max(1, len(t)))  # constant rate assumed; the stored time base varies
    keep = np.unique(np.searchsorted(t, np.arange(0, dur, 1 / sps)).clip(0, len(t) - 1)) if len(t) else []
    keep = [k for k in keep if c[k] > 0]
    return t[keep], s[keep]


def probe(path):
    return float(
        subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
            capture_output=True,
            text=True,
        ).stdout
    )


def onehot(s):
    """|a-b| over {0,1,2} = (a>=1 xor b>=1) + (a>=2 xor b>=2): two binary planes make L1 a dot product"""
    p = np.concatenate([s >= 1, s >= 2], 1).astype(np.float32)
    return p, p.sum(1)


def main():
    verb, state = sys.argv[1:3]
    p = os.path.join(state, "index.pkl")
    if verb == "index":
        pickle.dump({r["work"]: fp(r["file"], REF_SPS) for r in json.load(open(sys.argv[3]))}, open(p, "wb"))
        return
    idx = pickle.load(open(p, "rb"))
    tq, sq = fp(sys.argv[3], SPS)
    out = []
    pq, nq = onehot(sq)
    for w, (tr, sr) in idx.items():
        if not len(tq) or not len(tr):
            continue
        pr, nr = onehot(sr)
        d = nq[:, None] + nr[None, :] - 2 * pq @ pr.T
        i, j = np.nonzero(d <= TH)
        if not len(i):
            continue
        sc, g = best_line(tq[i], tr[j], (1.5 - d[i, j] / TH) / SPS, step=1 / SPS)
        out.append(
            {
                "work": w,
                "score": float(sc),
                "query_start": float(g[0]),
                "query_end": float(g[1]),
                "ref_start": float(g[2]),
                "ref_end": float(g[3]),
                "accept": bool(sc >= MIN_S),
            }
        )
    print(json.dumps(out))


main()

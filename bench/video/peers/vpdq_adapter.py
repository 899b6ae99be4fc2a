#!/usr/bin/env python3
"""vPDQ (PyPI `vpdq`) at its defaults: 1 hash a second, quality >= 50, distance <= 31.

MODE official: score = the larger of the two match percentages (as the reference matcher), segment = span of matched
frames. MODE vote (VPDQ_MODE=vote): same hashes, own diagonal voting.
"""

import os
import pickle
import sys
import json
import numpy as np
import vpdq

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vote import best_line

D, Q = int(os.environ.get("VPDQ_D", "31")), 50
MODE = os.environ.get("VPDQ_MODE", "official")
ACCEPT = float(os.environ.get("VPDQ_ACCEPT", "0"))  # percent; the library's index default is 0 (any frame)
POP = np.array([bin(i).count("1") for i in range(65536)], np.uint8)


def fp(path):
    fs = [f for f in vpdq.computeHash(path, seconds_per_hash=1, thread_count=1) if f.quality >= Q]
    h = np.array([np.frombuffer(bytes.fromhex(f.hex), dtype=np.uint16) for f in fs], np.uint16).reshape(
        -1, 16
    )
    return h, np.array([f.timestamp for f in fs], float)


def dist(a, b):
    return POP[a[:, None, :] ^ b[None, :, :]].sum(2, dtype=np.int32)


def main():
    verb, state = sys.argv[1:3]
    p = os.path.join(state, "index.pkl")
    if verb == "index":
        refs = json.load(open(sys.argv[3]))
        pickle.dump({r["work"]: fp(r["file"]) for r in refs}, open(p, "wb"))
        return
    idx = pickle.load(open(p, "rb"))
    qh, qt = fp(sys.argv[3])
    out = []
    for w, (rh, rt) in idx.items():
        if not len(qh) or not len(rh):
            continue
        d = dist(qh, rh)
        m = d <= D
        if not m.any():
            continue
        i, j = np.nonzero(m)
        if MODE == "official":
            pct = 100.0 * max(m.any(1).mean(), m.any(0).mean())
            seg = (qt[i].min(), qt[i].max() + 1, rt[j].min(), rt[j].max() + 1)
            out.append((w, pct, seg, pct > ACCEPT))
        else:
            sc, seg = best_line(qt[i], rt[j], np.ones(len(i)))
            out.append((w, sc, seg, sc >= 3))
    print(
        json.dumps(
            [
                {
                    "work": w,
                    "score": float(s),
                    "query_start": float(g[0]),
                    "query_end": float(g[1]),
                    "ref_start": float(g[2]),
                    "ref_end": float(g[3]),
                    "accept": bool(a),
                }
                for w, s, g, a in out
            ]
        )
    )


main()

#!/usr/bin/env python3
"""imagehash (PyPI) on one frame a second with own diagonal voting: what a user glues together himself.
FH_ALG=phash|dhash|whash, FH_D=distance (default 10 of 64)."""

import os
import pickle
import subprocess
import sys
import json
import numpy as np
import imagehash
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vote import best_line

ALG = {"phash": imagehash.phash, "dhash": imagehash.dhash, "whash": imagehash.whash}[
    os.environ.get("FH_ALG", "phash")
]
D = int(os.environ.get("FH_D", "10"))


def fp(path):
    raw = subprocess.run(
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
            "fps=1,scale=128:128",
            "-pix_fmt",
            "gray",
            "-f",
            "rawvideo",
            "-",
        ],
        capture_output=True,
        check=True,
    ).stdout
    a = np.frombuffer(raw, np.uint8).reshape(-1, 128, 128)
    h = np.array([ALG(Image.fromarray(x)).hash.ravel() for x in a if True], bool).reshape(-1, 64)
    flat = a.reshape(len(a), -1).std(1) < 8
    t = np.arange(len(a)) + 0.5
    return h[~flat], t[~flat]


def main():
    verb, state = sys.argv[1:3]
    p = os.path.join(state, "index.pkl")
    if verb == "index":
        pickle.dump({r["work"]: fp(r["file"]) for r in json.load(open(sys.argv[3]))}, open(p, "wb"))
        return
    idx = pickle.load(open(p, "rb"))
    qh, qt = fp(sys.argv[3])
    out = []
    for w, (rh, rt) in idx.items():
        if not len(qh) or not len(rh):
            continue
        d = (qh[:, None, :] != rh[None, :, :]).sum(2)
        i, j = np.nonzero(d <= D)
        if not len(i):
            continue
        sc, g = best_line(qt[i], rt[j], np.ones(len(i)))
        out.append(
            {
                "work": w,
                "score": float(sc),
                "query_start": float(g[0]),
                "query_end": float(g[1]),
                "ref_start": float(g[2]),
                "ref_end": float(g[3]),
                "accept": bool(sc >= 3),
            }
        )
    print(json.dumps(out))


main()

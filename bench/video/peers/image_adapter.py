#!/usr/bin/env python3
"""Image peers: IMG_ALG = pdq (pdqhash), pdqd (PDQ with its 8 dihedral hashes on the query side), phash, dhash, whash (imagehash).
Accept at each one's usual threshold (PDQ 31 of 256; 64-bit hashes 10)."""

import os
import pickle
import sys
import json
import numpy as np
from PIL import Image

ALG = os.environ.get("IMG_ALG", "pdq")
TH = int(os.environ.get("IMG_TH", "31" if ALG.startswith("pdq") else "10"))
TOP = 3


def hashes(path, query):
    im = Image.open(path).convert("RGB")
    if ALG.startswith("pdq"):
        import pdqhash

        a = np.array(im)
        if ALG == "pdqd" and query:
            hs, q = pdqhash.compute_dihedral(a)
            return np.array(hs, bool).reshape(-1, 256)
        h, q = pdqhash.compute(a)
        return np.array(h, bool).reshape(1, 256)
    import imagehash

    return getattr(imagehash, ALG)(im).hash.reshape(1, -1)


def main():
    verb, state, arg = sys.argv[1:4]
    p = os.path.join(state, "i.pkl")
    items = json.load(open(arg))
    if verb == "index-images":
        pickle.dump(
            ([r["work"] for r in items], np.concatenate([hashes(r["file"], False) for r in items])),
            open(p, "wb"),
        )
        return
    works, H = pickle.load(open(p, "rb"))
    n = H.shape[1]
    out = {}
    for q in items:
        h = hashes(q["file"], True)
        d = (h[:, None, :] != H[None]).sum(2).min(0)
        o = np.argsort(d, kind="stable")[:TOP]
        out[q["id"]] = [
            {"work": works[k], "score": float(1 - d[k] / n), "accept": bool(d[k] <= TH)} for k in o
        ]
    print(json.dumps(out))


main()

#!/usr/bin/env python3
"""Take near-duplicates out of an image pool before make_images.py: without this, true copies count as false positives.

dedup_pool.py DIR      moves the later image of each near pair (any of PDQ's 8 orientations <= 60 of 256, or
                       pHash <= 6 of 64) into DIR/../images_dropped. Look at what it moved; it favours no tool under
                       test as long as the cut lies far above the tools' thresholds.
"""

import shutil
import sys
import os
import imagehash
import numpy as np
import pdqhash
from PIL import Image
from common import IMAGE_EXT, files_in

d = sys.argv[1]
drop = os.path.join(os.path.dirname(os.path.abspath(d)), "images_dropped")
os.makedirs(drop, exist_ok=True)
kept = []
H, P = [], []
n = 0
for f in files_in(d, IMAGE_EXT):
    im = Image.open(f).convert("RGB")
    o, _ = pdqhash.compute_dihedral(np.array(im))
    o = np.array(o, bool)
    p = imagehash.phash(im).hash.ravel()
    if kept:
        dd = (np.array(H)[None] != o[:, None]).sum(2).min()
        pp = (np.array(P) != p).sum(1).min()
        if dd <= 60 or pp <= 6:
            shutil.move(f, drop)
            n += 1
            continue
    kept.append(f)
    H.append(o[0])
    P.append(p)
print(len(kept), "kept,", n, "moved")

"""Temporal voting shared by the frame-hash adapters: from frame matches to one segment per work (own code).

pairs: list of (tq, tr, weight). For each slope the offset tr - slope*tq is histogrammed (bin 1 s, two neighbouring
bins merged); the best line's support, counted per distinct query second, is the score.
"""

import numpy as np

SLOPES = (1.0, 1.05, 0.95, 1.1, 1.25, 0.8, 0.9, 1.15, 1.2)


def best_line(tq, tr, w, step=1.0, slopes=SLOPES, bin_s=1.0, gap=6.0):
    tq, tr, w = np.asarray(tq, float), np.asarray(tr, float), np.asarray(w, float)
    best = (0.0, None)
    for s in slopes:
        off = tr - s * tq
        for shift in (0.0, bin_s / 2):
            b = np.floor((off + shift) / bin_s).astype(int)
            u, inv = np.unique(b, return_inverse=True)
            sc = np.bincount(inv, w)
            k = int(np.argmax(sc))
            m = inv == k
            # a slot of the query counts once
            slots = np.floor(tq[m] / step).astype(int)
            val = {}
            for x, y in zip(slots, w[m]):
                val[x] = max(val.get(x, 0.0), y)
            # longest run of slots with gaps below `gap`
            xs = sorted(val)
            top, cur = (0.0, None, None), None
            for x in xs:
                if cur is None or (x - cur[1]) * step > gap:
                    cur = [x, x, 0.0]
                cur[1] = x
                cur[2] += val[x]
                if cur[2] > top[0]:
                    top = (cur[2], cur[0], cur[1])
            if top[0] > best[0] + (0.0 if s == 1.0 else 1.0):
                q0, q1 = top[1] * step, (top[2] + 1) * step
                o = float(np.median(off[m]))
                best = (top[0], (q0, q1, max(0.0, s * q0 + o), max(0.0, s * q1 + o)))
    return best

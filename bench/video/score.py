#!/usr/bin/env python3
"""Score results of run.py: a table per transformation and totals.

Video measures (see README.md for the definitions)
  R@0FP   share of true (query, work) pairs scored above the best-scored wrong pair
  P, R    precision and recall over (query, work) pairs at the tool's own default (accepted matches)
  segP/R/F1  overlap of accepted segments with true ones, on the query and the reference time axis, multiplied (as VCSL)
  cpu/h   CPU seconds spent on matching (decode + fingerprint + search) per hour of query video
Image measures
  uAP     micro average precision over all (query, reference) candidates, negatives included (as DISC21)
  R@P1    recall at 100 % precision;  P, R at the tool's default
"""

import json
import argparse
from collections import defaultdict


def union(iv):
    iv = sorted(i for i in iv if i[1] > i[0])
    t, end = 0.0, None
    for a, b in iv:
        if end is None or a > end:
            t += b - a
            end = b
        elif b > end:
            t += b - end
            end = b
    return t


AX = (("query_start", "query_end"), ("ref_start", "ref_end"))


def inter(p, g, ax):
    return max(p[ax[0]], g[ax[0]]), min(p[ax[1]], g[ax[1]])


def seg_sums(truth, pred):
    """per axis: overlap length and total length, for recall and for precision"""
    out = []
    for k, ax in enumerate(AX):
        other = AX[1 - k]
        r_num = r_den = p_num = p_den = 0.0
        for g in truth:
            cov = [inter(p, g, ax) for p in pred if inter(p, g, other)[1] > inter(p, g, other)[0]]
            r_num += union(cov)
            r_den += g[ax[1]] - g[ax[0]]
        for p in pred:
            cov = [inter(p, g, ax) for g in truth if inter(p, g, other)[1] > inter(p, g, other)[0]]
            p_num += union(cov)
            p_den += max(0.0, p[ax[1]] - p[ax[0]])
        out.append((r_num, r_den, p_num, p_den))
    return out


def f1(p, r):
    return 2 * p * r / (p + r) if p + r else 0.0


class Acc:
    def __init__(self):
        self.pos = self.hit0 = self.tp = self.fp = 0
        self.seg = [[0.0] * 4, [0.0] * 4]
        self.cpu = self.dur = 0.0
        self.q = 0

    def row(self, name):
        rec = self.tp / self.pos if self.pos else float("nan")
        prec = self.tp / (self.tp + self.fp) if self.tp + self.fp else float("nan")
        r = p = 1.0
        for a in self.seg:
            r *= a[0] / a[1] if a[1] else 0.0
            p *= a[2] / a[3] if a[3] else 0.0
        r0 = self.hit0 / self.pos if self.pos else float("nan")
        cpu = self.cpu / self.dur * 3600 if self.dur else float("nan")
        return [name, self.q, r0, prec, rec, p, r, f1(p, r), cpu]


def video(truth, res):
    qs = {q["id"]: q for q in truth["queries"]}
    true_work = {i: {s["work"] for s in q["segments"]} for i, q in qs.items()}
    for i, r in res["queries"].items():
        skip = set(qs[i].get("ignore", ()))
        r["matches"] = [m for m in r["matches"] if m["work"] not in skip]
    wrong = 0.0
    nwrong = 0
    for i, r in res["queries"].items():
        for m in r["matches"]:
            if m["work"] not in true_work[i]:
                nwrong += 1
                wrong = max(wrong, m["score"])
    rows = defaultdict(Acc)
    order = []
    for i, q in qs.items():
        r = res["queries"].get(i, {"matches": [], "cpu": 0.0})
        names = [q["transform"], "ALL:" + q["group"], "TOTAL"]
        best = {}
        acc = defaultdict(list)
        for m in r["matches"]:
            best[m["work"]] = max(best.get(m["work"], 0.0), m["score"])
            if m.get("accept", True):
                acc[m["work"]].append(m)
        for n in names:
            if n not in rows:
                order.append(n)
            a = rows[n]
            a.q += 1
            a.cpu += r["cpu"]
            a.dur += q["duration"]
            for w in true_work[i]:
                a.pos += 1
                a.hit0 += best.get(w, 0.0) > wrong
                a.tp += w in acc
            a.fp += len([w for w in acc if w not in true_work[i]])
            for w in set(acc) | true_work[i]:
                t = [s for s in q["segments"] if s["work"] == w]
                for k, s in enumerate(seg_sums(t, acc.get(w, []))):
                    for j in range(4):
                        a.seg[k][j] += s[j]
    order.sort(key=lambda n: (n == "TOTAL", n.startswith("ALL:")))
    head = ["transformation", "q", "R@0FP", "P", "R", "segP", "segR", "segF1", "cpu s/h"]
    table([head] + [rows[n].row(n) for n in order])
    idx = res.get("index", {})
    refs_h = sum(r["duration"] for r in truth["refs"]) / 3600
    print(
        f"tool {res['tool']}: index {idx.get('cpu', 0):.1f} CPU s for {refs_h * 60:.1f} min of references "
        f"= {idx.get('cpu', 0) / refs_h if refs_h else 0:.0f} CPU s per hour; "
        f"index size {idx.get('bytes', 0) / 1e6:.2f} MB; zero-FP threshold {wrong:.4f} ({nwrong} wrong candidates)"
    )


def image(truth, res):
    gt = {q["id"]: q["ref"] for q in truth["queries"]}
    tr = {q["id"]: q["transform"] for q in truth["queries"]}
    npos = sum(1 for v in gt.values() if v)
    cand = []
    for i, ms in res["queries"].items():
        for m in ms:
            cand.append((m["score"], m["work"] == gt[i], i, m.get("accept", True)))
    cand.sort(key=lambda c: (-c[0], c[1]))  # ties: wrong ones first (pessimistic)
    tp = 0
    ap = 0.0
    thr = 0.0
    for n, (s, ok, _, _) in enumerate(cand, 1):
        if ok:
            tp += 1
            ap += tp / n
        elif not thr:
            thr = s
    uap = ap / npos
    by = defaultdict(lambda: [0, 0, 0, 0])
    for i in gt:
        for n in (tr[i], "TOTAL"):
            by[n][0] += 1
    for s, ok, i, acc in cand:
        for n in (tr[i], "TOTAL"):
            if ok:
                by[n][1] += s > thr
                by[n][2] += bool(acc)
            else:
                by[n][3] += bool(acc)
    rows = [["transformation", "q", "R@P1", "R", "P"]]
    for n in sorted(by, key=lambda n: (n == "TOTAL", n)):
        q, h, t, f = by[n]
        pos = npos if n == "TOTAL" else (q if n != "negative" else 0)
        rows.append(
            [
                n,
                q,
                h / pos if pos else float("nan"),
                t / pos if pos else float("nan"),
                t / (t + f) if t + f else float("nan"),
            ]
        )
    table(rows)
    print(
        f"tool {res['tool']}: uAP {uap:.4f}; R@P1 {by['TOTAL'][1] / npos:.4f}; "
        f"{res['index']['cpu']:.1f} CPU s index ({len(truth['refs'])} refs), {res['match_cpu']:.1f} CPU s match ({len(gt)} queries)"
    )


def table(rows):
    w = [max(len(fmt(r[k])) for r in rows) for k in range(len(rows[0]))]
    for n, r in enumerate(rows):
        print(
            "| "
            + " | ".join(fmt(c).ljust(w[k]) if k == 0 else fmt(c).rjust(w[k]) for k, c in enumerate(r))
            + " |"
        )
        if n == 0:
            print("|" + "|".join("-" * (x + 2) for x in w) + "|")


def fmt(c):
    if isinstance(c, float):
        return "-" if c != c else (f"{c:.0f}" if c >= 10 else f"{c:.3f}")
    return str(c)


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("truth")
    ap.add_argument("results", nargs="+")
    a = ap.parse_args()
    truth = json.load(open(a.truth))
    for f in a.results:
        res = json.load(open(f))
        print()
        (image if truth["kind"] == "image" else video)(truth, res)

#!/usr/bin/env python3
"""Score one or more result files against queries.jsonl: a table per transformation and totals.

  score.py --data DIR RESULT.jsonl [...] [--json OUT] [--lang zh|en]

Work level: a truth pair is (query, work). The threshold 'P100' is the highest score any tool gave to a
wrong (query, work) pair (P99: at least 99 % of the flagged pairs right), over all queries and negatives: recall@P100 counts truth pairs scored above it.
'def' = recall (and precision) at the tool's default thresholds.
Passage level (only tools with offsets, text queries): PAN's macro precision, recall, granularity and
plagdet (Potthast et al. 2010), with matches scored above P100 (column pd@P100) and at the first default (pd)."""

import json
import math
import argparse
from collections import defaultdict


def ov(a, b, c, d):
    return max(0, min(b, d) - max(a, c))


def union(iv):
    t, e = 0, None
    for a, b in sorted(iv):
        if e is None or a > e:
            t += b - a
            e = b
        elif b > e:
            t += b - e
            e = b
    return t


def pan(pairs):
    """pairs: [(truth list, match list)] -> macro precision, recall, granularity, plagdet"""
    R = P = 0.0
    nr = np_ = 0
    g = gd = 0
    for tr, ms in pairs:
        det = lambda m, s: (
            m["work"] == s["work"]
            and ov(m["query_start"], m["query_end"], s["query_start"], s["query_end"])
            and ov(m["ref_start"], m["ref_end"], s["ref_start"], s["ref_end"])
        )
        for s in tr:
            nr += 1
            h = [m for m in ms if det(m, s)]
            if h:
                gd += 1
                g += len(h)
            a = union(
                [(max(m["query_start"], s["query_start"]), min(m["query_end"], s["query_end"])) for m in h]
            )
            b = union([(max(m["ref_start"], s["ref_start"]), min(m["ref_end"], s["ref_end"])) for m in h])
            R += (a + b) / max(1, s["query_end"] - s["query_start"] + s["ref_end"] - s["ref_start"])
        for m in ms:
            np_ += 1
            h = [s for s in tr if det(m, s)]
            a = union(
                [(max(m["query_start"], s["query_start"]), min(m["query_end"], s["query_end"])) for s in h]
            )
            b = union([(max(m["ref_start"], s["ref_start"]), min(m["ref_end"], s["ref_end"])) for s in h])
            P += (a + b) / max(1, m["query_end"] - m["query_start"] + m["ref_end"] - m["ref_start"])
    r = R / nr if nr else 0
    p = P / np_ if np_ else 0
    g = g / gd if gd else 1
    f = 2 * p * r / (p + r) if p + r else 0
    return p, r, g, f / math.log2(1 + g)


def load(f):
    L = [json.loads(l) for l in open(f)]
    return L[0], {r["id"]: r["matches"] for r in L[1:]}


def pairs_only(qs, res):
    """PAN's alignment task gives the pair: keep only matches with a work that the query's truth names."""
    for q in qs:
        w = {t["work"] for t in q["truth"]}
        if q["id"] in res:
            res[q["id"]] = [m for m in res[q["id"]] if m["work"] in w]


def best(ms):
    b = {}
    for m in ms:
        b[m["work"]] = max(b.get(m["work"], -1e9), m["score"])
    return b


def score(qs, cost, res, lang=None):
    qs = [q for q in qs if q["id"] in res and (not lang or q["lang"] == lang)]
    fp = -1e9
    for q in qs:
        tw = {t["work"] for t in q["truth"]}
        for w, s in best(res[q["id"]]).items():
            if w not in tw:
                fp = max(fp, s)
    # P99: lowest threshold at which at least 99 % of the flagged (query, work) pairs are right
    al = sorted(
        ((s, w in {t["work"] for t in q["truth"]}) for q in qs for w, s in best(res[q["id"]]).items()),
        reverse=True,
    )
    p99 = fp
    bad = 0
    for i, (s, ok) in enumerate(al):
        bad += not ok
        if (i + 1 == len(al) or al[i + 1][0] < s) and bad <= 0.01 * (i + 1):
            p99 = min(p99, s)
    offs = any(m["ref_start"] is not None for ms in res.values() for m in ms)
    dn = list(cost.get("defaults", {}).items()) or [("any", -1e9)]
    thr = dn[0][1]
    g = defaultdict(list)
    for q in qs:
        g[q["transform"]].append(q)
    rows = []

    def row(name, qq):
        pos = [(q, t["work"]) for q in qq for t in q["truth"]]
        B = {q["id"]: best(res[q["id"]]) for q in qq}
        hit = lambda th, st: sum(
            1 for q, w in pos if (B[q["id"]].get(w, -2e9) > th if st else B[q["id"]].get(w, -2e9) >= th)
        )
        r = dict(
            name=name,
            n=len(pos) or len(qq),
            r100=hit(fp, 1) / len(pos) if pos else None,
            r99=hit(p99, 0) / len(pos) if pos else None,
        )
        for k, th in dn:
            tp = hit(th, 0)
            fps = sum(
                1
                for q in qq
                for w, s in B[q["id"]].items()
                if s >= th and w not in {t["work"] for t in q["truth"]}
            )
            r["def " + k] = dict(
                recall=tp / len(pos) if pos else None,
                fp=fps,
                queries_with_fp=sum(
                    1
                    for q in qq
                    if any(
                        s >= th and w not in {t["work"] for t in q["truth"]} for w, s in B[q["id"]].items()
                    )
                ),
            )
        tq = [q for q in qq if q["kind"] == "text"]
        if offs and tq and pos:
            r["pd"] = pan(
                [
                    (
                        q["truth"],
                        [m for m in res[q["id"]] if m["score"] >= thr and m["query_start"] is not None],
                    )
                    for q in tq
                ]
            )
            r["pd100"] = pan(
                [
                    (
                        q["truth"],
                        [m for m in res[q["id"]] if m["score"] > fp and m["query_start"] is not None],
                    )
                    for q in tq
                ]
            )
        return r

    for k in sorted(g):
        rows.append(row(k, g[k]))
    rows.append(row("ALL positive", [q for q in qs if q["truth"]]))
    rows.append(row("ALL", qs))
    return fp, rows


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True)
    ap.add_argument("--lang")
    ap.add_argument("--json")
    ap.add_argument("--pairs-only", action="store_true")
    ap.add_argument("results", nargs="+")
    a = ap.parse_args()
    qs = [json.loads(l) for l in open(a.data + "/queries.jsonl")]
    allr = {}
    for f in a.results:
        cost, res = load(f)
        if a.pairs_only:
            pairs_only(qs, res)
        fp, rows = score(qs, cost, res, a.lang)
        allr[cost["tool"]] = (cost, fp, rows)
        q = max(1, cost["queries"])
        print(
            "\n== %s %s  P100 threshold %.3f | index %.2f CPU s per 1,000 works (%.2f MB chars/CPU s) | match %.2f CPU ms per query | peak %.0f MiB"
            % (
                cost["tool"],
                a.lang or "zh+en",
                fp,
                cost["index_cpu"] / cost["docs"] * 1000,
                cost["ref_chars"] / 1e6 / max(1e-9, cost["index_cpu"]),
                cost["match_cpu"] / q * 1000,
                cost["rss_mib"],
            )
        )
        dn = [k for k in rows[0] if k.startswith("def ")]
        print(
            "%-22s %5s %7s %7s " % ("transform", "n", "r@P100", "r@P99")
            + " ".join("%-26s" % k[:26] for k in dn)
            + " plagdet@P100(P,R,gran)      plagdet@default"
        )
        for r in rows:
            f = lambda x: "   -  " if x is None else "%.3f" % x
            print(
                "%-22s %5d %7s %7s " % (r["name"], r["n"], f(r["r100"]), f(r["r99"]))
                + " ".join(
                    "%-26s" % ("%s fp %d in %d q" % (f(r[k]["recall"]), r[k]["fp"], r[k]["queries_with_fp"]))
                    for k in dn
                )
                + (
                    "  %.3f (%.3f %.3f %.2f)      %.3f" % (r["pd100"][3], *r["pd100"][:3], r["pd"][3])
                    if "pd" in r
                    else ""
                )
            )
    if a.json:
        json.dump(allr, open(a.json, "w"), indent=1)
    if len(allr) > 1:
        ns = list(allr)
        print("\nrecall at 100 %% / 99 %% precision\n| transform | " % () + " | ".join(ns) + " |")
        print("|---|" + "---|" * len(ns))
        for i, r in enumerate(allr[ns[0]][2]):
            print(
                "| %s | " % r["name"]
                + " | ".join(
                    "-"
                    if allr[n][2][i]["r100"] is None
                    else "%.2f / %.2f" % (allr[n][2][i]["r100"], allr[n][2][i]["r99"])
                    for n in ns
                )
                + " |"
            )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Score one or more results files against queries.json.

  score.py --queries Q/queries.json R/tool1.json [R/tool2.json ...] [--tol 1.0] [--json OUT]
A results file: {"tool", "index": {...costs}, "answers": {query id: [{work, ref_start, query_start, duration, score}, ...]}}
A query is found when its best-scored answer names the right work and lands on the right place:
|ref_start - (truth.ref_start + rate * (query_start - truth.q_start))| <= tol + 5 % of the query.
An answer may carry "default": false, meaning it lies below the tool's own acceptance threshold.
'zero FP': the threshold is the lowest score above every answer to a negative query and above every
wrong-work top answer to a positive query. 'default': every answer the tool gave at its own defaults.
A wrong answer is a false positive whether the query was negative or positive. A tool may give a rival
answer that is the same recording indexed twice: "same" in queries.json lists such pairs; "shared" (see shared.py)
lists answers that are real copies of another work's audio, which are left out of the judgement for every tool. "again" lists how
many seconds later or earlier a work holds the very recording again that a query was made from: that place is right, too.
"""

import argparse
import json
import statistics as st


def place_err(q, h, again=()):
    late = h["ref_start"] - (q["ref_start"] + q["rate"] * (h["query_start"] - q["q_start"]))
    return min(abs(late - other) for other in (0, *again))


def judge(qs, ans, tol, same=(), shared=(), again={}):
    """-> rows of (query, top score or None, right work, right place, error, accepted at the tool's default, error of the rate)"""
    rows = []
    for q in qs:
        hs = sorted(
            (h for h in ans.get(q["id"], []) if (q["id"], h["work"]) not in shared), key=lambda h: -h["score"]
        )
        if not hs:
            rows.append((q, None, False, False, None, False, None))
            continue
        h = hs[0]
        ok = q["work"] is not None and (
            h["work"] == q["work"] or tuple(sorted((h["work"], q["work"]))) in same
        )
        e = place_err(q, h, again.get(q["id"], ())) if ok and h["work"] == q["work"] else None
        placed = ok and (e is None or e <= tol + 0.05 * q["dur"])
        told = abs((h["speed"] or 1) / q["rate"] - 1) if ok and "speed" in h else None
        rows.append((q, h["score"], ok, placed, e, h.get("default", True), told))
    return rows


def summary(rows):
    neg = [r for r in rows if r[0]["work"] is None]
    pos = [r for r in rows if r[0]["work"] is not None]
    wrong = [r[1] for r in rows if r[1] is not None and not r[2]]
    thr = max(wrong) if wrong else float("-inf")
    hit0 = lambda r: r[3] and r[1] > thr
    hitd = lambda r: r[3] and r[5]
    err = [r[4] for r in pos if r[3] and r[4] is not None]

    def rate(f, rs):
        return 100 * sum(map(f, rs)) / len(rs) if rs else float("nan")

    out = dict(
        queries=len(pos),
        negatives=len(neg),
        recall_zero_fp=rate(hit0, pos),
        recall_default=rate(hitd, pos),
        fp_rate_negatives=rate(lambda r: r[5], neg),
        wrong_work_rate=rate(lambda r: r[5] and not r[2], pos),
        right_work_wrong_place=rate(lambda r: r[5] and r[2] and not r[3], pos),
        zero_fp_threshold=thr if wrong else None,
        offset_error_median=round(st.median(err), 3) if err else None,
        offset_error_p95=round(sorted(err)[int(0.95 * (len(err) - 1))], 3) if err else None,
    )
    for key in ("group", "transform", "dur", "kind"):
        g = {}
        for r in pos:
            g.setdefault(r[0][key], []).append(r)
        out["by_" + key] = {
            str(k): (round(rate(hit0, v), 1), round(rate(hitd, v), 1), len(v)) for k, v in g.items()
        }
    told = [r[6] for r in pos if r[3] and r[6] is not None]
    out["rate_told_within_half_percent"] = rate(lambda error: error <= 0.005, told) if told else None
    out["macro_group_zero_fp"] = sum(v[0] for v in out["by_group"].values()) / max(1, len(out["by_group"]))
    return out


def main():
    a = argparse.ArgumentParser()
    a.add_argument("results", nargs="+")
    a.add_argument("--queries", required=True)
    a.add_argument("--tol", type=float, default=1.0)
    a.add_argument("--json")
    a.add_argument("--works", help="unused; kept for adapters")
    o = a.parse_args()
    D = json.load(open(o.queries))
    qs = D["queries"] if isinstance(D, dict) else D
    same = {tuple(sorted(p)) for p in (D.get("same", []) if isinstance(D, dict) else [])}
    shared = {tuple(p) for p in (D.get("shared", []) if isinstance(D, dict) else [])}
    again = {}
    for query, late in D.get("again", []) if isinstance(D, dict) else []:
        again.setdefault(query, []).append(late)
    S, C = {}, {}
    for f in o.results:
        r = json.load(open(f))
        n = r["tool"]
        S[n] = summary(
            judge([q for q in qs if q["id"] in r["answers"]], r["answers"], o.tol, same, shared, again)
        )
        C[n] = r.get("index", {})
    names = list(S)

    def line(lab, cells):
        print(f"| {lab} | " + " | ".join(str(c) for c in cells) + " |")

    print("recall % at zero false positives / at the tool's defaults\n")
    line("transformation", names)
    line("---", ["---:"] * len(names))
    for key in ("transform", "group", "dur", "kind"):
        ks = []
        for n in names:
            ks += [k for k in S[n]["by_" + key] if k not in ks]
        for k in ks:
            line(
                ("**%s** " % key if key != "transform" else "")
                + k
                + " (%d)" % max(S[n]["by_" + key].get(k, (0, 0, 0))[2] for n in names),
                ["%.0f / %.0f" % S[n]["by_" + key][k][:2] if k in S[n]["by_" + key] else "-" for n in names],
            )
    f1 = lambda v: "-" if v is None else f"{v:.1f}" if isinstance(v, float) else v
    for k in (
        "queries",
        "negatives",
        "recall_zero_fp",
        "macro_group_zero_fp",
        "recall_default",
        "fp_rate_negatives",
        "wrong_work_rate",
        "right_work_wrong_place",
        "zero_fp_threshold",
        "rate_told_within_half_percent",
    ):
        line("**%s**" % k, [f1(S[n][k]) for n in names])
    for k in ("offset_error_median", "offset_error_p95"):
        line("**%s s**" % k, [S[n][k] for n in names])
    for k in ("cpu_s_per_hour_indexed", "cpu_ms_per_query", "index_bytes_per_hour", "hours"):
        line("**%s**" % k, [f1(C[n].get(k)) for n in names])
    if o.json:
        json.dump(dict(scores=S, costs=C), open(o.json, "w"), indent=1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Drive one tool over a set made by make_set.py and write its results as JSON.

An adapter is any command that understands
  ADAPTER index STATE REFS.json         REFS.json: [{"work": NAME, "file": PATH}]
  ADAPTER match STATE FILE              prints a JSON list of
      {"work", "ref_start", "ref_end", "query_start", "query_end", "score", "accept"}
and, for images,
  ADAPTER index-images STATE REFS.json
  ADAPTER match-images STATE LIST.json  LIST.json: [{"id", "file"}]; prints {"ID": [{"work", "score", "accept"}]}
"accept" (default true) says whether the tool's own default would report the match; lower-scored candidates may be
listed with accept false so that the score at zero false positives can be found.
"""

import json
import os
import shlex
import shutil
import argparse
from concurrent.futures import ThreadPoolExecutor
from common import run_cpu, log


def du(p):
    """Bytes of an index: what the adapter told in bytes.txt, or all that it left."""
    told = os.path.join(p, "bytes.txt")
    if os.path.exists(told):
        with open(told) as file:
            return int(file.read())
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(p) for f in fs)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--set", required=True)
    ap.add_argument("--adapter", required=True, help="command")
    ap.add_argument("--name", required=True)
    ap.add_argument("--state", required=True, help="scratch folder for the index (wiped)")
    ap.add_argument("--out", required=True)
    ap.add_argument("--only", default="", help="comma list of transformations to run")
    ap.add_argument("--jobs", type=int, default=1)
    ap.add_argument(
        "--stage", choices=("both", "index", "match"), default="both", help="index now, match later"
    )
    a = ap.parse_args()
    truth = json.load(open(os.path.join(a.set, "truth.json")))
    img = truth["kind"] == "image"
    cmd = shlex.split(a.adapter)
    stat = os.path.join(a.state, "..", f"index-{a.name}.json")
    if a.stage != "match":
        shutil.rmtree(a.state, ignore_errors=True)
        os.makedirs(a.state)
        refs = os.path.join(a.state, "..", f"refs-{a.name}.json")
        json.dump(
            [{"work": r["work"], "file": os.path.join(a.set, r["file"])} for r in truth["refs"]],
            open(refs, "w"),
        )
        rc, so, se, cpu = run_cpu(cmd + ["index-images" if img else "index", a.state, refs])
        if rc:
            raise SystemExit(f"index failed: {se[-2000:]}")
        json.dump({"cpu": cpu, "bytes": du(a.state)}, open(stat, "w"))
        log(f"{a.name}: indexed in {cpu:.1f} CPU s")
        if a.stage == "index":
            return
    res = {"tool": a.name, "index": json.load(open(stat)), "queries": {}}
    if img:
        lst = os.path.join(a.state, "..", f"list-{a.name}.json")
        json.dump(
            [{"id": q["id"], "file": os.path.join(a.set, q["file"])} for q in truth["queries"]],
            open(lst, "w"),
        )
        rc, so, se, cpu = run_cpu(cmd + ["match-images", a.state, lst])
        if rc:
            raise SystemExit(f"match failed: {se[-2000:]}")
        res["queries"] = json.loads(so)
        res["match_cpu"] = cpu
    else:
        only = set(filter(None, a.only.split(",")))
        qs = [q for q in truth["queries"] if not only or q["transform"] in only]

        def one(q):
            return q, run_cpu(cmd + ["match", a.state, os.path.join(a.set, q["file"])])

        with ThreadPoolExecutor(a.jobs) as ex:
            for q, (rc, so, se, cpu) in ex.map(one, qs):
                if rc:
                    log("failed", q["id"], se[-300:])
                res["queries"][q["id"]] = {
                    "matches": json.loads(so) if rc == 0 and so.strip() else [],
                    "cpu": cpu,
                }
    json.dump(res, open(a.out, "w"))
    log(f"{a.name}: done")


if __name__ == "__main__":
    main()

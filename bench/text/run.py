#!/usr/bin/env python3
"""Run one tool over the query set.

  run.py --data DIR --tool swordnet|datasketch|ensemble|rensa|gaoya|copydetect --out RESULT.jsonl [--program PATH]

swordnet is driven as a user would: work import, then match --list (--min-score 0, so that the scorer finds every threshold by
itself; "shipped" is what the program acts upon). The first line of RESULT.jsonl is the cost, CPU seconds of user and system
with children; the others are {"id", "matches"}."""

import argparse
import html
import json
import os
import re
import resource
import subprocess

SHIPPED = 0.5


def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def read_jsonl(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def swordnet(program, data, out, docs, queries):
    """-> CPU seconds to index and to match, peak MiB, matches by query."""
    office = [program, "--data", out + ".office", "--json"]
    os.makedirs(data + "/reftxt", exist_ok=True)
    with open(data + "/manifest.jsonl", "w") as manifest:
        for doc in docs:
            file = f"reftxt/{doc['id']}.txt"
            with open(f"{data}/{file}", "w", newline="") as text:
                text.write(doc["text"])
            row = dict(file=file, title=doc["id"], kind="news_article", holder="bench")
            manifest.write(json.dumps(row) + "\n")
    subprocess.run([*office, "init"], check=True, stdout=subprocess.DEVNULL)
    before = cpu()
    subprocess.run(
        [*office, "work", "import", data + "/manifest.jsonl"], check=True, stdout=subprocess.DEVNULL
    )
    imported = cpu()
    files = {f"{data}/{q['file']}": q for q in queries}
    with open(out + ".list", "w") as names:
        names.write("".join(file + "\n" for file in files))
    command = [*office, "match", "--min-score", "0", "--list", out + ".list"]
    answers = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    matched = cpu()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    matches = {q["id"]: [] for q in queries}
    for line in answers.splitlines():
        match = json.loads(line)
        query = files[match["query"]]
        # The truth of a page has no places: they are those of its main text.
        spans = {k: None if query["kind"] == "html" else int(match[k]) for k in ("query_start", "query_end")}
        spans |= {k: int(match[k]) for k in ("ref_start", "ref_end")}
        matches[query["id"]].append(dict(work=match["title"], score=match["score"], **spans))
    return imported - before, matched - imported, peak, {"shipped": SHIPPED}, matches


def peer(name, data, docs, queries):
    from peers import PEERS

    tool = PEERS[name]()
    before = cpu()
    tool.index((doc["id"], doc["lang"], doc["text"]) for doc in docs)
    indexed = cpu() - before
    matching, matches = 0.0, {}
    for query in queries:
        with open(f"{data}/{query['file']}", newline="") as file:
            text = file.read()
        before = cpu()
        if query["kind"] == "html":
            text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?is)<(script|style).*?</\1>", "", text)))
        matches[query["id"]] = tool.match(text, query["lang"])
        matching += cpu() - before
        if query["kind"] == "html":
            for match in matches[query["id"]]:
                match["query_start"] = match["query_end"] = None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return indexed, matching, peak, tool.defaults, matches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--program", default="swordnet")
    o = parser.parse_args()
    docs, queries = read_jsonl(o.data + "/refs.jsonl"), read_jsonl(o.data + "/queries.jsonl")
    if o.tool == "swordnet":
        costs = swordnet(o.program, o.data, o.out, docs, queries)
    else:
        costs = peer(o.tool, o.data, docs, queries)
    indexed, matching, peak, defaults, matches = costs
    cost = dict(
        tool=o.tool,
        index_cpu=indexed,
        match_cpu=matching,
        rss_mib=peak,
        defaults=defaults,
        docs=len(docs),
        ref_chars=sum(len(doc["text"]) for doc in docs),
        queries=len(queries),
    )
    with open(o.out, "w") as out:
        out.write(json.dumps(cost) + "\n")
        for query in queries:
            out.write(
                json.dumps(dict(id=query["id"], matches=matches[query["id"]]), ensure_ascii=False) + "\n"
            )
    print(json.dumps(cost))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Drive one tool over the queries and write a results file for score.py.

  run.py --queries QDIR --adapter "CMD ..." --name NAME --out R/NAME.json [--store DIR] [--every N]

An adapter is a command that is called as
  CMD index LIST STORE     LIST has lines 'work<TAB>wav path'; builds its index in the folder STORE
  CMD batch STORE WAVLIST  prints one JSON object a line: {"file": path, "matches": [{work, ref_start, query_start, duration, score}]}
It may add "default": false to a match below its own threshold, "speed" and "pitch", and write the size of its index to
STORE/bytes.txt and, where one process does both, "index match" CPU seconds to STORE/cost.txt. Costs are CPU seconds (user + system) of the command and its children."""

import argparse
import json
import os
import resource
import shlex
import subprocess
import tempfile
import wave


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size(folder):
    told = os.path.join(folder, "bytes.txt")
    if os.path.exists(told):
        with open(told) as file:
            return int(file.read())
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def seconds(path):
    with wave.open(path) as sound:
        return sound.getnframes() / sound.getframerate()


def main():
    parser = argparse.ArgumentParser()
    for name in ("queries", "adapter", "name", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--store")
    parser.add_argument("--every", type=int, default=1, help="only every N-th query")
    o = parser.parse_args()
    command = shlex.split(o.adapter)
    with open(o.queries + "/queries.json") as file:
        queries = json.load(file)["queries"][:: o.every]
    works = os.path.abspath(o.queries + "/index.txt")
    with open(works) as lines:
        hours = sum(seconds(line.rstrip("\n").split("\t")[1]) for line in lines) / 3600
    store = o.store or tempfile.mkdtemp()
    os.makedirs(store, exist_ok=True)
    before = cpu()
    subprocess.run([*command, "index", works, store], check=True)
    indexed = cpu() - before
    files = {os.path.abspath(o.queries + "/" + query["file"]): query["id"] for query in queries}
    with open(store + "/queries.list", "w") as names:
        names.write("".join(file + "\n" for file in files))
    before = cpu()
    batch = [*command, "batch", store, store + "/queries.list"]
    said = subprocess.run(batch, stdout=subprocess.PIPE, check=True, text=True).stdout
    matched = cpu() - before
    if os.path.exists(store + "/cost.txt"):
        with open(store + "/cost.txt") as told:
            indexed, matched = map(float, told.read().split())
    answers = {files[row["file"]]: row["matches"] for row in map(json.loads, said.splitlines())}
    index = dict(
        hours=round(hours, 2),
        cpu_s_per_hour_indexed=round(indexed / hours, 2),
        index_bytes_per_hour=round(size(store) / hours),
        cpu_ms_per_query=round(1000 * matched / len(queries), 2),
    )
    with open(o.out, "w") as out:
        json.dump(dict(tool=o.name, index=index, answers=answers), out)
    print(o.name, len(answers), "answered", index)


if __name__ == "__main__":
    main()

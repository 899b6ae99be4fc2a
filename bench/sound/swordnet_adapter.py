#!/usr/bin/env python3
"""swordnet as run.py wants it: work import, then match --list, as a user would. SWORDNET names the program.

The cost of a query is that of the whole command: start, decoding by confined ffmpeg, fingerprint and search. What the program would
not act upon is marked "default": false."""

import json
import os
import subprocess
import sys

PROGRAM = os.environ.get("SWORDNET", "swordnet")
SHIPPED = 0.5


def index(works, store):
    manifest = store + "/manifest.jsonl"
    kept = 0
    with open(works) as lines, open(manifest, "w") as rows:
        for line in lines:
            work, file = line.rstrip("\n").split("\t")
            kept += os.path.getsize(file)
            rows.write(json.dumps(dict(file=file, title=work, kind="song", holder="bench")) + "\n")
    office = [PROGRAM, "--data", store + "/office", "--json"]
    subprocess.run([*office, "init"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*office, "work", "import", manifest], check=True, stdout=subprocess.DEVNULL)
    # The vault holds the works themselves and the index.
    vault = sum(
        os.path.getsize(f"{at}/{name}") for at, _, names in os.walk(store + "/office/vault") for name in names
    )
    with open(store + "/bytes.txt", "w") as told:
        told.write(str(vault - kept))


def batch(store, names):
    office = [PROGRAM, "--data", store + "/office", "--json"]
    command = [*office, "match", "--min-score", "0", "--list", names]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    with open(names) as lines:
        matches = {line.rstrip("\n"): [] for line in lines}
    for line in said.splitlines():
        match = json.loads(line)
        matches[match["query"]].append(
            dict(
                work=match["title"],
                ref_start=match["ref_start"],
                query_start=match["query_start"],
                duration=match["query_end"] - match["query_start"],
                score=match["score"],
                default=match["score"] >= SHIPPED,
                speed=match["transform"].get("speed", 1.0),
                pitch=match["transform"].get("pitch", 0.0),
            )
        )
    for file, found in matches.items():
        print(json.dumps(dict(file=file, matches=found)))


if __name__ == "__main__":
    {"index": index, "batch": batch}[sys.argv[1]](*sys.argv[2:])

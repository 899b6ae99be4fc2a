#!/usr/bin/env python3
"""swordnet as run.py wants it: work import, then match, as a user would. SWORDNET names the program, SWEEP=1 adds --sweep."""

import json
import os
import subprocess
import sys

PROGRAM = os.environ.get("SWORDNET", "swordnet")
SHIPPED = 0.5
# Some files were wrong and the others were kept: a picture may hold nothing to recognise.
SOME_WRONG = 3


def office(state, *arguments):
    command = [PROGRAM, "--data", state + "/office", "--json", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, SOME_WRONG):
        raise SystemExit(done.returncode)
    return done.stdout


def index(state, works, kind):
    manifest = state + "/manifest.jsonl"
    kept = 0
    with open(works) as file, open(manifest, "w") as rows:
        for work in json.load(file):
            kept += os.path.getsize(work["file"])
            row = dict(file=os.path.abspath(work["file"]), title=work["work"], kind=kind, holder="bench")
            rows.write(json.dumps(row) + "\n")
    office(state, "init")
    office(state, "work", "import", manifest)
    # The vault holds the works themselves and the index.
    vault = sum(
        os.path.getsize(f"{at}/{name}") for at, _, names in os.walk(state + "/office/vault") for name in names
    )
    with open(state + "/bytes.txt", "w") as told:
        told.write(str(vault - kept))


def match(state, *files):
    sweep = ["--sweep"] if os.environ.get("SWEEP") else []
    for line in office(state, "match", "--min-score", "0", *sweep, *files).splitlines():
        said = json.loads(line)
        spans = {k: said[k] for k in ("ref_start", "ref_end", "query_start", "query_end")}
        yield (
            said["query"],
            dict(
                work=said["title"],
                score=said["score"],
                accept=said["score"] >= SHIPPED,
                medium=said["medium"],
                **spans,
            ),
        )


def main():
    verb, state, argument = sys.argv[1:4]
    if verb == "index":
        index(state, argument, "film")
    elif verb == "index-images":
        index(state, argument, "photograph")
    elif verb == "match":
        # The queries have no sound of their own to go by.
        print(json.dumps([found for _, found in match(state, argument) if found["medium"] == "video"]))
    else:
        with open(argument) as file:
            queries = {os.path.abspath(q["file"]): q["id"] for q in json.load(file)}
        with open(state + "/queries.list", "w") as names:
            names.write("".join(name + "\n" for name in queries))
        answers = {name: [] for name in queries.values()}
        for name, found in match(state, "--list", state + "/queries.list"):
            answers[queries[os.path.abspath(name)]].append(found)
        print(json.dumps(answers))


if __name__ == "__main__":
    main()

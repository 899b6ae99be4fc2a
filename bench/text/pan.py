#!/usr/bin/env python3
"""The pairs of PAN 2013's text alignment that bhagirath77/PanPC keeps (02-no-obfuscation): pan.py MIRROR OUT.

MIRROR is what fetch.sh made. All sources become OUT/refs.jsonl, the suspicious documents of the pairs queries whose truth is their
annotated passages. Then run.py, and score.py --pairs-only, as PAN gives the pair. The repository has lost characters of both: the
passages are looked for near the annotated places, and a copy is left out where one of them is not there."""

import json
import os
import re
import sys
import xml.etree.ElementTree as ET

from corpora import blobs, gitdir, tree

# Characters by which a place may be wrong.
DRIFT = 4000
# Characters from the ends of a passage at which it is looked for, as sources have lost some too.
INSET = 15

mirror, out = sys.argv[1:]
os.makedirs(out + "/q", exist_ok=True)
repository = gitdir(mirror, "bhagirath77/PanPC")
names = {name: sha for sha, name in tree(repository)}


def read(paths):
    texts = blobs(repository, [names[path] for path in paths])
    return {path: text.decode("utf8", "replace") for path, text in zip(paths, texts)}


sources = read(sorted(n for n in names if n.startswith("final_txt_files/source")))
with open(out + "/refs.jsonl", "w") as file:
    for name, text in sources.items():
        row = dict(id=name.split("/")[1][:-4], lang="en", kind="web", title="", text=text)
        file.write(json.dumps(row) + "\n")
pairs = [line.split() for line in read(["02-no-obfuscation/pairs"]).popitem()[1].splitlines() if line.strip()]
notes = read([f"02-no-obfuscation/{copy[:-4]}-{source[:-4]}.xml" for copy, source in pairs])
truth = {}
for (copy, source), note in zip(pairs, notes.values()):
    for feature in ET.fromstring(note).iter("feature"):
        if feature.get("name") == "plagiarism":
            at = {key: int(feature.get(key)) for key in feature.keys() if key.endswith(("offset", "length"))}
            passage = dict(
                work=source[:-4],
                ref_start=at["source_offset"],
                ref_end=at["source_offset"] + at["source_length"],
                query_start=at["this_offset"],
                query_end=at["this_offset"] + at["this_length"],
            )
            truth.setdefault(copy, []).append(passage)
copies = read([f"susp/{copy}" for copy in sorted(truth)])


def place(text, part, near):
    """Where the letters of `part` stand in the text: start and end of the place nearest to where they should."""
    pattern = r"\W*".join(re.sub(r"\W", "", part))
    found = [m.span() for m in re.finditer(pattern, text[max(0, near - DRIFT) : near + DRIFT])]
    places = [(start + max(0, near - DRIFT), end + max(0, near - DRIFT)) for start, end in found]
    return min(places, key=lambda p: abs(p[0] - near), default=None)


def mended(text, passages):
    """The passages with their places in the text, None where one is not there."""
    for passage in passages:
        source = sources[f"final_txt_files/{passage['work']}.txt"][passage["ref_start"] : passage["ref_end"]]
        first = place(text, source[INSET : INSET + 40], passage["query_start"] + INSET)
        last = place(text, source[-INSET - 40 : -INSET], passage["query_end"] - INSET - 40)
        if not first or not last or abs(last[1] - first[0] - len(source)) > len(source) / 10:
            return None
        passage.update(query_start=max(0, first[0] - INSET), query_end=min(len(text), last[1] + INSET))
    return passages


truth = {copy: mended(copies[f"susp/{copy}"], passages) for copy, passages in truth.items()}
copies = {path: text for path, text in copies.items() if truth[path.split("/")[1]]}
with open(out + "/queries.jsonl", "w") as file:
    for path, text in copies.items():
        copy = path.split("/")[1]
        with open(f"{out}/q/{copy}", "w", newline="") as query:
            query.write(text)
        row = dict(
            id=copy[:-4], file="q/" + copy, kind="text", lang="en", transform="PAN13", truth=truth[copy]
        )
        file.write(json.dumps(row) + "\n")
print(len(sources), "sources", len(copies), "copies of", len(truth))

#!/usr/bin/env python3
"""Real texts for `scale likeness`: apart.py MIRROR OUT. Each source is cut in two at random, doubles dropped but not what shares passages:
OUT/apart has texts of one half, OUT/known more of the other, in the shares that sources have among the works, OUT/seen every fifteenth of OUT/known."""

import os
import random
import re
import sys

import corpora

# Texts apart and known ones, of each source.
PLAN = {"xwlb": 240, "lctt": 138, "novels": 138, "bbc": 142, "reviews": 54, "pansrc": 82}
KNOWN = {"xwlb": 4600, "lctt": 2650, "novels": 2319, "bbc": 1037, "reviews": 500, "pansrc": 944}

mirror, out = sys.argv[1:]
for folder in ("apart", "known", "seen"):
    os.makedirs(f"{out}/{folder}")


def write(folder, doc):
    with open(f"{out}/{folder}/{doc['id']}.txt", "w", newline="") as file:
        file.write(doc["text"])


chance, known = random.Random(3), []
for source in PLAN:
    texts = {}
    for doc in getattr(corpora, source)(mirror):
        if (300 if doc["lang"] == "zh" else 700) <= len(doc["text"]) <= 8000:
            texts.setdefault(re.sub(r"\W", "", doc["text"]), doc)
    texts = list(texts.values())
    chance.shuffle(texts)
    half = len(texts) // 2
    for doc in texts[: min(PLAN[source], half)]:
        write("apart", doc)
    known += texts[half:][: KNOWN[source]]
for doc in known:
    write("known", doc)
for doc in sorted(known, key=lambda doc: doc["id"] + ".txt")[2::15]:
    write("seen", doc)

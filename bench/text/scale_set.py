#!/usr/bin/env python3
"""What bench/scale.sh asks for, out of refs.jsonl and queries.jsonl: scale_set.py DATA OUT.

OUT/works/WORK.txt; OUT/queries/WORK+WORK~QUERY.txt, those of strangers ~QUERY.txt. Of pages the text between the tags."""

import html
import json
import os
import re
import sys

data, out = sys.argv[1:]
os.makedirs(out + "/works")
os.makedirs(out + "/queries")
with open(data + "/refs.jsonl") as lines:
    for doc in map(json.loads, lines):
        with open(f"{out}/works/{doc['id']}.txt", "w", newline="") as file:
            file.write(doc["text"])
with open(data + "/queries.jsonl") as lines:
    for query in map(json.loads, lines):
        with open(f"{data}/{query['file']}", newline="") as file:
            text = file.read()
        if query["kind"] == "html":
            text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?is)<(script|style).*?</\1>", "", text)))
        works = "+".join(dict.fromkeys(passage["work"] for passage in query["truth"]))
        with open(f"{out}/queries/{works}~{query['id']}.txt", "w", newline="") as file:
            file.write(text)

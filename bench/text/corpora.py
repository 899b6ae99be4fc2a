#!/usr/bin/env python3
"""Build the reference set and the held-out pool from bare git snapshots of public repositories.

  corpora.py --mirror DIR --out DIR [--seed 1]

--mirror is what fetch.sh made. Nothing fetched is stored beside these scripts; everything goes to --out.

Writes: refs.jsonl (id, lang, kind, title, text), heldout.jsonl (same form; never indexed: host text and
negatives), corpora.json (counts and characters). Every document accepted shares no sampled long run
(24 characters of Chinese, 60 of English, after dropping spaces and punctuation) with an earlier one, so
that a match with another work is a real false match.
"""

import argparse
import html
import io
import json
import os
import random
import re
import subprocess
import zipfile
import zlib

import numpy as np


def gitdir(mirror, repo):
    return os.path.join(mirror, repo.replace("/", "+") + ".git")


def tree(gd, path=""):
    out = subprocess.run(
        ["git", "--git-dir", gd, "-c", "core.quotepath=off", "ls-tree", "-r", "-z", "HEAD"]
        + ([path] if path else []),
        capture_output=True,
    ).stdout.decode("utf8", "replace")
    for rec in out.split("\0"):
        if rec:
            meta, name = rec.split("\t", 1)
            yield meta.split()[2], name


def blobs(gd, shas):
    """Contents of many blobs through one 'git cat-file --batch'; missing ones come back as None."""
    p = subprocess.Popen(
        ["git", "--git-dir", gd, "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    for s in shas:
        p.stdin.write(s.encode() + b"\n")
        p.stdin.flush()
        head = p.stdout.readline().split()
        if len(head) < 3:
            yield None
            continue
        yield p.stdout.read(int(head[2]))
        p.stdout.read(1)
    p.stdin.close()
    p.wait()


TAG = re.compile(r"<[^>]+>")


def detag(s):
    s = re.sub(r"(?i)<br\s*/?>|</p>", "\n", s)
    s = html.unescape(TAG.sub("", s)).replace("\u00a0", " ").replace("\u3000", " ")
    return re.sub(r"\n\s*\n+", "\n", re.sub(r"[ \t]+", " ", s)).strip()


def xwlb(m):  # CCTV evening news transcripts
    gd = gitdir(m, "DuckBurnIncense/xin-wen-lian-bo")
    fs = sorted((n, s) for s, n in tree(gd) if re.match(r"news/\d{8}\.md$", n))
    for (n, s), b in zip(fs, blobs(gd, [s for _, s in fs])):
        if b is None:
            continue
        t = b.decode("utf8", "replace").split("## 详细新闻")[-1]
        for i, part in enumerate(re.split(r"(?m)^### ", t)[1:]):
            title, _, body = part.partition("\n")
            body = detag(re.sub(r"\[查看原文\].*", "", body))
            yield dict(
                id="xwlb-%s-%02d" % (n[5:13], i), lang="zh", kind="news", title=title.strip(), text=body
            )


def lctt(m):  # translated technology news, published articles
    gd = gitdir(m, "LCTT/TranslateProject")
    fs = sorted((n, s) for s, n in tree(gd, "published") if n.endswith(".md"))
    for (n, s), b in zip(fs, blobs(gd, [s for _, s in fs])):
        if b is None:
            continue
        t = b.decode("utf8", "replace")
        t = re.sub(r"(?s)```.*?```", "", t)
        t = re.sub(r"(?m)^\[?#?\]?: .*$|^\[.*?\]:.*$|^!\[.*$|^-{3,}$|^={3,}$|^\|.*$", "", t)
        t = re.split(r"(?m)^via:|^-+\s*via", t)[0]
        t = re.sub(r"!?\[([^\]]*)\]\s?(\[[^\]]*\]|\([^)]*\))", r"\1", t)
        t = re.sub(r"[`*_#>]+", "", t)
        ls = [x.strip() for x in t.split("\n") if x.strip()]
        if len(ls) < 4:
            continue
        body = "\n".join(ls[1:])
        if len(re.findall(r"[\u4e00-\u9fff]", body)) < len(body) * 0.4:
            continue
        yield dict(
            id="lctt-%08x" % zlib.crc32(n.encode()),
            lang="zh",
            kind="tech news",
            title=ls[0][:120],
            text=body[:6000],
        )


def novels(m):  # out-of-copyright Chinese novels by chapter
    gd = gitdir(m, "luoxuhai/chinese-novel")
    fs = sorted((n, s) for s, n in tree(gd, "resources") if re.search(r"/\d+\.html$", n))
    random.Random(5).shuffle(fs)
    fs = fs[:5000]
    for (n, s), b in zip(fs, blobs(gd, [s for _, s in fs])):
        if b is None:
            continue
        t = detag(b.decode("utf8", "replace"))
        book = n.split("/")[-2]
        yield dict(
            id="novel-%08x" % zlib.crc32(n.encode()),
            lang="zh",
            kind="novel",
            title=book + " " + n.split("/")[-1][:-5],
            text=t[:6000],
        )


def bbc(m):
    gd = gitdir(m, "suraj-deshmukh/BBC-Dataset-News-Classification")
    fs = sorted((n, s) for s, n in tree(gd, "dataset/data_files"))
    for (n, s), b in zip(fs, blobs(gd, [s for _, s in fs])):
        t = b.decode("latin1")
        title, _, body = t.partition("\n")
        yield dict(
            id="bbc-" + n[19:-4].replace("/", "-"),
            lang="en",
            kind="news",
            title=title.strip(),
            text=re.sub(r"\n\s*\n+", "\n", body).strip(),
        )


def reviews(m):
    gd = gitdir(m, "nltk/nltk_data")
    s = dict((n, s) for s, n in tree(gd, "packages/corpora/movie_reviews.zip"))[
        "packages/corpora/movie_reviews.zip"
    ]
    z = zipfile.ZipFile(io.BytesIO(next(blobs(gd, [s]))))
    for n in sorted(z.namelist()):
        if n.endswith(".txt"):
            yield dict(
                id="mr-" + n.split("/")[-1][:-4],
                lang="en",
                kind="review",
                title="Review",
                text=re.sub(r"\s*\n\s*", "\n", z.read(n).decode("utf8", "replace")).strip()[:6000],
            )


def pansrc(m):  # PAN 2013 text alignment source documents (web text)
    gd = gitdir(m, "bhagirath77/PanPC")
    fs = sorted((n, s) for s, n in tree(gd, "final_txt_files"))
    for (n, s), b in zip(fs, blobs(gd, [s for _, s in fs])):
        t = b.decode("utf8", "replace").lstrip("\ufeff").replace("\r\n", "\n")
        yield dict(
            id="pan-" + n.split("/")[-1][:-4],
            lang="en",
            kind="web",
            title=t.strip().split("\n")[0][:100],
            text=re.sub(r"\n\s*\n+", "\n", t).strip()[:8000],
        )


KEEP = re.compile(r"[\W_]+", re.U)


def fp(text, lang):
    k = 24 if lang == "zh" else 60
    a = np.frombuffer(KEEP.sub("", text.lower()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(a) < k:
        return np.zeros(0, np.uint64)
    mul = np.uint64(1099511628211)
    h = np.zeros(len(a) - k + 1, np.uint64)
    with np.errstate(over="ignore"):
        for i in range(k):
            h = h * mul + a[i : len(a) - k + 1 + i]
        h ^= h >> np.uint64(29)
        h *= np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(32)
    return np.unique(h[h % np.uint64(4) == 0])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--mirror", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    plan = [
        (xwlb, 2600, 500),
        (lctt, 1500, 200),
        (novels, 1500, 300),
        (bbc, 1500, 450),
        (reviews, 600, 100),
        (pansrc, 900, 150),
    ]
    seen, stat = set(), {}
    R = open(a.out + "/refs.jsonl", "w")
    H = open(a.out + "/heldout.jsonl", "w")
    for src, nref, nheld in plan:
        ds = [d for d in src(a.mirror) if (300 if d["lang"] == "zh" else 700) <= len(d["text"]) <= 8000]
        random.Random("%d %s" % (a.seed, src.__name__)).shuffle(ds)
        got, drop, ch = [], 0, 0
        for d in ds:
            if len(got) >= nref + nheld:
                break
            f = fp(d["text"], d["lang"]).tolist()
            if sum(x in seen for x in f) > 0:
                drop += 1
                continue
            seen.update(f)
            got.append(d)
        nh = min(nheld, len(got) // 6)
        for d in got[:nh]:
            H.write(json.dumps(d, ensure_ascii=False) + "\n")
        for d in got[nh:]:
            R.write(json.dumps(d, ensure_ascii=False) + "\n")
            ch += len(d["text"])
        stat[src.__name__] = dict(
            usable=len(ds), refs=len(got) - nh, heldout=nh, dropped_for_shared_runs=drop, ref_chars=ch
        )
        print(src.__name__, stat[src.__name__], flush=True)
    json.dump(stat, open(a.out + "/corpora.json", "w"), indent=1)


if __name__ == "__main__":
    main()

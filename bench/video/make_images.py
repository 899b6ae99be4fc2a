#!/usr/bin/env python3
"""Make a deterministic image copy-recognition set with AugLy's image augmenters (external transformations).

  make_images.py --media DIR --out DIR --seed N --per-transform K
DIR/images is a pool of distinct images; the seed splits it into references (60 %) and images that are never
referenced (40 %), from which as many negative queries are made as there are positive ones, by the same augmenters.
AugLy imports torch at load time without needing it for images; where torch is absent an empty stand-in is put in.
Needs: augly, numpy<2, pillow<10.
"""

import importlib.machinery
import json
import os
import random
import shutil
import sys
import types
import argparse
import numpy as np
from PIL import Image
from common import IMAGE_EXT, files_in, log

try:
    import torch  # noqa: F401
except ImportError:
    m = types.ModuleType("torch")
    m.__spec__ = importlib.machinery.ModuleSpec("torch", None)
    m.__version__ = "0"
    m.Tensor = type("Tensor", (), {})
    sys.modules["torch"] = m
for _n, _t in (("float", float), ("int", int), ("bool", bool)):  # AugLy 1.0.0 uses names numpy has dropped
    if _n not in np.__dict__:
        setattr(np, _n, _t)
import augly.image as A

TEXT = "watch the full film on our channel today".split()


def words(r):
    return " ".join(r.sample(TEXT, r.randint(2, 5)))


# name -> fn(img, rng, pool of foreign images)
T = {
    "crop": lambda i, r, p: crop(i, r, 0.5, 0.85),
    "crop_hard": lambda i, r, p: crop(i, r, 0.3, 0.5),
    "hflip": lambda i, r, p: A.hflip(i),
    "rotate": lambda i, r, p: A.rotate(i, degrees=r.choice([-1, 1]) * r.uniform(5, 30)),
    "rotate90": lambda i, r, p: A.rotate(i, degrees=r.choice([90, 180, 270])),
    "perspective": lambda i, r, p: A.perspective_transform(
        i, sigma=min(i.size) * r.uniform(0.05, 0.12), seed=r.randint(0, 9999)
    ),
    "aspect": lambda i, r, p: A.change_aspect_ratio(i, ratio=r.uniform(0.5, 2.0)),
    "pad": lambda i, r, p: A.pad(
        i,
        w_factor=r.uniform(0.1, 0.4),
        h_factor=r.uniform(0.1, 0.4),
        color=tuple(r.randint(0, 255) for _ in range(3)),
    ),
    "encoding": lambda i, r, p: A.encoding_quality(i, quality=r.randint(3, 12)),
    "pixelization": lambda i, r, p: A.pixelization(i, ratio=r.uniform(0.12, 0.3)),
    "blur": lambda i, r, p: A.blur(i, radius=min(i.size) * r.uniform(0.006, 0.015)),
    "brightness": lambda i, r, p: A.brightness(i, factor=r.choice([0.35, 0.5, 1.6, 2.2])),
    "contrast": lambda i, r, p: A.contrast(i, factor=r.choice([0.3, 0.5, 1.8, 2.5])),
    "saturation": lambda i, r, p: A.saturation(i, factor=r.choice([0, 0.3, 2.5, 4])),
    "colour": lambda i, r, p: Image.merge(
        "RGB", [i.split()[k] for k in r.choice([(1, 0, 2), (2, 1, 0), (1, 2, 0)])]
    ),
    "grayscale": lambda i, r, p: A.grayscale(i).convert("RGB"),
    "noise": lambda i, r, p: A.random_noise(i, var=r.uniform(0.01, 0.05), seed=r.randint(0, 9999)),
    "shuffle_pixels": lambda i, r, p: A.shuffle_pixels(
        i, factor=r.uniform(0.1, 0.3), seed=r.randint(0, 9999)
    ),
    "overlay_emoji": lambda i, r, p: A.overlay_emoji(
        i, emoji_size=r.uniform(0.2, 0.5), x_pos=r.uniform(0, 0.6), y_pos=r.uniform(0, 0.6)
    ),
    "overlay_text": lambda i, r, p: A.overlay_text(
        i,
        text=[r.randint(0, 80) for _ in range(12)],
        font_size=r.uniform(0.08, 0.2),
        opacity=1.0,
        color=tuple(r.randint(0, 255) for _ in range(3)),
        x_pos=r.uniform(0, 0.4),
        y_pos=r.uniform(0, 0.7),
    ),
    "overlay_stripes": lambda i, r, p: A.overlay_stripes(
        i, line_width=r.uniform(0.2, 0.5), line_angle=r.uniform(0, 180), line_density=r.uniform(0.2, 0.5)
    ),
    "meme_format": lambda i, r, p: A.meme_format(
        i, text=words(r), caption_height=max(40, int(i.height * r.uniform(0.15, 0.35)))
    ),
    "onto_background": lambda i, r, p: A.overlay_onto_background_image(
        i,
        r.choice(p)(),
        opacity=1.0,
        overlay_size=r.uniform(0.35, 0.6),
        x_pos=r.uniform(0, 0.35),
        y_pos=r.uniform(0, 0.35),
    ),
    "foreign_overlay": lambda i, r, p: A.overlay_image(
        i,
        r.choice(p)(),
        opacity=1.0,
        overlay_size=r.uniform(0.3, 0.5),
        x_pos=r.uniform(0, 0.5),
        y_pos=r.uniform(0, 0.5),
    ),
    "onto_screenshot": lambda i, r, p: A.overlay_onto_screenshot(i, template_filepath=shot(r)),
    "opacity_blend": lambda i, r, p: A.overlay_image(
        i, r.choice(p)().resize(i.size), opacity=r.uniform(0.25, 0.4), overlay_size=1.0, x_pos=0.0, y_pos=0.0
    ),
}


def crop(i, r, lo, hi):
    w, h = r.uniform(lo, hi), r.uniform(lo, hi)
    x, y = r.uniform(0, 1 - w), r.uniform(0, 1 - h)
    return A.crop(i, x1=x, y1=y, x2=x + w, y2=y + h)


def shot(r):
    import augly.utils as U

    d = U.SCREENSHOT_TEMPLATES_DIR
    return os.path.join(d, r.choice(sorted(f for f in os.listdir(d) if f.endswith(".png"))))


def combo(i, r, p, names):
    for n in names:
        i = T[n](i.convert("RGB"), r, p)
    return i


EASY = [
    "crop",
    "hflip",
    "aspect",
    "pad",
    "encoding",
    "blur",
    "brightness",
    "contrast",
    "saturation",
    "grayscale",
    "noise",
    "overlay_emoji",
    "overlay_text",
    "meme_format",
    "onto_background",
    "foreign_overlay",
    "onto_screenshot",
    "rotate",
    "perspective",
    "pixelization",
]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--media", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--per-transform", type=int, default=10)
    a = ap.parse_args()
    pool = files_in(os.path.join(a.media, "images"), IMAGE_EXT)
    random.Random(a.seed).shuffle(pool)
    cut = int(len(pool) * 0.6)
    refs, rest = pool[:cut], pool[cut:]
    back, negs = rest[: len(rest) // 4], rest[len(rest) // 4 :]
    load = lambda f: Image.open(f).convert("RGB")
    foreign = [lambda f=f: load(f) for f in back]
    shutil.rmtree(a.out, ignore_errors=True)
    for d in ("refs", "queries"):
        os.makedirs(os.path.join(a.out, d))
    name = lambda f: os.path.splitext(os.path.basename(f))[0]
    truth = {"kind": "image", "seed": a.seed, "refs": [], "queries": []}
    for f in refs:
        link = os.path.join("refs", os.path.basename(f))
        os.symlink(os.path.abspath(f), os.path.join(a.out, link))
        truth["refs"].append({"work": name(f), "file": link})
    jobs = (
        [("copy", [], "copy")]
        + [(t, [t], t) for t in T]
        + [("combo2", 2, ""), ("combo3", 3, ""), ("combo4", 4, "")]
    )
    for t, names, _ in jobs:
        for k in range(a.per_transform):
            for positive in (True, False):
                r = random.Random(f"{a.seed}:{t}:{k}:{positive}")
                np.random.seed(r.randint(0, 2**31))
                random.seed(r.random())
                ns = r.sample(EASY, names) if isinstance(names, int) else names
                f = r.choice(refs if positive else negs)
                qid = f"i{len(truth['queries']):05d}"
                out = os.path.join("queries", qid + ".jpg")
                try:
                    img = combo(load(f), r, foreign, ns)
                except Exception as e:  # an augmenter that cannot take this image
                    log("skipped", t, k, type(e).__name__, str(e)[:80])
                    continue
                img.convert("RGB").save(os.path.join(a.out, out), quality=85)
                truth["queries"].append(
                    {
                        "id": qid,
                        "file": out,
                        "transform": t if positive else "negative",
                        "ref": name(f) if positive else "",
                    }
                )
    json.dump(truth, open(os.path.join(a.out, "truth.json"), "w"), indent=0)
    log(
        f"{len(refs)} references, {len(back)} backgrounds, {len(negs)} negatives' sources, {len(truth['queries'])} queries"
    )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draw how costs grow: plot.py OUT.svg NAME@FULL=FILE [...], where FULL is the full size and FILE holds the rows of scale.sh. Both axes are logarithmic: the share of the full
size to the right, CPU milliseconds a query upwards; the dotted line is growth in proportion."""

import math
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 400, 60, 150, 20, 50
COLOURS = "#1b6ca8 #c0392b #2e8b57 #8e44ad".split()
LOW, HIGH = 1, 1000


def x(share):
    return LEFT + (WIDTH - LEFT - RIGHT) * (1 + math.log(share, 64))


def y(value):
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - math.log10(max(value, LOW)) / math.log10(HIGH))


def text(at, content, anchor="middle"):
    return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}">{content}</text>'


def main():
    out, *runs = sys.argv[1:]
    parts = []
    for part in (64, 16, 4, 1):
        parts.append(text((x(1 / part), HEIGHT - BOTTOM + 20), f"1/{part}" if part > 1 else "full"))
    for value in (1, 10, 100, 1000):
        parts.append(f'<path d="M{LEFT} {y(value):.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(text((LEFT - 8, y(value) + 4), value, "end"))
    labels = []
    for colour, run in zip(COLOURS, runs):
        name, file = run.split("=")
        with open(file) as lines:
            rows = [list(map(float, line.split())) for line in lines if line.strip()]
        name, full = name.split("@")
        points = [(x(row[0] / float(full)), y(row[7])) for row in rows]
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points]
        at = points[-1][1] + 4
        while any(abs(at - other) < 14 for other in labels):
            at += 2
        labels.append(at)
        label = text((points[-1][0] + 8, at), name, "start")
        parts.append(label.replace("<text", f'<text fill="{colour}"'))
    parts.append(f'<path d="M{x(1 / 64)} {y(4)}L{x(1)} {y(256)}" stroke="#888" stroke-dasharray="2 4"/>')
    parts.append(text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8), "size of the index"))
    parts.append(text((LEFT, TOP - 6), "CPU ms a query", "start"))
    with open(out, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
        )


if __name__ == "__main__":
    main()

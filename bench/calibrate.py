#!/usr/bin/env python3
"""Fit what a score means, and show whether it does.

  calibrate.py sound:QUERIES.json:RESULT.json [...]        text:QUERIES.jsonl:RESULT.jsonl [...]
  calibrate.py image:truth.json:RESULT.json [...]          video:truth.json:RESULT.json [...]

A score is the probability that an answer is right where one file in twenty is a copy (PRIOR). From runs with --min-score 0 the best right
and the best wrong answer of every query are taken; a logistic curve is fitted to the log-odds of the present scores, with the
weights of that prior. It prints the shift and the stretch by which the present log-odds should change (0 and 1: nothing to change),
and, for bins of the score, the share of right answers at that prior."""

import json
import math
import sys

import numpy as np

PRIOR = 1 / 20


def logit(score):
    score = min(max(score, 1e-12), 1 - 1e-12)
    return math.log(score / (1 - score))


def sound(queries, result):
    with open(queries) as file:
        said = json.load(file)
    with open(result) as file:
        answers = json.load(file)["answers"]
    shared = {tuple(pair) for pair in said.get("shared", [])}
    for query in said["queries"]:
        if query["id"] in answers:
            rows = [a for a in answers[query["id"]] if (query["id"], a["work"]) not in shared]
            yield {query["work"]} - {None}, rows


def text(queries, result):
    with open(queries) as lines:
        truth = {q["id"]: {t["work"] for t in q["truth"]} for q in map(json.loads, lines)}
    with open(result) as lines:
        for row in list(map(json.loads, lines))[1:]:
            yield truth[row["id"]], row["matches"]


def image(queries, result):
    with open(queries) as file:
        truth = json.load(file)["queries"]
    with open(result) as file:
        answers = json.load(file)["queries"]
    for query in truth:
        yield {query["ref"]} - {""}, answers[query["id"]]


def video(queries, result):
    with open(queries) as file:
        truth = json.load(file)["queries"]
    with open(result) as file:
        answers = json.load(file)["queries"]
    for query in truth:
        rows = [a for a in answers[query["id"]]["matches"] if a["work"] not in query["ignore"]]
        yield {segment["work"] for segment in query["segments"]}, rows


def best(runs):
    """-> scores of right answers, number of copies, scores of wrong answers, number of queries."""
    right, copies, wrong, queries = [], 0, [], 0
    for works, rows in runs:
        queries += 1
        copies += len(works)
        for work in works:
            right += [max(scores)] if (scores := [a["score"] for a in rows if a["work"] == work]) else []
        wrong += [max(scores)] if (scores := [a["score"] for a in rows if a["work"] not in works]) else []
    return np.array(right), copies, np.array(wrong), queries


def fit(right, copies, wrong, queries):
    """Newton's method on the weighted log-likelihood -> shift, stretch."""
    odds = np.array([logit(s) for s in [*right, *wrong]])
    x = np.stack([np.ones_like(odds), np.clip(odds, -20, 20)])
    y = np.array([1.0] * len(right) + [0.0] * len(wrong))
    weight = np.where(y == 1, PRIOR / copies, (1 - PRIOR) / queries)
    line = np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-line @ x))
        gradient = x @ (weight * (y - p))
        curve = (x * (weight * p * (1 - p))) @ x.T + 1e-12 * np.eye(2)
        line += np.clip(np.linalg.solve(curve, gradient), -1, 1)
    return line


def main():
    runs = []
    for run in sys.argv[1:]:
        kind, queries, result = run.split(":")
        runs += {"sound": sound, "text": text, "image": image, "video": video}[kind](queries, result)
    right, copies, wrong, queries = best(runs)
    shift, stretch = fit(right, copies, wrong, queries)
    print(
        f"{copies} copies, {queries} queries: log-odds should be {shift:.2f} + {stretch:.2f} times the present"
    )
    print("| score | right | wrong | share right at the prior |")
    print("| --- | ---: | ---: | ---: |")
    edges = [0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0001]
    for low, high in zip(edges, edges[1:]):
        r, w = (int(((s >= low) & (s < high)).sum()) for s in (right, wrong))
        mass = PRIOR * r / copies, (1 - PRIOR) * w / queries
        share = f"{mass[0] / sum(mass):.2f}" if sum(mass) else "-"
        print(f"| {low} to {min(high, 1)} | {r} | {w} | {share} |")


if __name__ == "__main__":
    main()

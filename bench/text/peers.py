"""Other tools on the same texts. Each class has `index(docs)` with docs of (id, language, text), and `match(text, language)`
that gives dicts of work, ref_start, ref_end, query_start, query_end (None where the tool has no passages) and score.
`defaults` are the tool's own thresholds. Packages: datasketch, rensa, gaoya, copydetect (PyPI)."""

import re
from collections import defaultdict

import numpy as np


def shingles(text, lang):
    """What the tools' own documents suggest: three words of English, five characters of Chinese."""
    text = " ".join(text.lower().split())
    if lang == "zh":
        text = text.replace(" ", "")
        return {text[i : i + 5] for i in range(max(1, len(text) - 4))}
    words = re.findall(r"\w+", text)
    return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def found(work, score, ref=(None, None), query=(None, None)):
    return dict(
        work=work,
        score=float(score),
        ref_start=ref[0],
        ref_end=ref[1],
        query_start=query[0],
        query_end=query[1],
    )


class Datasketch:
    """MinHashLSH with 128 permutations; the score is the estimated Jaccard similarity."""

    defaults = {"0.9 (library default)": 0.9, "0.5 (usual)": 0.5}

    def sketch(self, grams):
        from datasketch import MinHash

        sketch = MinHash(num_perm=128)
        sketch.update_batch([gram.encode() for gram in grams])
        return sketch

    def index(self, docs):
        from datasketch import MinHashLSH

        self.lsh, self.sketches = MinHashLSH(threshold=0.1, num_perm=128), {}
        for work, lang, text in docs:
            self.sketches[work] = self.sketch(shingles(text, lang))
            self.lsh.insert(work, self.sketches[work])

    def match(self, text, lang):
        sketch = self.sketch(shingles(text, lang))
        return [found(work, sketch.jaccard(self.sketches[work])) for work in self.lsh.query(sketch)]


class Ensemble(Datasketch):
    """MinHashLSHEnsemble, which looks for containment; the score is the containment that the Jaccard estimate implies."""

    defaults = {"0.8 (library default)": 0.8, "0.5": 0.5}

    def index(self, docs):
        from datasketch import MinHashLSHEnsemble

        self.lsh, self.sketches = MinHashLSHEnsemble(threshold=0.1, num_perm=128, num_part=16), {}
        for work, lang, text in docs:
            grams = shingles(text, lang)
            self.sketches[work] = (self.sketch(grams), len(grams))
        self.lsh.index([(work, *sketch) for work, sketch in self.sketches.items()])

    def match(self, text, lang):
        grams = shingles(text, lang)
        sketch, matches = self.sketch(grams), []
        for work in self.lsh.query(sketch, len(grams)):
            other, size = self.sketches[work]
            jaccard = sketch.jaccard(other)
            common = jaccard * (len(grams) + size) / (1 + jaccard)
            matches.append(found(work, min(1, common / min(len(grams), size))))
        return matches


class Rensa:
    """RMinHashLSH (Rust), 128 permutations in 64 bands; the score is the estimated Jaccard similarity."""

    defaults = {"0.8 (usual)": 0.8, "0.5": 0.5}

    def sketch(self, grams):
        from rensa import RMinHash

        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(sorted(grams))
        return sketch

    def index(self, docs):
        from rensa import RMinHashLSH

        self.lsh, self.sketches, self.works = RMinHashLSH(threshold=0.1, num_perm=128, num_bands=64), [], []
        for work, lang, text in docs:
            self.sketches.append(self.sketch(shingles(text, lang)))
            self.lsh.insert(len(self.works), self.sketches[-1])
            self.works.append(work)

    def match(self, text, lang):
        sketch = self.sketch(shingles(text, lang))
        return [found(self.works[at], sketch.jaccard(self.sketches[at])) for at in self.lsh.query(sketch)]


class Gaoya:
    """MinHashStringIndex (Rust) over runs of five characters; the score is its similarity."""

    defaults = {"0.75 (library default)": 0.75, "0.5": 0.5}

    def index(self, docs):
        from gaoya.minhash import MinHashStringIndex

        self.works = []
        self.minhash = MinHashStringIndex(
            hash_size=32,
            jaccard_threshold=0.2,
            num_bands=60,
            band_size=2,
            analyzer="char",
            lowercase=True,
            ngram_range=(5, 5),
        )
        for work, _, text in docs:
            self.minhash.insert_document(len(self.works), text)
            self.works.append(work)

    def match(self, text, _):
        return [
            found(self.works[at], score) for at, score in self.minhash.query(text, return_similarity=True)
        ]


class Copydetect:
    """copydetect's winnowing. It compares every pair; the table in front is ours and gives the same pairs. The score is the number of
    characters in common. It lists the copied slices of each side unpaired: the k-th is reported with the k-th."""

    gram, window = 25, 6
    defaults = {"any shared fingerprint": 1, ">=100 characters": 100}

    def index(self, docs):
        from copydetect.utils import get_document_fingerprints

        self.prints, self.holders = {}, defaultdict(list)
        for work, _, text in docs:
            self.prints[work] = get_document_fingerprints(text, self.gram, self.window)
            for number in self.prints[work][0]:
                self.holders[number].append(work)

    def match(self, text, _):
        from copydetect.utils import find_fingerprint_overlap, get_copied_slices, get_document_fingerprints

        numbers, places = get_document_fingerprints(text, self.gram, self.window)
        matches = []
        for work in {work for number in numbers for work in self.holders.get(number, ())}:
            sides = find_fingerprint_overlap(numbers, self.prints[work][0], places, self.prints[work][1])
            slices = []
            for side in sides:
                if isinstance(side, dict):
                    side = np.array(sorted(set(sum(side.values(), []))))
                slices.append(get_copied_slices(side, self.gram))
            if any(len(side) == 0 or len(side[0]) == 0 for side in slices):
                continue
            common = int(np.sum(np.array(slices[0][1]) - np.array(slices[0][0])))
            for (q0, q1), (r0, r1) in zip(zip(*slices[0]), zip(*slices[1])):
                matches.append(found(work, common, (int(r0), int(r1)), (int(q0), int(q1))))
        return matches


PEERS = dict(datasketch=Datasketch, ensemble=Ensemble, rensa=Rensa, gaoya=Gaoya, copydetect=Copydetect)

"""Nearest-neighbour descent over lists, written to be read."""

from __future__ import annotations

import numpy as np

from reference.umap import hashed


class Lists:
    """For each row its `capacity` nearest rows met so far, as (value, row, is new)."""

    def __init__(self, D, k, n_candidates, seed):
        self.D, self.k, self.n_candidates, self.seed = D, k, n_candidates, seed
        self.entries = [{} for _ in D]  # row -> is new

    def offer(self, pairs):
        for i, j in pairs:
            for at, other in ((i, j), (j, i)):
                if at != other:
                    self.entries[at].setdefault(other, True)
        for i, entries in enumerate(self.entries):
            kept = sorted(entries, key=lambda j, i=i: (self.D[i, j], j))[: self.k]
            self.entries[i] = {j: entries[j] for j in kept}

    def meet_in_leaves(self, order, ends):
        leaves = np.split(order, ends[:-1])
        self.offer([(i, j) for leaf in leaves for i in leaf for j in leaf if i < j])

    def meet_at_neighbors(self, turn):
        """Rows that have a neighbour in common meet, if one of them is new to it."""
        salt = int(hashed((self.seed + 0x9E3779B9 * (turn + 1)) & 0xFFFFFFFF)[0])
        candidates = {True: [set() for _ in self.D], False: [set() for _ in self.D]}
        for i, entries in enumerate(self.entries):
            for j, new in entries.items():
                candidates[new][i].add(j)
                candidates[new][j].add(i)
        for kind in candidates.values():
            for at, others in enumerate(kind):
                drawn = sorted(
                    others, key=lambda other, at=at: (self._draw(at, other, salt), other)
                )
                kind[at] = drawn[: self.n_candidates]
        for i, entries in enumerate(self.entries):
            for j in set(entries) & set(candidates[True][i]):
                entries[j] = False
        self.offer_unmet(candidates)
        return sum(new for entries in self.entries for new in entries.values())

    def offer_unmet(self, candidates):
        pairs = []
        for news, olds in zip(candidates[True], candidates[False], strict=True):
            pairs += [(i, j) for place, i in enumerate(news) for j in news[place + 1 :] + olds]
        self.offer(pairs)

    def rows(self):
        return [
            sorted(entries, key=lambda j, i=i: (self.D[i, j], j))
            for i, entries in enumerate(self.entries)
        ]

    def _draw(self, at, other, salt):
        mixed = ((at * 0x85EBCA6B) & 0xFFFFFFFF) ^ int(other) ^ salt
        return int(hashed(mixed)[0])

"""Fuzzy neighbourhoods and the forces of a UMAP layout, written to be read."""

from __future__ import annotations

import numpy as np

GOLDEN = 0x9E3779B9
CLIP = 4.0
TINY = 1e-30


def free_distance(distances, connectivity):
    """Distance of the `connectivity`-th neighbour that is not at distance zero, interpolated."""
    positive = distances[distances > 0].astype(np.float64)
    if len(positive) == 0:
        return 0.0
    if len(positive) < connectivity:
        return positive[-1]
    return float(
        np.interp(connectivity, np.arange(len(positive) + 1), np.concatenate([[0.0], positive]))
    )


def memberships(distances, connectivity):
    """Memberships of ascending distances, and the unit and free distance of each row."""
    n, k = distances.shape
    target = np.log2(k + 1)
    found = np.empty((n, k))
    units, free = np.empty(n), np.empty(n)
    for i, row in enumerate(distances.astype(np.float64)):
        free[i] = free_distance(distances[i], connectivity)
        gaps = np.maximum(row - free[i], 0.0)
        low, high = 0.0, 1e12
        for _ in range(200):  # a larger unit makes every membership larger
            middle = np.sqrt(max(low, 1e-12) * high)
            if np.exp(-gaps / middle).sum() > target:
                high = middle
            else:
                low = middle
        mean = row.sum() / (k + 1) if free[i] > 0 else distances.sum() / (n * (k + 1))
        units[i] = max(high if (gaps > 0).any() else 0.0, 1e-3 * mean)
        found[i] = np.where(gaps > 0, np.exp(-gaps / max(units[i], 1e-300)), 1.0)
    return found, units, free


def union(indices, weights, mix):
    """Dense matrix of the fuzzy union, intersection, or what lies between."""
    n, _ = indices.shape
    P = np.zeros((n, n))
    for i in range(n):
        for j, weight in zip(indices[i], weights[i], strict=True):
            if j not in (-1, i):
                P[i, j] = weight
    both = P * P.T
    return mix * (P + P.T - both) + (1 - mix) * both


def hashed(x):
    """The "lowbias32" hash of 32-bit numbers."""
    x = np.atleast_1d(np.asarray(x, dtype=np.uint32))  # arrays wrap around in silence
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def stream_of(seed, epoch, key):
    """Where a point's draws of an epoch begin: 32 bits out of 192."""
    mask = 2**64 - 1
    x = (seed + 0x9E3779B97F4A7C15 * (epoch + 1) + 0xD1B54A32D192ED03 * (key + 1)) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return ((x ^ (x >> 31)) >> 16) & 0xFFFFFFFF


def numbered(stream, n):
    """The first n draws of a stream: 32 random bits each."""
    counters = (np.arange(n, dtype=np.uint64) * GOLDEN + stream) & 0xFFFFFFFF
    return hashed(counters.astype(np.uint32))


def moved(positions, targets, columns, shares, i, forces, epoch, n_epochs, seed, key):
    """Where point i goes in one epoch, given its edges."""
    a, b, repulsion, rate, negatives = forces
    phases = (numbered(stream_of(seed, n_epochs, key), len(columns)) >> np.uint32(8)) / 2.0**24
    before = np.float32(shares) * np.float32(epoch) + np.float32(phases)
    after = np.float32(shares) * np.float32(epoch + 1) + np.float32(phases)
    active = columns[np.trunc(after) != np.trunc(before)]
    difference = (positions[i] - targets[active]).astype(np.float64)
    squared = (difference**2).sum(axis=1)
    apart = squared > TINY
    difference, squared = difference[apart], squared[apart]
    stiffness = 2 * a * b * squared ** (b - 1) / (1 + a * squared**b)
    pull = np.clip(-stiffness[:, None] * difference, -CLIP, CLIP).sum(axis=0)

    bits = numbered(stream_of(seed, epoch, key), negatives * len(active)).astype(np.uint64)
    drawn = ((bits >> np.uint64(8)) * np.uint64(len(targets))) >> np.uint64(24)
    difference = (positions[i] - targets[drawn.astype(int)]).astype(np.float64)
    squared = (difference**2).sum(axis=1)
    apart = squared > TINY
    difference, squared = difference[apart], squared[apart]
    strength = 2 * repulsion * b / ((0.001 + squared) * (1 + a * squared**b))
    push = np.clip(strength[:, None] * difference, -CLIP, CLIP).sum(axis=0)

    rate = rate * (1 - epoch / n_epochs)
    doubled = 2 if targets is positions else 1
    step = rate / (1 + 0.5 * rate * doubled * stiffness.sum())
    return positions[i] + step * (doubled * pull + push)


def epoch_of_layout(
    positions, targets, starts, columns, shares, forces, epoch, n_epochs, seed, keys, n_blocks
):
    """Move every point once, one block of points after the other, in place."""
    for block in range(n_blocks):
        members = range(block, len(positions), n_blocks)
        places = [
            moved(
                positions,
                targets,
                columns[starts[i] : starts[i + 1]],
                shares[starts[i] : starts[i + 1]],
                i,
                forces,
                epoch,
                n_epochs,
                seed,
                int(keys[i]),
            )
            for i in members
        ]
        for i, place in zip(members, places, strict=True):
            positions[i] = place


def product(starts, columns, weights, values):
    """A sparse matrix, in rows, times some columns."""
    result = np.zeros((len(starts) - 1, values.shape[1]))
    for i in range(len(starts) - 1):
        row = slice(starts[i], starts[i + 1])
        result[i] = (weights[row, None].astype(np.float64) * values[columns[row]]).sum(axis=0)
    return result


def parts(starts, columns):
    """The part of each point, by their first points."""
    found = np.arange(len(starts) - 1)
    for _ in found:  # the smallest number spreads along edges
        for i in range(len(found)):
            near = columns[starts[i] : starts[i + 1]]
            found[i] = min(found[i], *found[near]) if len(near) else found[i]
    return np.unique(found, return_inverse=True)[1]


def log_radii_of_map(Y, starts, columns, a, b):
    """Logarithm of the mean squared length of each point's edges, by their affinity."""
    radii = np.full(len(Y), np.log(1e-8))
    for i in range(len(Y)):
        near = columns[starts[i] : starts[i + 1]]
        squared = ((Y[i] - Y[near]) ** 2).sum(axis=1)
        affinity = 1 / (1 + a * squared**b)
        if len(near):
            radii[i] = np.log(1e-8 + (affinity * squared).sum() / affinity.sum())
    return radii


def density_correlation(Y, starts, columns, wanted, a, b, shift):
    """Correlation of the radii of a map with those wanted, which are standardized."""
    radii = log_radii_of_map(Y, starts, columns, a, b)
    covariance = (radii - radii.mean()) @ wanted / (len(Y) - 1)
    return covariance / np.sqrt(radii.var(ddof=1) + shift)

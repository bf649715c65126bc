"""Fuzzy neighbourhoods and the forces of a UMAP layout, written to be read."""

from __future__ import annotations

import numpy as np

GOLDEN = 0x9E3779B9
CLIP = 4.0
TINY = 1e-30
WHOLE = 2**31


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


def random_bits(seed, first, second):
    """64 bits out of 192."""
    mask = 2**64 - 1
    x = (seed + 0x9E3779B97F4A7C15 * (first + 1) + 0xD1B54A32D192ED03 * (second + 1)) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


def stream_of(seed, epoch, key):
    """Where a point's draws of an epoch begin: 32 bits."""
    return (random_bits(seed, epoch, key) >> 16) & 0xFFFFFFFF


def below(n, bits):
    """A number from 0 to n - 1, out of 32 bits."""
    return (n * int(bits)) >> 32


def numbered(stream, n):
    """The first n draws of a stream: 32 random bits each."""
    counters = (np.arange(n, dtype=np.uint64) * GOLDEN + stream) & 0xFFFFFFFF
    return hashed(counters.astype(np.uint32))


def active_edges(shares, epoch, n_epochs, seed, key):
    """Which of a point's edges have their turn: at even intervals, from phases on a circle."""
    shares = np.rint(np.float64(np.float32(shares)) * WHOLE).astype(np.int64)
    phases = np.arange(len(shares)) * GOLDEN + stream_of(seed, n_epochs, key)
    return (phases + shares * epoch) % WHOLE + shares >= WHOLE


def forces_on(place, targets, strength):
    """Clipped forces of some targets on a place, and their strengths; none of the same place."""
    difference = (place - targets).astype(np.float64)
    squared = (difference**2).sum(axis=1)
    apart = squared > TINY
    strengths = strength(squared[apart])
    return np.clip(strengths[:, None] * difference[apart], -CLIP, CLIP).sum(axis=0), strengths


def moved(place, near, drawn, weight, forces, epoch, n_epochs, doubled):
    """Where a point goes, given the places of its active edges and of its random points."""
    a, b, repulsion, rate, _ = forces
    pull, stiffness = forces_on(
        place, near, lambda squared: -2 * a * b * squared ** (b - 1) / (1 + a * squared**b)
    )
    push, _ = forces_on(
        place,
        drawn,
        lambda squared: 2 * repulsion * b / ((0.001 + squared) * (1 + a * squared**b)),
    )
    rate = rate * (1 - epoch / n_epochs)
    step = rate / (1 - 0.5 * rate * doubled * stiffness.sum())
    return place + step * (doubled * pull + weight * push)


def deck(n, seed):
    """Where each point lies in a shuffled deck (Fisher and Yates)."""
    slots = list(range(n))
    for left in range(n, 1, -1):
        other = below(left, random_bits(seed, 2**64 - 2, left) >> 32)
        slots[left - 1], slots[other] = slots[other], slots[left - 1]
    return np.array(slots)


def epoch_of_layout(
    positions, starts, columns, weights, forces, epoch, n_epochs, seed, order, n_blocks
):
    """Move every point once, one block of points after the other, in place."""
    n = len(positions)
    number = np.argsort(order)
    shares = weights / weights.max()
    slots = deck(n, seed)
    points = np.argsort(slots)  # the point in each slot
    n_all_hands = -(-n // 16)
    spare = range(n, 16 * n_all_hands)
    fillers = [below(n, random_bits(seed, 2**64 - 3 - epoch, slot) >> 32) for slot in spare]
    places = positions[order]
    filled = places[fillers]  # as they were when the epoch began
    begin = 0
    for block in range(n_blocks):
        members = range(begin, begin + (n + n_blocks - 1 - block) // n_blocks)
        begin = members.stop
        went = []
        for i in members:
            edges = slice(starts[order[i]], starts[order[i] + 1])
            kept = shares[edges] * np.float32(n_epochs) >= 1
            near = number[columns[edges][kept]]
            active = active_edges(shares[edges][kept], epoch, n_epochs, seed, i)
            n_draws = forces[-1] * int(active.sum())
            n_hands = max(1, (n_draws + 8) // 16) if n_draws else 0
            draws = numbered(stream_of(seed, epoch, i), n_hands)
            hands = [below(n_all_hands, bits) for bits in draws]
            dealt = np.concatenate([places[points], filled])
            drawn = np.concatenate([dealt[:0], *(dealt[16 * h : 16 * h + 16] for h in hands)])
            weight = n_draws / (16 * n_hands) if n_hands else 0.0
            seen = places[near[active]]
            went.append(moved(places[i], seen, drawn, weight, forces, epoch, n_epochs, 2))
        for i, place in zip(members, went, strict=True):
            places[i] = place
    positions[order] = places


def epoch_of_placing(
    positions, targets, starts, columns, shares, forces, epoch, n_epochs, seed, keys
):
    """Move every new point once among fixed targets, in place."""
    for i, key in enumerate(keys):
        edges = slice(starts[i], starts[i + 1])
        active = active_edges(shares[edges], epoch, n_epochs, seed, int(key))
        n_draws = forces[-1] * int(active.sum())
        bits = numbered(stream_of(seed, epoch, int(key)), n_draws).astype(np.uint64)
        drawn = ((bits >> np.uint64(8)) * np.uint64(len(targets))) >> np.uint64(24)
        near, others = targets[columns[edges][active]], targets[drawn.astype(int)]
        positions[i] = moved(positions[i], near, others, 1.0, forces, epoch, n_epochs, 1)


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

// Approximate neighbours: rows that share a leaf of a random tree, then neighbours of neighbours.
//
// A list keeps the smallest of the keys it is offered, each once. What it ends up with does not
// depend on the order of the offers, so threads may make them as they come, and every decision
// is taken from lists at rest: the result is the same at any number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "select.hpp"
#include "tiles.hpp"
#include "trees.hpp"

namespace driftglass {

// Keys are (value, row, mark) from the highest bit down; two that differ in the mark only are one.
inline std::uint64_t list_key(float value, std::int32_t row) {
    return make_key(value, static_cast<std::uint32_t>(row) << 1 | 1u);
}
inline std::int32_t key_row(std::uint64_t key) {
    return static_cast<std::int32_t>((key & 0xffffffffu) >> 1);
}

// One ascending list of bounded length per row; ~0 is an empty place.
class Lists {
public:
    Lists(std::size_t n, std::size_t capacity)
        : capacity_(capacity), keys_(n * capacity, ~std::uint64_t{0}), locks_(n, 0) {}

    std::size_t capacity() const { return capacity_; }
    std::uint64_t *row(std::size_t i) { return &keys_[i * capacity_]; }

    // Whether a value might still find a place.
    bool may_take(std::size_t i, std::uint64_t key) const {
        return key < __atomic_load_n(&keys_[(i + 1) * capacity_ - 1], __ATOMIC_RELAXED);
    }

    void offer(std::size_t i, std::uint64_t key) {
        if (!may_take(i, key)) return;
        while (__atomic_exchange_n(&locks_[i], 1, __ATOMIC_ACQUIRE) != 0) {}
        std::uint64_t *keys = row(i);
        std::size_t place = capacity_;
        while (place > 0 && (keys[place - 1] >> 1) > (key >> 1)) --place;
        const bool known = place > 0 && (keys[place - 1] >> 1) == (key >> 1);
        if (!known && place < capacity_) {
            for (std::size_t j = capacity_ - 1; j > place; --j) put(keys, j, keys[j - 1]);
            put(keys, place, key);
        }
        __atomic_store_n(&locks_[i], 0, __ATOMIC_RELEASE);
    }

    void clear() { std::fill(keys_.begin(), keys_.end(), ~std::uint64_t{0}); }

private:
    // The last key is read by threads that hold no lock.
    void put(std::uint64_t *keys, std::size_t place, std::uint64_t key) const {
        if (place + 1 < capacity_)
            keys[place] = key;
        else
            __atomic_store_n(&keys[place], key, __ATOMIC_RELAXED);
    }

    std::size_t capacity_;
    std::vector<std::uint64_t> keys_;
    std::vector<unsigned char> locks_;
};

struct DescentSettings {
    std::uint32_t seed;
    Variant variant;
    std::size_t n_threads;
};

constexpr std::size_t kMaxCandidates = 64;

// Fills lists with rows that share a leaf.
inline void meet_in_leaves(const Padded &X, const Tree &tree, const DescentSettings &settings,
                           Lists &lists) {
    const TileSums sums = tile_sums(X.measure, settings.variant);
    parallel_ranges(tree.ends.size(), 1, settings.n_threads, [&](std::size_t leaf, std::size_t) {
        const std::size_t first = leaf == 0 ? 0 : static_cast<std::size_t>(tree.ends[leaf - 1]);
        const std::size_t size = static_cast<std::size_t>(tree.ends[leaf]) - first;
        const std::int32_t *rows = tree.order.data() + first;
        visit_pairs(X, sums, rows, size, rows, size, true,
                    [&](std::int32_t i, std::int32_t j, float value) {
                        lists.offer(i, list_key(value, j));
                        lists.offer(j, list_key(value, i));
                    });
    });
}

// Offers every row the m rows given for it; those below zero are none.
inline void meet_given(const Padded &X, const std::int32_t *rows, std::size_t m,
                       const DescentSettings &settings, Lists &lists) {
    const TileSums sums = row_sums(X.measure, settings.variant);
    parallel_ranges(X.n, 128, settings.n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const auto self = static_cast<std::int32_t>(i);
            for (std::size_t j = 0; j < m; ++j) {
                const std::int32_t other = rows[i * m + j];
                if (other < 0 || other == self) continue;
                const float *a = X.row(i), *b = X.row(static_cast<std::size_t>(other));
                const float *left[kTile] = {a, a, a, a}, *right[kTile] = {b, b, b, b};
                float out[kTile * kTile];
                sums(left, right, X.stride, out);
                lists.offer(i, list_key(X.value(out[0], i, static_cast<std::size_t>(other)), other));
            }
        }
    });
}

// One round: rows that have a neighbour in common meet, unless they have met before.
// Returns the number of entries that are new afterwards.
inline std::size_t meet_at_neighbors(const Padded &X, const DescentSettings &settings,
                                     std::uint32_t round, Lists &lists, Lists &fresh,
                                     Lists &stale) {
    const std::size_t n = X.n, k = lists.capacity(), n_threads = settings.n_threads;
    const std::uint32_t salt = hashed<std::uint32_t>(settings.seed + 0x9e3779b9u * (round + 1));
    const auto drawn = [&](std::int32_t at, std::int32_t other) {
        const auto mixed = static_cast<std::uint32_t>(at) * 0x85ebca6bu ^
                           static_cast<std::uint32_t>(other) ^ salt;
        const std::uint64_t number = hashed<std::uint32_t>(mixed);
        return number << 32 | static_cast<std::uint32_t>(other) << 1;
    };
    fresh.clear();
    stale.clear();
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const auto self = static_cast<std::int32_t>(i);
            const std::uint64_t *keys = lists.row(i);
            for (std::size_t j = 0; j < k && keys[j] != ~std::uint64_t{0}; ++j) {
                const std::int32_t other = key_row(keys[j]);
                Lists &kind = (keys[j] & 1) ? fresh : stale;
                kind.offer(i, drawn(self, other));
                kind.offer(other, drawn(other, self));
            }
        }
    });
    // An entry counts as met once it was drawn at its own row.
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            std::uint64_t *keys = lists.row(i);
            const std::uint64_t *chosen = fresh.row(i);
            for (std::size_t j = 0; j < k && keys[j] != ~std::uint64_t{0}; ++j) {
                if (!(keys[j] & 1)) continue;
                const std::uint64_t wanted =
                    drawn(static_cast<std::int32_t>(i), key_row(keys[j]));
                if (std::binary_search(chosen, chosen + fresh.capacity(), wanted))
                    keys[j] &= ~std::uint64_t{1};
            }
        }
    });
    const TileSums sums = tile_sums(X.measure, settings.variant);
    parallel_ranges(n, 128, n_threads, [&](std::size_t first, std::size_t last) {
        std::int32_t news[kMaxCandidates], olds[kMaxCandidates];
        const auto rows_of = [](const std::uint64_t *keys, std::size_t capacity,
                                std::int32_t *rows) {
            std::size_t found = 0;
            while (found < capacity && keys[found] != ~std::uint64_t{0}) {
                rows[found] = key_row(keys[found]);
                ++found;
            }
            return found;
        };
        const auto meet = [&](std::int32_t i, std::int32_t j, float value) {
            if (i == j) return;
            const std::uint64_t of_i = list_key(value, j), of_j = list_key(value, i);
            lists.offer(i, of_i);
            lists.offer(j, of_j);
        };
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t n_new = rows_of(fresh.row(i), fresh.capacity(), news);
            if (n_new == 0) continue;
            const std::size_t n_old = rows_of(stale.row(i), stale.capacity(), olds);
            visit_pairs(X, sums, news, n_new, news, n_new, true, meet);
            if (n_old > 0) visit_pairs(X, sums, news, n_new, olds, n_old, false, meet);
        }
    });
    std::vector<std::size_t> counts((n + 511) / 512);
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            for (std::size_t j = 0; j < k; ++j)
                counts[first / 512] += lists.row(i)[j] != ~std::uint64_t{0} && (lists.row(i)[j] & 1);
    });
    std::size_t total = 0;
    for (const std::size_t count : counts) total += count;
    return total;
}

// Neighbours of some rows among all, by looking at every pair.
inline void meet_everyone(const Padded &X, const std::int32_t *rows, std::size_t n_rows,
                          Variant variant, std::size_t n_threads, Lists &lists) {
    constexpr std::size_t some = 64, many = 256;
    const TileSums sums = tile_sums(X.measure, variant);
    std::vector<std::int32_t> everyone(X.n);
    for (std::size_t i = 0; i < X.n; ++i) everyone[i] = static_cast<std::int32_t>(i);
    std::vector<std::int32_t> place(X.n, -1);
    for (std::size_t i = 0; i < n_rows; ++i) place[rows[i]] = static_cast<std::int32_t>(i);
    parallel_ranges(n_rows, some, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t column = 0; column < X.n; column += many)
            visit_pairs(X, sums, rows + first, last - first, everyone.data() + column,
                        std::min(many, X.n - column), false,
                        [&](std::int32_t i, std::int32_t j, float value) {
                            if (i != j) lists.offer(place[i], list_key(value, j));
                        });
    });
}

}  // namespace driftglass

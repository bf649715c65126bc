// The k smallest of what each row is offered: keys of a value and a column.
//
// Nearly all values fail one comparison against the row's threshold; the few that pass are
// appended to a buffer, and a full buffer is cut back to its k smallest. Keys order by value and
// then by column, so the result does not depend on the order of the offers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "parallel.hpp"

namespace driftglass {

// Orders like (value, column) when compared as an integer. NaN counts as +infinity.
inline std::uint64_t make_key(float value, std::uint32_t column) {
    if (value != value) value = std::numeric_limits<float>::infinity();
    value += 0.0f;  // -0 and +0 are equal, so their columns decide
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits = (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
    return (static_cast<std::uint64_t>(bits) << 32) | column;
}

inline float key_value(std::uint64_t key) {
    std::uint32_t bits = static_cast<std::uint32_t>(key >> 32);
    bits = (bits & 0x80000000u) ? bits & 0x7fffffffu : ~bits;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Moves the k smallest of n distinct keys to the front, the largest of them last. Does what
// std::nth_element does without branches on the data, which for random keys is several times
// as fast: a branch that goes either way costs as much as comparing ten keys.
inline void partition_smallest(std::uint64_t *keys, std::size_t n, std::size_t k) {
    std::size_t low = 0, high = n;
    while (high - low > 8) {
        const std::uint64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high - 1];
        const std::uint64_t pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
        std::size_t below = low;
        for (std::size_t i = low; i < high; ++i) {
            const std::uint64_t key = keys[i];
            keys[i] = keys[below];
            keys[below] = key;
            below += key < pivot;
        }
        if (below == low) break;  // only if keys repeat
        (k <= below ? high : low) = below;
    }
    std::nth_element(keys + low, keys + k - 1, keys + high);
}

class Shortlists {
public:
    Shortlists(std::size_t n_rows, std::size_t k)
        : n_rows_(n_rows), k_(k), capacity_(k + std::max<std::size_t>(k / 2, 48)),
          keys_(n_rows * capacity_), counts_(n_rows, 0), limits_(n_rows, ~std::uint64_t{0}),
          thresholds_(n_rows, std::numeric_limits<float>::infinity()) {}

    std::size_t n_rows() const { return n_rows_; }
    std::size_t k() const { return k_; }
    // A value above that of its row cannot be among the k smallest; one equal to it may.
    const float *thresholds() const { return thresholds_.data(); }

    // Refuses values above a limit from the start.
    void limit(std::size_t row, float value) {
        thresholds_[row] = value;
        limits_[row] = make_key(value, ~std::uint32_t{0});
    }

    void push(std::size_t row, float value, std::size_t column) {
        const std::uint64_t key = make_key(value, static_cast<std::uint32_t>(column));
        if (key >= limits_[row]) return;
        std::uint64_t *keys = &keys_[row * capacity_];
        keys[counts_[row]++] = key;
        if (counts_[row] == capacity_) {
            partition_smallest(keys, capacity_, k_);
            counts_[row] = static_cast<std::uint32_t>(k_);
            limits_[row] = keys[k_ - 1];
            thresholds_[row] = key_value(keys[k_ - 1]);
        }
    }

    // Writes each row's k smallest, ascending, ties by lower column; (inf, -1) where a row
    // was offered fewer than k.
    void smallest(float *values, std::int32_t *columns, std::size_t n_threads) {
        parallel_ranges(n_rows_, 64, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t row = first; row < last; ++row) {
                std::uint64_t *keys = &keys_[row * capacity_];
                const std::size_t found = std::min<std::size_t>(counts_[row], k_);
                if (counts_[row] > k_) partition_smallest(keys, counts_[row], k_);
                std::sort(keys, keys + found);
                counts_[row] = static_cast<std::uint32_t>(found);
                for (std::size_t j = 0; j < k_; ++j) {
                    const bool there = j < found;
                    values[row * k_ + j] =
                        there ? key_value(keys[j]) : std::numeric_limits<float>::infinity();
                    columns[row * k_ + j] =
                        there ? static_cast<std::int32_t>(keys[j] & 0xffffffffu) : -1;
                }
            }
        });
    }

private:
    std::size_t n_rows_, k_, capacity_;
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint64_t> limits_;  // the k-th smallest key so far, or the largest integer
    std::vector<float> thresholds_;      // and its value
};

}  // namespace driftglass

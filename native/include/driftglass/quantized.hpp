// Rows as 8-bit integers with a scale each, and what rounding to them cost, measured.
//
// A row v of real numbers becomes scale * q with integers q from -127 to 127. Distances of rounded
// rows are exact integers times scales; the distance of two rows differs from that of the rounded
// ones by at most the sum of their residuals, |v - scale * q|.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "parallel.hpp"

namespace driftglass {

// Memory whose rows of 64 bytes each are one cache line; zeros at first.
template <class T>
struct Aligned {
    using value_type = T;
    Aligned() = default;
    template <class U>
    Aligned(const Aligned<U> &) {}
    T *allocate(std::size_t n) {
        return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t{64}));
    }
    void deallocate(T *memory, std::size_t) { ::operator delete(memory, std::align_val_t{64}); }
    bool operator==(const Aligned &) const { return true; }
    bool operator!=(const Aligned &) const { return false; }
};
using Integers = std::vector<std::int8_t, Aligned<std::int8_t>>;

constexpr std::size_t kStrip = 32;   // rows and columns whose products are taken at a time
constexpr std::size_t kGroup = 16;   // rows that are packed together
constexpr std::size_t kDepth = 64;   // features are padded with zeros to a multiple

struct QuantizedRows {
    std::size_t n = 0, depth = 0;      // depth: padded number of features
    Integers rows;                     // n padded to a multiple of kStrip, times depth
    Integers packed;                   // groups of 16 rows: 4 features of each in turn
    std::vector<float> scales;         // 0 for a row of zeros
    std::vector<float> norms;          // squared, of the rounded rows
    std::vector<double> residuals;
    std::vector<double> projections;   // of the row as given on the mean

    QuantizedRows() = default;
    QuantizedRows(std::size_t n_rows, std::size_t padded_features)
        : n(n_rows), depth(padded_features), rows(n_padded() * depth), packed(rows.size()),
          scales(n_padded()), norms(n_padded()), residuals(n_padded()), projections(n_padded()) {}

    std::size_t n_padded() const { return (n + kStrip - 1) / kStrip * kStrip; }
    const std::int8_t *row(std::size_t i) const { return rows.data() + i * depth; }
    const std::int8_t *group(std::size_t g) const { return packed.data() + g * kGroup * depth; }
};

struct Moved {
    const double *mean;  // subtracted from each row
    double factor;       // then multiplied with
    bool centered;       // whether a row's own mean is subtracted first
    bool normalized;     // whether the row is then divided by its length
};

inline void quantize_row(const float *x, std::size_t d, const Moved &moved, double *v,
                         QuantizedRows &out, std::size_t i) {
    double own = 0.0, length = 1.0;
    if (moved.centered) {
        for (std::size_t c = 0; c < d; ++c) own += x[c];
        own /= static_cast<double>(d);
    }
    if (moved.normalized) {
        double sum = 0.0;
        for (std::size_t c = 0; c < d; ++c) sum += (x[c] - own) * (x[c] - own);
        length = sum > 0.0 ? 1.0 / std::sqrt(sum) : 0.0;
    }
    double largest = 0.0, projection = 0.0;
    for (std::size_t c = 0; c < d; ++c) {
        const double value = (x[c] - own) * length;
        projection += value * moved.mean[c];
        v[c] = (value - moved.mean[c]) * moved.factor;
        largest = std::max(largest, std::fabs(v[c]));
    }
    const float scale = static_cast<float>(largest / 127.0);
    const double inverse = scale > 0.0f ? 1.0 / static_cast<double>(scale) : 0.0;
    std::int8_t *q = out.rows.data() + i * out.depth;
    double missing = 0.0;
    std::int64_t square = 0;
    for (std::size_t c = 0; c < d; ++c) {
        // Adding and subtracting 1.5 * 2^52 rounds to the nearest integer, without a call.
        const double rounded = (v[c] * inverse + 0x1.8p52) - 0x1.8p52;
        const double whole = std::min(127.0, std::max(-127.0, rounded));
        const double left = v[c] - whole * static_cast<double>(scale);
        missing += left * left;
        const auto small = static_cast<std::int8_t>(whole);
        square += static_cast<std::int32_t>(small) * small;
        q[c] = small;
    }
    out.scales[i] = scale;
    out.norms[i] = static_cast<float>(static_cast<double>(scale) * static_cast<double>(scale) *
                                      static_cast<double>(square));
    out.residuals[i] = std::sqrt(missing) * (1.0 + 1e-9);
    out.projections[i] = projection;
}

inline void pack_group(QuantizedRows &rows, std::size_t g) {
    std::int8_t *to = rows.packed.data() + g * kGroup * rows.depth;
    for (std::size_t four = 0; four < rows.depth / 4; ++four)
        for (std::size_t r = 0; r < kGroup; ++r)
            std::memcpy(to + (four * kGroup + r) * 4, rows.row(g * kGroup + r) + four * 4, 4);
}

// Some of the rows as rows of their own.
inline QuantizedRows take(const QuantizedRows &rows, const std::int32_t *which, std::size_t n) {
    QuantizedRows out(n, rows.depth);
    for (std::size_t i = 0; i < n; ++i) {
        const auto from = static_cast<std::size_t>(which[i]);
        std::memcpy(out.rows.data() + i * rows.depth, rows.row(from), rows.depth);
        out.scales[i] = rows.scales[from];
        out.norms[i] = rows.norms[from];
        out.residuals[i] = rows.residuals[from];
        out.projections[i] = rows.projections[from];
    }
    for (std::size_t g = 0; g < out.n_padded() / kGroup; ++g) pack_group(out, g);
    return out;
}

// Both layouts of n rows of d values each: those that `order` names.
inline QuantizedRows quantize(const float *X, const std::int32_t *order, std::size_t n,
                              std::size_t d, const Moved &moved, std::size_t n_threads) {
    QuantizedRows out(n, (d + kDepth - 1) / kDepth * kDepth);
    const std::size_t n_groups = out.n_padded() / kGroup;
    constexpr std::size_t grain = 16;
    std::vector<double> room((n_groups + grain - 1) / grain * d);
    parallel_ranges(n_groups, grain, n_threads, [&](std::size_t first, std::size_t last) {
        double *v = room.data() + first / grain * d;
        for (std::size_t g = first; g < last; ++g) {
            for (std::size_t r = 0; r < kGroup; ++r) {
                const std::size_t i = g * kGroup + r;
                if (i < n)
                    quantize_row(X + static_cast<std::size_t>(order[i]) * d, d, moved, v, out, i);
            }
            pack_group(out, g);
        }
    });
    return out;
}

}  // namespace driftglass

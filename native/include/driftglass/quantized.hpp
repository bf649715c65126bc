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

#include "cpu.hpp"
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

// Sums go over lanes of a fixed number, so that every instruction set gives the same bits. Each
// loop does one thing only: so compilers turn it into vector instructions.
constexpr std::size_t kSumLanes = 8;

template <class Term>
DRIFTGLASS_INLINE double sum_over(std::size_t d, const Term &term) {
    double lanes[kSumLanes] = {};
    std::size_t c = 0;
    for (; c + kSumLanes <= d; c += kSumLanes)
        for (std::size_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += term(c + lane);
    for (std::size_t lane = 0; c < d; ++c, ++lane) lanes[lane] += term(c);
    double sum = 0.0;
    for (const double part : lanes) sum += part;
    return sum;
}

DRIFTGLASS_INLINE double largest_of(const double *v, std::size_t d) {
    double lanes[kSumLanes] = {};
    std::size_t c = 0;
    for (; c + kSumLanes <= d; c += kSumLanes)
        for (std::size_t lane = 0; lane < kSumLanes; ++lane) {
            const double size = std::fabs(v[c + lane]);
            lanes[lane] = size > lanes[lane] ? size : lanes[lane];
        }
    double largest = 0.0;
    for (; c < d; ++c) largest = std::max(largest, std::fabs(v[c]));
    for (const double part : lanes) largest = std::max(largest, part);
    return largest;
}

// `v` has room for two rows.
DRIFTGLASS_INLINE void quantize_row(const float *__restrict x, std::size_t d, const Moved &moved,
                                    double *__restrict v, QuantizedRows &out, std::size_t i) {
    const double *mean = moved.mean;
    double *__restrict w = v + d;
    double own = 0.0, length = 1.0;
    if (moved.centered)
        own = sum_over(d, [x](std::size_t c) { return static_cast<double>(x[c]); }) /
              static_cast<double>(d);
    for (std::size_t c = 0; c < d; ++c) v[c] = static_cast<double>(x[c]) - own;
    if (moved.normalized) {
        const double sum = sum_over(d, [v](std::size_t c) { return v[c] * v[c]; });
        length = sum > 0.0 ? 1.0 / std::sqrt(sum) : 0.0;
        for (std::size_t c = 0; c < d; ++c) v[c] *= length;
    }
    out.projections[i] = sum_over(d, [v, mean](std::size_t c) { return v[c] * mean[c]; });
    const double factor = moved.factor;
    for (std::size_t c = 0; c < d; ++c) v[c] = (v[c] - mean[c]) * factor;
    const float scale = static_cast<float>(largest_of(v, d) / 127.0);
    const double unit = static_cast<double>(scale);
    const double inverse = scale > 0.0f ? 1.0 / unit : 0.0;
    for (std::size_t c = 0; c < d; ++c) {
        // Adding and subtracting 1.5 * 2^52 rounds to the nearest integer, without a call.
        const double rounded = (v[c] * inverse + 0x1.8p52) - 0x1.8p52;
        const double low = rounded > -127.0 ? rounded : -127.0;
        w[c] = low < 127.0 ? low : 127.0;
    }
    const double missing = sum_over(d, [v, w, unit](std::size_t c) {
        const double left = v[c] - w[c] * unit;
        return left * left;
    });
    std::int8_t *__restrict q = out.rows.data() + i * out.depth;
    for (std::size_t c = 0; c < d; ++c)
        q[c] = static_cast<std::int8_t>(static_cast<std::int32_t>(w[c]));
    std::int32_t square = 0;  // at most 2^17 integers of 127: within 2^31
    for (std::size_t c = 0; c < d; ++c) square += static_cast<std::int32_t>(q[c]) * q[c];
    out.scales[i] = scale;
    out.norms[i] = static_cast<float>(unit * unit * static_cast<double>(square));
    out.residuals[i] = std::sqrt(missing) * (1.0 + 1e-9);
}

using QuantizeRow = void (*)(const float *, std::size_t, const Moved &, double *, QuantizedRows &,
                             std::size_t);

inline void quantize_row_baseline(const float *x, std::size_t d, const Moved &moved, double *v,
                                  QuantizedRows &out, std::size_t i) {
    quantize_row(x, d, moved, v, out, i);
}
#if DRIFTGLASS_X86
DRIFTGLASS_AVX2 inline void quantize_row_avx2(const float *x, std::size_t d, const Moved &moved,
                                              double *v, QuantizedRows &out, std::size_t i) {
    quantize_row(x, d, moved, v, out, i);
}
DRIFTGLASS_AVX512 inline void quantize_row_avx512(const float *x, std::size_t d,
                                                  const Moved &moved, double *v,
                                                  QuantizedRows &out, std::size_t i) {
    quantize_row(x, d, moved, v, out, i);
}
#endif

inline QuantizeRow row_quantizer(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return quantize_row_avx512;
    if (variant == Variant::avx2) return quantize_row_avx2;
#endif
    (void)variant;
    return quantize_row_baseline;
}

inline void pack_group(QuantizedRows &rows, std::size_t g) {
    std::int8_t *to = rows.packed.data() + g * kGroup * rows.depth;
    for (std::size_t four = 0; four < rows.depth / 4; ++four)
        for (std::size_t r = 0; r < kGroup; ++r)
            std::memcpy(to + (four * kGroup + r) * 4, rows.row(g * kGroup + r) + four * 4, 4);
}

// Some of the rows as rows of their own.
inline QuantizedRows take(const QuantizedRows &rows, const std::int32_t *which, std::size_t n,
                          std::size_t n_threads) {
    QuantizedRows out(n, rows.depth);
    parallel_ranges(out.n_padded() / kGroup, 64, n_threads,
                    [&](std::size_t first, std::size_t last) {
        for (std::size_t g = first; g < last; ++g) {
            for (std::size_t i = g * kGroup; i < std::min(n, (g + 1) * kGroup); ++i) {
                const auto from = static_cast<std::size_t>(which[i]);
                std::memcpy(out.rows.data() + i * rows.depth, rows.row(from), rows.depth);
                out.scales[i] = rows.scales[from];
                out.norms[i] = rows.norms[from];
                out.residuals[i] = rows.residuals[from];
                out.projections[i] = rows.projections[from];
            }
            pack_group(out, g);
        }
    });
    return out;
}

// Both layouts of n rows of d values each: those that `order` names.
inline QuantizedRows quantize(const float *X, const std::int32_t *order, std::size_t n,
                              std::size_t d, const Moved &moved, Variant variant,
                              std::size_t n_threads) {
    QuantizedRows out(n, (d + kDepth - 1) / kDepth * kDepth);
    const QuantizeRow quantize_one = row_quantizer(variant);
    const std::size_t n_groups = out.n_padded() / kGroup;
    constexpr std::size_t grain = 16;
    std::vector<double> room((n_groups + grain - 1) / grain * 2 * d);
    parallel_ranges(n_groups, grain, n_threads, [&](std::size_t first, std::size_t last) {
        double *v = room.data() + first / grain * 2 * d;
        for (std::size_t g = first; g < last; ++g) {
            for (std::size_t r = 0; r < kGroup; ++r) {
                const std::size_t i = g * kGroup + r;
                if (i < n)
                    quantize_one(X + static_cast<std::size_t>(order[i]) * d, d, moved, v, out, i);
            }
            pack_group(out, g);
        }
    });
    return out;
}

}  // namespace driftglass

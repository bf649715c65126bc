// Distances between a few rows and a few others, four by four: each value loaded serves four.
//
// Sums run over sixteen lanes in a fixed order without fused operations, so a pair has the same
// distance wherever it is met, on every processor, and whichever of the two comes first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "lanes.hpp"

namespace driftglass {

enum class Measure { euclidean, inner_product, manhattan };

// Rows are padded with zeros to a multiple of sixteen values.
struct Padded {
    const float *data;
    std::size_t n, stride;
    const float *norms;  // squared; for Measure::euclidean
    Measure measure;
    const float *row(std::size_t i) const { return data + i * stride; }

    // Squared distance, negative product or sum of differences, from what a tile has summed.
    float value(float sum, std::size_t i, std::size_t j) const {
        if (measure == Measure::euclidean)
            return std::max(0.0f, (norms[i] + norms[j]) - 2.0f * sum);
        return measure == Measure::inner_product ? -sum : sum;
    }
};

struct ProductTerm {
    static DRIFTGLASS_INLINE void add(const Floats &a, const Floats &b, Floats &sum) {
        sum += a * b;
    }
};
struct DifferenceTerm {
    static DRIFTGLASS_INLINE void add(const Floats &a, const Floats &b, Floats &sum) {
        sum += (Floats)((Bits)(a - b) & 0x7fffffffu);
    }
};

constexpr std::size_t kTile = 4;

template <class Term, std::size_t Tall, std::size_t Wide>
DRIFTGLASS_INLINE void tile_part(const float *const *a, const float *const *b, std::size_t stride,
                                 float *sums, std::size_t row, std::size_t column) {
    Floats acc[Tall][Wide];
    for (std::size_t i = 0; i < Tall; ++i)
        for (std::size_t j = 0; j < Wide; ++j) acc[i][j] = Floats{};
    for (std::size_t c = 0; c < stride; c += kWidth) {
        Floats left[Tall], right[Wide];
#pragma GCC unroll 4
        for (std::size_t i = 0; i < Tall; ++i) std::memcpy(&left[i], a[row + i] + c, 64);
#pragma GCC unroll 4
        for (std::size_t j = 0; j < Wide; ++j) std::memcpy(&right[j], b[column + j] + c, 64);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < Tall; ++i) {
#pragma GCC unroll 4
            for (std::size_t j = 0; j < Wide; ++j) Term::add(left[i], right[j], acc[i][j]);
        }
    }
    for (std::size_t i = 0; i < Tall; ++i)
        for (std::size_t j = 0; j < Wide; ++j)
            sums[(row + i) * kTile + column + j] = sum_of(acc[i][j]);
}

// sums[i, j] over the 4 x 4 pairs of rows a[i] and b[j].
using TileSums = void (*)(const float *const *a, const float *const *b, std::size_t stride,
                          float *sums);

// Sixteen sums of sixteen lanes fit the registers of AVX-512 only.
template <class Term>
void tile_sums_baseline(const float *const *a, const float *const *b, std::size_t stride,
                        float *sums) {
    for (std::size_t i = 0; i < kTile; i += 2)
        for (std::size_t j = 0; j < kTile; j += 2) tile_part<Term, 2, 2>(a, b, stride, sums, i, j);
}
#if DRIFTGLASS_X86
template <class Term>
DRIFTGLASS_AVX2 void tile_sums_avx2(const float *const *a, const float *const *b,
                                    std::size_t stride, float *sums) {
    for (std::size_t i = 0; i < kTile; i += 2)
        for (std::size_t j = 0; j < kTile; j += 2) tile_part<Term, 2, 2>(a, b, stride, sums, i, j);
}
template <class Term>
DRIFTGLASS_AVX512 void tile_sums_avx512(const float *const *a, const float *const *b,
                                        std::size_t stride, float *sums) {
    tile_part<Term, 4, 4>(a, b, stride, sums, 0, 0);
}
#endif

template <class Term>
TileSums tile_sums_of(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return tile_sums_avx512<Term>;
    if (variant == Variant::avx2) return tile_sums_avx2<Term>;
#endif
    (void)variant;
    return tile_sums_baseline<Term>;
}

inline TileSums tile_sums(Measure measure, Variant variant) {
    return measure == Measure::manhattan ? tile_sums_of<DifferenceTerm>(variant)
                                         : tile_sums_of<ProductTerm>(variant);
}

// The first row of a tile alone.
template <class Term>
void row_sums_baseline(const float *const *a, const float *const *b, std::size_t stride,
                       float *sums) {
    tile_part<Term, 1, 4>(a, b, stride, sums, 0, 0);
}
#if DRIFTGLASS_X86
template <class Term>
DRIFTGLASS_AVX2 void row_sums_avx2(const float *const *a, const float *const *b,
                                   std::size_t stride, float *sums) {
    tile_part<Term, 1, 4>(a, b, stride, sums, 0, 0);
}
template <class Term>
DRIFTGLASS_AVX512 void row_sums_avx512(const float *const *a, const float *const *b,
                                       std::size_t stride, float *sums) {
    tile_part<Term, 1, 4>(a, b, stride, sums, 0, 0);
}
#endif

template <class Term>
TileSums row_sums_of(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return row_sums_avx512<Term>;
    if (variant == Variant::avx2) return row_sums_avx2<Term>;
#endif
    (void)variant;
    return row_sums_baseline<Term>;
}

inline TileSums row_sums(Measure measure, Variant variant) {
    return measure == Measure::manhattan ? row_sums_of<DifferenceTerm>(variant)
                                         : row_sums_of<ProductTerm>(variant);
}

// Calls visit(i, j, value) for rows left[a] and right[b]; with `same`, for a < b only.
template <class Visit>
inline void visit_pairs(const Padded &X, TileSums sums_of, const std::int32_t *left,
                        std::size_t n_left, const std::int32_t *right, std::size_t n_right,
                        bool same, const Visit &visit) {
    const float *a[kTile], *b[kTile];
    float sums[kTile * kTile];
    for (std::size_t i = 0; i < n_left; i += kTile) {
        for (std::size_t t = 0; t < kTile; ++t) a[t] = X.row(left[std::min(i + t, n_left - 1)]);
        for (std::size_t j = same ? i : 0; j < n_right; j += kTile) {
            for (std::size_t t = 0; t < kTile; ++t)
                b[t] = X.row(right[std::min(j + t, n_right - 1)]);
            sums_of(a, b, X.stride, sums);
            for (std::size_t s = i; s < std::min(i + kTile, n_left); ++s)
                for (std::size_t t = j; t < std::min(j + kTile, n_right); ++t) {
                    if (same && t <= s) continue;
                    visit(left[s], right[t],
                          X.value(sums[(s - i) * kTile + (t - j)], left[s], right[t]));
                }
        }
    }
}

}  // namespace driftglass

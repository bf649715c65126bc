// What LocalMAP adds to the forces between pairs: near pairs that are far apart in the map pull
// less, and further pairs are drawn anew among what lies near in it.
//
// Rows are summed over sixteen fixed lanes, and draws are a function of row, place and round, so
// the result is the same bits at any thread count and on any processor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "cpu.hpp"
#include "lanes.hpp"
#include "parallel.hpp"
#include "roots.hpp"

namespace driftglass {

struct PairList {
    const std::int64_t *starts;
    const std::int32_t *columns;
    const float *values;
};

}  // namespace driftglass

#define PAIRS_VARIANT pairs_baseline
#define PAIRS_TARGET
#define PAIRS_GATHER PlainGather
#define PAIRS_ROOT root_by_lanes
#include "pairs_rows.inc"
#undef PAIRS_VARIANT
#undef PAIRS_TARGET
#undef PAIRS_GATHER
#undef PAIRS_ROOT
#if DRIFTGLASS_X86
#define PAIRS_VARIANT pairs_avx2
#define PAIRS_TARGET DRIFTGLASS_AVX2
#define PAIRS_GATHER Avx2Gather
#define PAIRS_ROOT root_by_halves
#include "pairs_rows.inc"
#undef PAIRS_VARIANT
#undef PAIRS_TARGET
#undef PAIRS_GATHER
#undef PAIRS_ROOT
#define PAIRS_VARIANT pairs_avx512
#define PAIRS_TARGET DRIFTGLASS_AVX512
#define PAIRS_GATHER Avx512Gather
#define PAIRS_ROOT root_at_once
#include "pairs_rows.inc"
#undef PAIRS_VARIANT
#undef PAIRS_TARGET
#undef PAIRS_GATHER
#undef PAIRS_ROOT
#endif

namespace driftglass {

// out[i] = sum over pairs of value (y_j - y_i) / ((offset + |y_i - y_j|²)² sqrt(1 + |y_i - y_j|²))
template <std::size_t D>
void nearby_forces(const float *Y, std::size_t n, const PairList &pairs, float offset,
                   Variant variant, std::size_t n_threads, float *out) {
    auto rows = pairs_baseline::nearby_rows<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = pairs_avx2::nearby_rows<D>;
    if (variant == Variant::avx512) rows = pairs_avx512::nearby_rows<D>;
#endif
    (void)variant;
    parallel_ranges(n, 128, n_threads, [&](std::size_t first, std::size_t last) {
        rows(Y, pairs, offset, first, last, out);
    });
}

struct Drawing {
    const float *Y;
    const std::int32_t *near;  // (n, k): never drawn
    std::size_t n, dim, k, n_drawn;
    float longest;
    std::uint32_t seed, n_tries;
};

// Overwrites each row's pairs with others within `longest` in the map; a place for which none is
// found in `n_tries` keeps what it has. The same row may be drawn twice.
inline void draw_nearby(const Drawing &given, std::size_t n_threads, std::int32_t *pairs) {
    const float limit = given.longest * given.longest;
    const auto n = static_cast<std::uint64_t>(given.n);
    parallel_ranges(given.n, 64, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const float *own = given.Y + i * given.dim;
            const std::int32_t *near = given.near + i * given.k;
            const std::uint32_t row = hashed(static_cast<std::uint32_t>(i) ^ given.seed);
            for (std::size_t p = 0; p < given.n_drawn; ++p) {
                for (std::uint32_t attempt = 0; attempt < given.n_tries; ++attempt) {
                    const std::uint32_t bits = hashed(
                        row + 0x9e3779b9u * (static_cast<std::uint32_t>(p) * given.n_tries +
                                             attempt + 1u));
                    const auto j = static_cast<std::size_t>(bits * n >> 32);
                    float squared = 0.0f;
                    for (std::size_t d = 0; d < given.dim; ++d) {
                        const float step = own[d] - given.Y[j * given.dim + d];
                        squared += step * step;
                    }
                    const auto number = static_cast<std::int32_t>(j);
                    if (squared > limit || j == i ||
                        std::find(near, near + given.k, number) != near + given.k)
                        continue;
                    pairs[i * given.n_drawn + p] = number;
                    break;
                }
            }
        }
    });
}

}  // namespace driftglass

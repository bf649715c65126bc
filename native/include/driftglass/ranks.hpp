// How many values of a row lie below each of a few limits: the rank of a neighbour, without
// sorting the row. Sorting costs n log n per row; this costs one pass over four limits at a time.
#pragma once

#include <cstdint>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

template <std::size_t N>
DRIFTGLASS_INLINE void count_limits(const double *values, std::size_t n, const double *limits,
                                    std::int32_t *counts) {
    std::int64_t sums[N] = {};
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t q = 0; q < N; ++q) sums[q] += values[j] < limits[q];
    for (std::size_t q = 0; q < N; ++q) counts[q] = static_cast<std::int32_t>(sums[q]);
}

DRIFTGLASS_INLINE void count_row(const double *values, std::size_t n, const double *limits,
                                 std::size_t n_limits, std::int32_t *counts) {
    std::size_t q = 0;
    for (; q + 4 <= n_limits; q += 4) count_limits<4>(values, n, limits + q, counts + q);
    for (; q < n_limits; ++q) count_limits<1>(values, n, limits + q, counts + q);
}

using CountRow = void (*)(const double *, std::size_t, const double *, std::size_t,
                          std::int32_t *);

inline void count_row_baseline(const double *values, std::size_t n, const double *limits,
                               std::size_t n_limits, std::int32_t *counts) {
    count_row(values, n, limits, n_limits, counts);
}
#if DRIFTGLASS_X86
DRIFTGLASS_AVX2 inline void count_row_avx2(const double *values, std::size_t n,
                                           const double *limits, std::size_t n_limits,
                                           std::int32_t *counts) {
    count_row(values, n, limits, n_limits, counts);
}
DRIFTGLASS_AVX512 inline void count_row_avx512(const double *values, std::size_t n,
                                               const double *limits, std::size_t n_limits,
                                               std::int32_t *counts) {
    count_row(values, n, limits, n_limits, counts);
}
#endif

// counts[i, q] = number of j with values[i, j] < limits[i, q]; NaN is below nothing.
inline void count_below(const double *values, std::size_t n_rows, std::size_t n_columns,
                        const double *limits, std::size_t n_limits, Variant variant,
                        std::size_t n_threads, std::int32_t *counts) {
    CountRow count = count_row_baseline;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) count = count_row_avx2;
    if (variant == Variant::avx512) count = count_row_avx512;
#else
    (void)variant;
#endif
    parallel_ranges(n_rows, 1, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            count(values + i * n_columns, n_columns, limits + i * n_limits, n_limits,
                  counts + i * n_limits);
    });
}

}  // namespace driftglass

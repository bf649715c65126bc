// Distances computed from the vectors themselves, to settle what blocks of products narrowed down.
//
// Differences are taken and summed in double precision over sixteen fixed lanes, without fused
// multiply-add, so every processor gives the same bits and distance(a, b) == distance(b, a).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

enum class Metric { squared_euclidean, cosine };

constexpr std::size_t kLanes = 16;

inline double sum_lanes(const double *lanes) {
    double sum = 0.0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
    return sum;
}

struct SquaredDifference {
    static DRIFTGLASS_INLINE double term(double a, double b) { return (a - b) * (a - b); }
};
struct Product {
    static DRIFTGLASS_INLINE double term(double a, double b) { return a * b; }
};

template <class Term>
DRIFTGLASS_INLINE double sum_terms(const float *a, const float *b, std::size_t n) {
    double lanes[kLanes] = {};
    std::size_t j = 0;
    for (; j + kLanes <= n; j += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            lanes[lane] += Term::term(a[j + lane], b[j + lane]);
    for (std::size_t lane = 0; j < n; ++j, ++lane) lanes[lane] += Term::term(a[j], b[j]);
    return sum_lanes(lanes);
}

using PairSum = double (*)(const float *, const float *, std::size_t);

template <class Term>
double sum_terms_baseline(const float *a, const float *b, std::size_t n) {
    return sum_terms<Term>(a, b, n);
}
#if DRIFTGLASS_X86
template <class Term>
DRIFTGLASS_AVX2 double sum_terms_avx2(const float *a, const float *b, std::size_t n) {
    return sum_terms<Term>(a, b, n);
}
template <class Term>
DRIFTGLASS_AVX512 double sum_terms_avx512(const float *a, const float *b, std::size_t n) {
    return sum_terms<Term>(a, b, n);
}
#endif

template <class Term>
PairSum pair_sum(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return sum_terms_avx512<Term>;
    if (variant == Variant::avx2) return sum_terms_avx2<Term>;
#endif
    (void)variant;
    return sum_terms_baseline<Term>;
}

struct Vectors {
    const float *data;
    std::size_t n_samples, n_features;
    const float *row(std::size_t i) const { return data + i * n_features; }
};

// For each of n_rows query rows, the k nearest of its candidates, ascending, ties by lower
// index; candidates of -1 are no candidates. Missing neighbours are (inf, -1).
// The cosine distance to a zero vector is 1: its direction is undefined.
inline void nearest_candidates(const Vectors &X, const std::int32_t *rows, std::size_t n_rows,
                               const std::int32_t *candidates, std::size_t n_candidates,
                               std::size_t k, Metric metric, Variant variant, std::size_t n_threads,
                               double *distances, std::int32_t *indices) {
    using Entry = std::pair<double, std::int32_t>;
    const PairSum squared_difference = pair_sum<SquaredDifference>(variant);
    const PairSum product = pair_sum<Product>(variant);
    std::vector<double> norms;
    if (metric == Metric::cosine) {
        norms.resize(X.n_samples);
        parallel_ranges(X.n_samples, 256, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                norms[i] = std::sqrt(product(X.row(i), X.row(i), X.n_features));
        });
    }
    const auto distance = [&](std::size_t a, std::size_t b) {
        if (metric == Metric::squared_euclidean)
            return squared_difference(X.row(a), X.row(b), X.n_features);
        const double scale = norms[a] * norms[b];
        if (!(scale > 0.0)) return 1.0;
        // Equal directions may give 1 - (1 + 1e-16).
        return std::max(0.0, 1.0 - product(X.row(a), X.row(b), X.n_features) / scale);
    };
    // Allocated here, because a helper thread that fails to allocate ends the process.
    std::vector<Entry> scratch(n_rows * n_candidates);
    const std::size_t grain = std::max<std::size_t>(1, 4096 / std::max<std::size_t>(1, n_candidates));
    parallel_ranges(n_rows, grain, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const std::int32_t self = rows[i];
            Entry *entries = scratch.data() + i * n_candidates;
            std::size_t found = 0;
            for (std::size_t c = 0; c < n_candidates; ++c) {
                const std::int32_t other = candidates[i * n_candidates + c];
                if (other < 0) continue;
                entries[found++] = {distance(static_cast<std::size_t>(self),
                                             static_cast<std::size_t>(other)),
                                    other};
            }
            const std::size_t kept = std::min(found, k);
            std::partial_sort(entries, entries + kept, entries + found);
            for (std::size_t j = 0; j < k; ++j) {
                distances[i * k + j] =
                    j < kept ? entries[j].first : std::numeric_limits<double>::infinity();
                indices[i * k + j] = j < kept ? entries[j].second : -1;
            }
        }
    });
}

}  // namespace driftglass

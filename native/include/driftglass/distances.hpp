// Distances computed from the vectors themselves, to settle what blocks of products narrowed down.
//
// Differences are taken and summed in double precision over sixteen fixed lanes, without fused
// multiply-add, so every processor gives the same bits and distance(a, b) == distance(b, a).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

enum class Metric { squared_euclidean, cosine, inner_product, manhattan };

constexpr std::size_t kLanes = 16;

inline double sum_lanes(const double *lanes) {
    double sum = 0.0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
    return sum;
}

struct SquaredDifference {
    static DRIFTGLASS_INLINE double term(double a, double b) { return (a - b) * (a - b); }
};
struct AbsoluteDifference {
    static DRIFTGLASS_INLINE double term(double a, double b) { return std::fabs(a - b); }
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

    // Asks for the beginning of a row that is read next; the processor sees where it goes on.
    void fetch(std::int32_t i) const {
#if defined(__GNUC__) || defined(__clang__)
        if (i < 0) return;
        const auto *at = reinterpret_cast<const char *>(row(static_cast<std::size_t>(i)));
        const std::size_t length = std::min<std::size_t>(n_features * sizeof(float), 1024);
        for (std::size_t byte = 0; byte < length; byte += 64) __builtin_prefetch(at + byte);
#else
        (void)i;
#endif
    }
};

// For each of n_rows rows of `asked`, the k nearest of its candidates in X, ascending, ties by lower
// index; candidates of -1 are no candidates. Missing neighbours are (inf, -1). With `bounds`, no
// candidate from here on is nearer than the bound here, so a row can be done early.
// The cosine distance to a zero vector is 1: its direction is undefined.
inline void nearest_candidates(const Vectors &asked, const Vectors &X, const std::int32_t *rows,
                               std::size_t n_rows, const std::int32_t *candidates,
                               std::size_t n_candidates, const float *bounds, std::size_t k,
                               Metric metric, Variant variant, std::size_t n_threads,
                               double *distances, std::int32_t *indices) {
    const PairSum squared_difference = pair_sum<SquaredDifference>(variant);
    const PairSum absolute_difference = pair_sum<AbsoluteDifference>(variant);
    const PairSum product = pair_sum<Product>(variant);
    const auto lengths = [&](const Vectors &of) {
        std::vector<double> norms(metric == Metric::cosine ? of.n_samples : 0);
        parallel_ranges(norms.size(), 256, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                norms[i] = std::sqrt(product(of.row(i), of.row(i), of.n_features));
        });
        return norms;
    };
    const std::vector<double> norms = lengths(X);
    const std::vector<double> others =
        asked.data == X.data ? std::vector<double>() : lengths(asked);
    const std::vector<double> &own = asked.data == X.data ? norms : others;
    const auto distance = [&](std::size_t a, std::size_t b) {
        if (metric == Metric::squared_euclidean)
            return squared_difference(asked.row(a), X.row(b), X.n_features);
        if (metric == Metric::manhattan)
            return absolute_difference(asked.row(a), X.row(b), X.n_features);
        if (metric == Metric::inner_product)
            return 0.0 - product(asked.row(a), X.row(b), X.n_features);
        const double scale = own[a] * norms[b];
        if (!(scale > 0.0)) return 1.0;
        // Equal directions may give 1 - (1 + 1e-16).
        return std::max(0.0, 1.0 - product(asked.row(a), X.row(b), X.n_features) / scale);
    };
    const std::size_t grain = std::max<std::size_t>(1, 4096 / std::max<std::size_t>(1, n_candidates));
    parallel_ranges(n_rows, grain, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const auto self = static_cast<std::size_t>(rows[i]);
            double *near = distances + i * k;
            std::int32_t *names = indices + i * k;
            std::fill(near, near + k, std::numeric_limits<double>::infinity());
            std::fill(names, names + k, -1);
            std::size_t found = 0;
            for (std::size_t c = 0; k > 0 && c < n_candidates; ++c) {
                const std::int32_t other = candidates[i * n_candidates + c];
                if (bounds != nullptr && found == k &&
                    static_cast<double>(bounds[i * n_candidates + c]) > near[k - 1])
                    break;
                if (other < 0) continue;
                if (c + 1 < n_candidates) X.fetch(candidates[i * n_candidates + c + 1]);
                const double here = distance(self, static_cast<std::size_t>(other));
                const auto before = [&](std::size_t place) {
                    return near[place] < here || (near[place] == here && names[place] < other);
                };
                if (found == k && before(k - 1)) continue;
                std::size_t place = found < k ? found++ : k - 1;
                for (; place > 0 && !before(place - 1); --place) {
                    near[place] = near[place - 1];
                    names[place] = names[place - 1];
                }
                near[place] = here;
                names[place] = other;
            }
        }
    });
}

}  // namespace driftglass

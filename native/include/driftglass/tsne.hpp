// Forces between the points of a map under Student's t kernel, and one step along them.
//
// Every row is summed by one thread over sixteen fixed lanes without fused multiply-add, so the
// result is the same bits at any thread count and on any processor.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "cpu.hpp"
#include "lanes.hpp"
#include "parallel.hpp"
#include "tree.hpp"

namespace driftglass {

constexpr float kFar = 1e18f;   // its kernel is zero, and its square still fits
constexpr float kAside = 1e9f;  // its kernel is nothing beside 1, and squares of squares fit
constexpr std::size_t kStripes = 8;

struct Edges {
    const std::int64_t *starts;
    const std::int32_t *columns;
    const float *values;
};

template <class T>
DRIFTGLASS_INLINE T sixteen(const void *from) {
    T values;
    if constexpr (std::is_same_v<T, Halves> || std::is_same_v<T, IntHalves>) {
        // One register at a time: copied as a whole they would pass through memory.
        std::memcpy(&values.low, from, 32);
        std::memcpy(&values.high, static_cast<const char *>(from) + 32, 32);
    } else {
        std::memcpy(&values, from, sizeof values);
    }
    return values;
}

template <class T>
DRIFTGLASS_INLINE void put(float *to, const T &values) {
    if constexpr (std::is_same_v<T, Halves>) {
        std::memcpy(to, &values.low, 32);
        std::memcpy(to + 8, &values.high, 32);
    } else {
        std::memcpy(to, &values, sizeof values);
    }
}

}  // namespace driftglass

#define TSNE_VARIANT tsne_baseline
#define TSNE_TARGET
#define TSNE_GATHER PlainGather
#define TSNE_FLOATS driftglass::Floats
#define TSNE_INTS driftglass::Ints
#include "tsne_rows.inc"
#undef TSNE_FLOATS
#undef TSNE_INTS
#undef TSNE_VARIANT
#undef TSNE_TARGET
#undef TSNE_GATHER
#if DRIFTGLASS_X86
#define TSNE_VARIANT tsne_avx2
#define TSNE_TARGET DRIFTGLASS_AVX2
#define TSNE_GATHER Avx2Gather
#define TSNE_FLOATS driftglass::Halves
#define TSNE_INTS driftglass::IntHalves
#include "tsne_rows.inc"
#undef TSNE_FLOATS
#undef TSNE_INTS
#undef TSNE_VARIANT
#undef TSNE_TARGET
#undef TSNE_GATHER
#define TSNE_VARIANT tsne_avx512
#define TSNE_TARGET DRIFTGLASS_AVX512
#define TSNE_GATHER Avx512Gather
#define TSNE_FLOATS driftglass::Floats
#define TSNE_INTS driftglass::Ints
#include "tsne_rows.inc"
#undef TSNE_FLOATS
#undef TSNE_INTS
#undef TSNE_VARIANT
#undef TSNE_TARGET
#undef TSNE_GATHER
#endif

namespace driftglass {

// The kernel is 1 / (offset + distance²), or its square.
template <std::size_t D, bool Squared = false>
void attraction(const float *own, std::size_t n, const float *Y, const Edges &edges, float offset,
                Variant variant, std::size_t n_threads, float *out) {
    auto rows = tsne_baseline::attract_rows<D, Squared>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = tsne_avx2::attract_rows<D, Squared>;
    if (variant == Variant::avx512) rows = tsne_avx512::attract_rows<D, Squared>;
#endif
    (void)variant;
    parallel_ranges(n, 128, n_threads, [&](std::size_t first, std::size_t last) {
        rows(own, Y, edges, offset, first, last, out);
    });
}

template <std::size_t D>
void exact_field(const float *own, std::size_t n, const float *Y, std::size_t n_sources,
                 Variant variant, std::size_t n_threads, float *out) {
    const std::size_t n_padded = (n_sources + kWidth - 1) / kWidth * kWidth;
    std::vector<float> sources(D * n_padded, kFar);
    for (std::size_t j = 0; j < n_sources; ++j)
        for (std::size_t d = 0; d < D; ++d) sources[d * n_padded + j] = Y[j * D + d];
    auto rows = tsne_baseline::repel_rows<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = tsne_avx2::repel_rows<D>;
    if (variant == Variant::avx512) rows = tsne_avx512::repel_rows<D>;
#endif
    (void)variant;
    parallel_ranges(n, 16, n_threads, [&](std::size_t first, std::size_t last) {
        rows(own, sources.data(), n_padded, first, last, out);
    });
}

// The field of points at themselves, at half the cost of `exact_field`. Pairs are shared out to
// a fixed number of stripes whose sums are added in order.
template <std::size_t D>
void mutual_field(const float *Y, std::size_t n, Variant variant, std::size_t n_threads,
                  float *out) {
    const std::size_t n_padded = (n + kWidth - 1) / kWidth * kWidth;
    const std::size_t size = (D + 1) * n_padded;
    std::vector<float> places(D * n_padded, kAside), own(size), mutual(kStripes * size, 0.0f);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t d = 0; d < D; ++d) places[d * n_padded + i] = Y[i * D + d];
    auto rows = tsne_baseline::repel_both<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = tsne_avx2::repel_both<D>;
    if (variant == Variant::avx512) rows = tsne_avx512::repel_both<D>;
#endif
    (void)variant;
    parallel_ranges(kStripes, 1, n_threads, [&](std::size_t stripe, std::size_t) {
        rows(places.data(), n_padded, stripe, kStripes, mutual.data() + stripe * size, own.data());
    });
    for (std::size_t f = 0; f <= D; ++f) {
        float *sums = own.data() + f * n_padded;
        for (std::size_t stripe = 0; stripe < kStripes; ++stripe) {
            const float *more = mutual.data() + stripe * size + f * n_padded;
            for (std::size_t i = 0; i < n; ++i) sums[i] += more[i];
        }
        for (std::size_t i = 0; i < n; ++i) out[i * (D + 1) + f] = sums[i];
    }
}

template <std::size_t D>
void tree_field(const float *Y, std::size_t n, float theta, Variant variant,
                std::size_t n_threads, float *out) {
    const Tree<D> tree(Y, n, kFar);
    auto rows = tsne_baseline::tree_rows<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = tsne_avx2::tree_rows<D>;
    if (variant == Variant::avx512) rows = tsne_avx512::tree_rows<D>;
#endif
    (void)variant;
    parallel_ranges(n, 8 * kWidth, n_threads, [&](std::size_t first, std::size_t last) {
        rows(tree, theta * theta, first, last, out);
    });
}

template <std::size_t D>
void tree_field_at(const float *points, std::size_t n, const float *Y, std::size_t n_sources,
                   float theta, Variant variant, std::size_t n_threads, float *out) {
    const Tree<D> tree(Y, n_sources, kFar);
    auto rows = tsne_baseline::tree_rows_at<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = tsne_avx2::tree_rows_at<D>;
    if (variant == Variant::avx512) rows = tsne_avx512::tree_rows_at<D>;
#endif
    (void)variant;
    parallel_ranges(n, 64, n_threads, [&](std::size_t first, std::size_t last) {
        rows(tree, points, theta * theta, first, last, out);
    });
}

// sum over edges of p log(p (1 + |y_i - y_j|²)): the divergence, less the logarithm of the
// normalization. Summed per chunk and then in order.
template <std::size_t D>
double edge_divergence(const float *Y, std::size_t n, const Edges &edges, std::size_t n_threads) {
    const std::size_t grain = 256;
    std::vector<double> parts((n + grain - 1) / grain, 0.0);
    parallel_ranges(n, grain, n_threads, [&](std::size_t first, std::size_t last) {
        double sum = 0.0;
        for (std::size_t i = first; i < last; ++i)
            for (auto e = static_cast<std::size_t>(edges.starts[i]);
                 e < static_cast<std::size_t>(edges.starts[i + 1]); ++e) {
                const auto j = static_cast<std::size_t>(edges.columns[e]);
                double squared = 1.0;
                for (std::size_t d = 0; d < D; ++d) {
                    const double step = static_cast<double>(Y[i * D + d]) - Y[j * D + d];
                    squared += step * step;
                }
                const double p = edges.values[e];
                if (p > 0.0) sum += p * std::log(p * squared);
            }
        parts[first / grain] = sum;
    });
    double total = 0.0;
    for (const double part : parts) total += part;
    return total;
}

struct Step {
    float exaggeration, inverse_normalization, learning_rate, momentum, longest;
};

// Places that points are drawn to, and how stiff each one's spring is; null without.
struct Springs {
    const float *anchors, *stiffness;
};

// One step of gradient descent with momentum and a gain per coordinate (Jacobs 1988).
// The force is exaggeration * attraction + repulsion / normalization. Springs take their step
// implicitly: where forces balance stays the same, and the stiffest cannot overshoot.
template <std::size_t D>
void descend(float *Y, float *velocity, float *gains, const float *attraction, const float *field,
             const Springs &springs, std::size_t n, const Step &step, std::size_t n_threads) {
    parallel_ranges(n, 4096, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const float stiffness = springs.stiffness != nullptr ? springs.stiffness[i] : 0.0f;
            float squared = 0.0f;
            for (std::size_t d = 0; d < D; ++d) {
                const std::size_t at = i * D + d;
                const float force = step.exaggeration * attraction[at] +
                                    step.inverse_normalization * field[i * (D + 1) + d + 1];
                const float away = stiffness > 0.0f ? springs.anchors[at] - Y[at] : 0.0f;
                const float total = stiffness > 0.0f ? force + stiffness * away : force;
                const bool onward = (total > 0.0f) == (velocity[at] > 0.0f);
                gains[at] = std::max(onward ? gains[at] + 0.2f : gains[at] * 0.8f, 0.01f);
                velocity[at] =
                    step.momentum * velocity[at] + step.learning_rate * gains[at] * force;
                if (stiffness > 0.0f) {
                    const float stiff = step.learning_rate * gains[at] * stiffness;
                    const float share = stiff < 1e30f ? stiff / (1.0f + stiff) : 1.0f;
                    velocity[at] += share * (away - velocity[at]);
                }
                squared += velocity[at] * velocity[at];
            }
            const float length = std::sqrt(squared);
            const float shrink = length > step.longest ? step.longest / length : 1.0f;
            for (std::size_t d = 0; d < D; ++d) {
                velocity[i * D + d] *= shrink;
                Y[i * D + d] += velocity[i * D + d];
            }
        }
    });
}

// Moves the mean to the origin, if wanted; bounds receives D lowest and then D highest coordinates.
template <std::size_t D>
void center(float *Y, std::size_t n, bool shift, float *bounds) {
    double sums[D] = {};
    for (std::size_t i = 0; i < n && shift; ++i)
        for (std::size_t d = 0; d < D; ++d) sums[d] += Y[i * D + d];
    float mean[D];
    for (std::size_t d = 0; d < D; ++d) {
        mean[d] = static_cast<float>(sums[d] / static_cast<double>(n));
        bounds[d] = INFINITY;
        bounds[D + d] = -INFINITY;
    }
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t d = 0; d < D; ++d) {
            const float y = Y[i * D + d] -= mean[d];
            bounds[d] = std::min(bounds[d], y);
            bounds[D + d] = std::max(bounds[D + d], y);
        }
}

}  // namespace driftglass

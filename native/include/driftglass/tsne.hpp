// Forces between the points of a map under Student's t kernel, and one step along them.
//
// Every row is summed by one thread over sixteen fixed lanes without fused multiply-add, so the
// result is the same bits at any thread count and on any processor.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kForceLanes = 16;
constexpr float kFar = 1e18f;  // its kernel is zero, and its square still fits

struct Edges {
    const std::int64_t *starts;
    const std::int32_t *columns;
    const float *values;
};

template <std::size_t D>
DRIFTGLASS_INLINE void store_sums(const float (*lanes)[kForceLanes], float *out) {
    for (std::size_t d = 0; d < D; ++d) {
        float sum = 0.0f;
        for (std::size_t lane = 0; lane < kForceLanes; ++lane) sum += lanes[d][lane];
        out[d] = sum;
    }
}

// out = sum over edges of p (y_j - y_i) / (1 + |y_i - y_j|²), for each row in [first, last).
// `Y` holds the ends, `own` the rows themselves.
template <std::size_t D>
DRIFTGLASS_INLINE void attract_rows(const float *own, const float *Y, const Edges &edges,
                                    std::size_t first, std::size_t last, float *out) {
    for (std::size_t i = first; i < last; ++i) {
        float sums[D][kForceLanes] = {};
        const auto end = static_cast<std::size_t>(edges.starts[i + 1]);
        auto e = static_cast<std::size_t>(edges.starts[i]);
        for (; e + kForceLanes <= end; e += kForceLanes) {
            const std::int32_t *columns = edges.columns + e;
            float there[D][kForceLanes];
            for (std::size_t d = 0; d < D; ++d)
                for (std::size_t lane = 0; lane < kForceLanes; ++lane)
                    there[d][lane] = Y[static_cast<std::size_t>(columns[lane]) * D + d];
            for (std::size_t lane = 0; lane < kForceLanes; ++lane) {
                float squared = 1.0f;
                for (std::size_t d = 0; d < D; ++d) {
                    there[d][lane] -= own[i * D + d];
                    squared += there[d][lane] * there[d][lane];
                }
                const float weight = edges.values[e + lane] / squared;
                for (std::size_t d = 0; d < D; ++d) sums[d][lane] += weight * there[d][lane];
            }
        }
        for (std::size_t lane = 0; e < end; ++e, ++lane) {
            const auto j = static_cast<std::size_t>(edges.columns[e]);
            float step[D], squared = 1.0f;
            for (std::size_t d = 0; d < D; ++d) {
                step[d] = Y[j * D + d] - own[i * D + d];
                squared += step[d] * step[d];
            }
            const float weight = edges.values[e] / squared;
            for (std::size_t d = 0; d < D; ++d) sums[d][lane] += weight * step[d];
        }
        store_sums<D>(sums, out + i * D);
    }
}

// out[i] = (sum of q, sums of q² (y_i - y_j)) with q = 1 / (1 + |y_i - y_j|²) over all sources;
// `sources` holds D rows of n_padded, padded with kFar.
template <std::size_t D>
DRIFTGLASS_INLINE void repel_rows(const float *own, const float *sources, std::size_t n_padded,
                                  std::size_t first, std::size_t last, float *out) {
    for (std::size_t i = first; i < last; ++i) {
        float sums[D + 1][kForceLanes] = {};
        for (std::size_t j = 0; j < n_padded; j += kForceLanes)
            for (std::size_t lane = 0; lane < kForceLanes; ++lane) {
                float step[D], squared = 1.0f;
                for (std::size_t d = 0; d < D; ++d) {
                    step[d] = own[i * D + d] - sources[d * n_padded + j + lane];
                    squared += step[d] * step[d];
                }
                const float q = 1.0f / squared;
                sums[0][lane] += q;
                for (std::size_t d = 0; d < D; ++d) sums[d + 1][lane] += q * q * step[d];
            }
        store_sums<D + 1>(sums, out + i * (D + 1));
    }
}

template <std::size_t D>
void attract_baseline(const float *own, const float *Y, const Edges &edges, std::size_t first,
                      std::size_t last, float *out) {
    attract_rows<D>(own, Y, edges, first, last, out);
}
template <std::size_t D>
void repel_baseline(const float *own, const float *sources, std::size_t n_padded,
                    std::size_t first, std::size_t last, float *out) {
    repel_rows<D>(own, sources, n_padded, first, last, out);
}
#if DRIFTGLASS_X86
template <std::size_t D>
DRIFTGLASS_AVX2 void attract_avx2(const float *own, const float *Y, const Edges &edges,
                                  std::size_t first, std::size_t last, float *out) {
    attract_rows<D>(own, Y, edges, first, last, out);
}
template <std::size_t D>
DRIFTGLASS_AVX2 void repel_avx2(const float *own, const float *sources, std::size_t n_padded,
                                std::size_t first, std::size_t last, float *out) {
    repel_rows<D>(own, sources, n_padded, first, last, out);
}
template <std::size_t D>
DRIFTGLASS_AVX512 void attract_avx512(const float *own, const float *Y, const Edges &edges,
                                      std::size_t first, std::size_t last, float *out) {
    attract_rows<D>(own, Y, edges, first, last, out);
}
template <std::size_t D>
DRIFTGLASS_AVX512 void repel_avx512(const float *own, const float *sources, std::size_t n_padded,
                                    std::size_t first, std::size_t last, float *out) {
    repel_rows<D>(own, sources, n_padded, first, last, out);
}
#endif

template <std::size_t D>
void attraction(const float *own, std::size_t n, const float *Y, const Edges &edges,
                Variant variant, std::size_t n_threads, float *out) {
    auto rows = attract_baseline<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = attract_avx2<D>;
    if (variant == Variant::avx512) rows = attract_avx512<D>;
#endif
    (void)variant;
    parallel_ranges(n, 128, n_threads, [&](std::size_t first, std::size_t last) {
        rows(own, Y, edges, first, last, out);
    });
}

template <std::size_t D>
void exact_field(const float *own, std::size_t n, const float *Y, std::size_t n_sources,
                 Variant variant, std::size_t n_threads, float *out) {
    const std::size_t n_padded = (n_sources + kForceLanes - 1) / kForceLanes * kForceLanes;
    std::vector<float> sources(D * n_padded, kFar);
    for (std::size_t j = 0; j < n_sources; ++j)
        for (std::size_t d = 0; d < D; ++d) sources[d * n_padded + j] = Y[j * D + d];
    auto rows = repel_baseline<D>;
#if DRIFTGLASS_X86
    if (variant == Variant::avx2) rows = repel_avx2<D>;
    if (variant == Variant::avx512) rows = repel_avx512<D>;
#endif
    (void)variant;
    parallel_ranges(n, 16, n_threads, [&](std::size_t first, std::size_t last) {
        rows(own, sources.data(), n_padded, first, last, out);
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

// One step of gradient descent with momentum and a gain per coordinate (Jacobs 1988).
// The force is exaggeration * attraction + repulsion / normalization.
template <std::size_t D>
void descend(float *Y, float *velocity, float *gains, const float *attraction, const float *field,
             std::size_t n, const Step &step, std::size_t n_threads) {
    parallel_ranges(n, 4096, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            float squared = 0.0f;
            for (std::size_t d = 0; d < D; ++d) {
                const std::size_t at = i * D + d;
                const float force = step.exaggeration * attraction[at] +
                                    step.inverse_normalization * field[i * (D + 1) + d + 1];
                const bool onward = (force > 0.0f) == (velocity[at] > 0.0f);
                gains[at] = std::max(onward ? gains[at] + 0.2f : gains[at] * 0.8f, 0.01f);
                velocity[at] =
                    step.momentum * velocity[at] + step.learning_rate * gains[at] * force;
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

// Moves the mean to the origin; bounds receives D lowest and then D highest coordinates.
template <std::size_t D>
void center(float *Y, std::size_t n, float *bounds) {
    double sums[D] = {};
    for (std::size_t i = 0; i < n; ++i)
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

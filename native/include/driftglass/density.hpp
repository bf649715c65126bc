// Local radii of a map, and the step that makes them follow those wanted: the density term of
// densMAP (Narayan, Berger and Cho 2021).
//
// The radius of a point is the mean squared length of its edges, weighted by their affinity in
// the map; the term is the correlation of logarithms of radii with those wanted.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lanes.hpp"
#include "layout.hpp"
#include "parallel.hpp"

namespace driftglass {

struct Density {
    float *positions;  // (n, dim): these move
    std::size_t n, dim;
    const std::int64_t *starts;  // edges of a symmetric graph
    const std::int32_t *columns;
    const float *wanted;  // (n): with mean 0 and variance 1
    float a, b;
    float shift;  // added to the variance of the logarithms, so that their scale is not free
    float step;   // how far along the gradient of the correlation
};

constexpr double kLeastRadius = 1e-8;
constexpr float kDamping = 0.15f;

// Logarithms of the local radii; also the affinity of each edge and the sum of each point's.
inline void log_radii(const Density &density, std::size_t n_threads, float *affinities,
                      float *sums, float *radii) {
    const std::size_t dim = density.dim;
    parallel_ranges(density.n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const float *own = density.positions + i * dim;
            double sum = 0.0, lengths = 0.0;
            const std::int64_t end = density.starts[i + 1];
            for (std::int64_t edge = density.starts[i]; edge < end; edge += kWidth) {
                const std::size_t there =
                    std::min<std::size_t>(kWidth, static_cast<std::size_t>(end - edge));
                Floats squared = Floats{};
                for (std::size_t lane = 0; lane < there; ++lane) {
                    const float *other =
                        density.positions + static_cast<std::size_t>(density.columns[edge + lane]) * dim;
                    float total = 0.0f;
                    for (std::size_t c = 0; c < dim; ++c)
                        total += (own[c] - other[c]) * (own[c] - other[c]);
                    squared[lane] = total;
                }
                const Floats least = Floats{} + kTiny;
                const Floats power =
                    exp2_of(density.b * log2_of(squared > kTiny ? squared : least));
                const Floats affinity = 1.0f / (1.0f + density.a * power);
                for (std::size_t lane = 0; lane < there; ++lane) {
                    affinities[edge + lane] = affinity[lane];
                    sum += affinity[lane];
                    lengths += static_cast<double>(affinity[lane]) * squared[lane];
                }
            }
            sums[i] = static_cast<float>(sum);
            radii[i] = static_cast<float>(std::log(kLeastRadius + (sum > 0.0 ? lengths / sum : 0.0)));
        }
    });
}

// One step up the gradient of the correlation, in place. Returns the correlation before it.
inline double density_step(const Density &density, std::size_t n_threads) {
    const std::size_t n = density.n, dim = density.dim;
    std::vector<float> affinities(static_cast<std::size_t>(density.starts[n])), sums(n), radii(n);
    log_radii(density, n_threads, affinities.data(), sums.data(), radii.data());
    double mean = 0.0, variance = 0.0, covariance = 0.0;
    for (std::size_t i = 0; i < n; ++i) mean += radii[i];
    mean /= static_cast<double>(n);
    const double others = static_cast<double>(n > 1 ? n - 1 : 1);
    for (std::size_t i = 0; i < n; ++i) {
        variance += (radii[i] - mean) * (radii[i] - mean) / others;
        covariance += (radii[i] - mean) * density.wanted[i] / others;
    }
    variance += density.shift;
    if (!(variance > 0.0)) return 0.0;
    const double deviation = std::sqrt(variance);
    // The correlation's derivative by each squared length is share[i] (slope (length - radius) +
    // affinity), from both ends.
    std::vector<float> share(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double by_radius =
            (density.wanted[i] - covariance * (radii[i] - mean) / variance) / (deviation * others);
        const double radius = std::exp(static_cast<double>(radii[i]));
        share[i] = sums[i] > 0.0f ? static_cast<float>(by_radius / (radius * sums[i])) : 0.0f;
        radii[i] = static_cast<float>(radius - kLeastRadius);
    }
    std::vector<float> moved(n * dim);
    parallel_ranges(n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        float force[kMaxComponents];
        for (std::size_t i = first; i < last; ++i) {
            const float *own = density.positions + i * dim;
            float stiffness = 0.0f;
            std::fill_n(force, dim, 0.0f);
            for (std::int64_t edge = density.starts[i]; edge < density.starts[i + 1]; ++edge) {
                const auto j = static_cast<std::size_t>(density.columns[edge]);
                const float *other = density.positions + j * dim;
                float squared = 0.0f;
                for (std::size_t c = 0; c < dim; ++c)
                    squared += (own[c] - other[c]) * (own[c] - other[c]);
                if (!(squared > kTiny)) continue;
                const float affinity = affinities[edge];
                // Derivative of the affinity by the squared length.
                const float slope = -density.b * affinity * (1.0f - affinity) / squared;
                const float along = share[i] * (slope * (squared - radii[i]) + affinity) +
                                    share[j] * (slope * (squared - radii[j]) + affinity);
                const float pull = 2.0f * density.step * along;
                stiffness += std::fabs(pull);
                for (std::size_t c = 0; c < dim; ++c)
                    force[c] += std::min(std::max(pull * (own[c] - other[c]), -kClip), kClip);
            }
            // Shortened where it would overshoot; more than this keeps radii from following.
            for (std::size_t c = 0; c < dim; ++c)
                moved[i * dim + c] = own[c] + force[c] / (1.0f + kDamping * stiffness);
        }
    });
    std::copy(moved.begin(), moved.end(), density.positions);
    return covariance / deviation;
}

}  // namespace driftglass

// Distances to probabilities: rows with the entropy asked for, and their symmetric joint form.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"

namespace driftglass {

struct RowState {
    double entropy;
    double slope;  // of the entropy, by the logarithm of beta
};

// Gaussian weights exp(-beta d²) of one row, scaled to sum to one.
inline RowState gaussian_row(const double *squared, std::size_t k, double beta,
                             double *weights) {
    double total = 0.0, first = 0.0, second = 0.0;
    for (std::size_t j = 0; j < k; ++j) {
        const double energy = beta * squared[j];
        weights[j] = std::exp(-energy);
        total += weights[j];
        first += weights[j] * energy;
        second += weights[j] * energy * energy;
    }
    first /= total;
    for (std::size_t j = 0; j < k; ++j) weights[j] /= total;
    return {std::log(total) + first, first * first - second / total};
}

// Finds beta on a logarithmic scale by Newton's steps, or by halving the bracket where such a
// step leaves it. Entropy falls as beta grows, from log(k) to the logarithm of the number of
// ties for the nearest. Squared distances are counted from the smallest, so that far rows do
// not underflow to nothing.
inline void row_with_entropy(const double *squared, std::size_t k, double wanted,
                             double *weights) {
    const double widest = *std::max_element(squared, squared + k);
    double mean = 0.0;
    for (std::size_t j = 0; j < k; ++j) mean += squared[j] / static_cast<double>(k);
    if (!(widest > 0.0)) {
        std::fill(weights, weights + k, 1.0 / static_cast<double>(k));
        return;
    }
    // In units of the widest distance the answer lies in this range, whatever the data's unit.
    double low = -60.0, high = 140.0;
    double at = std::log(widest / std::max(mean, widest * 1e-12));
    for (int step = 0; step < 100; ++step) {
        const RowState state = gaussian_row(squared, k, std::exp(at) / widest, weights);
        if (std::abs(state.entropy - wanted) < 1e-7 || high - low < 1e-12) return;
        (state.entropy > wanted ? low : high) = at;
        const double newton = at - (state.entropy - wanted) / state.slope;
        const double bounded = std::min(std::max(newton, at - 4.0), at + 4.0);
        at = bounded > low && bounded < high ? bounded : 0.5 * (low + high);
    }
}

// weights[i, j]: the mean over perplexities of the row with that entropy; rows sum to one.
inline void affinity_rows(const float *distances, std::size_t n, std::size_t k,
                          const double *perplexities, std::size_t n_perplexities,
                          std::size_t n_threads, float *weights) {
    const std::size_t grain = 64;
    // Allocated here, because a helper thread that fails to allocate ends the process.
    const std::size_t n_chunks = (n + grain - 1) / grain;
    std::vector<double> scratch(n_chunks * 3 * k);
    parallel_ranges(n, grain, n_threads, [&](std::size_t first, std::size_t last) {
        double *squared = scratch.data() + (first / grain) * 3 * k;
        double *row = squared + k, *sum = row + k;
        for (std::size_t i = first; i < last; ++i) {
            const float *d = distances + i * k;
            double nearest = static_cast<double>(d[0]);
            for (std::size_t j = 1; j < k; ++j)
                nearest = std::min(nearest, static_cast<double>(d[j]));
            for (std::size_t j = 0; j < k; ++j) {
                const double distance = static_cast<double>(d[j]);
                squared[j] = (distance - nearest) * (distance + nearest);
            }
            std::fill(sum, sum + k, 0.0);
            for (std::size_t p = 0; p < n_perplexities; ++p) {
                row_with_entropy(squared, k, std::log(perplexities[p]), row);
                for (std::size_t j = 0; j < k; ++j) sum[j] += row[j];
            }
            for (std::size_t j = 0; j < k; ++j)
                weights[i * k + j] =
                    static_cast<float>(sum[j] / static_cast<double>(n_perplexities));
        }
    });
}

struct Csr {
    std::vector<std::int64_t> starts;
    std::vector<std::int32_t> columns;
    std::vector<float> values;
};

// (W + Wᵀ) / 2n of a matrix with k entries a row; the columns of each row ascend.
inline Csr symmetrized(const std::int32_t *indices, const float *weights, std::size_t n,
                       std::size_t k, std::size_t n_threads) {
    // The transpose, filled in order of rows, so that its rows ascend.
    std::vector<std::int64_t> starts(n + 1, 0);
    for (std::size_t e = 0; e < n * k; ++e) ++starts[static_cast<std::size_t>(indices[e]) + 1];
    for (std::size_t i = 0; i < n; ++i) starts[i + 1] += starts[i];
    std::vector<std::int32_t> sources(n * k);
    std::vector<float> values(n * k);
    std::vector<std::int64_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) {
            const auto at = static_cast<std::size_t>(
                next[static_cast<std::size_t>(indices[i * k + j])]++);
            sources[at] = static_cast<std::int32_t>(i);
            values[at] = weights[i * k + j];
        }
    // Each row's own entries in order of column.
    std::vector<std::int32_t> order(n * k);
    parallel_ranges(n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            std::int32_t *places = order.data() + i * k;
            const std::int32_t *columns = indices + i * k;
            for (std::size_t j = 0; j < k; ++j) places[j] = static_cast<std::int32_t>(j);
            std::sort(places, places + k, [columns](std::int32_t a, std::int32_t b) {
                return columns[a] < columns[b];
            });
        }
    });
    const auto merge = [&](std::size_t i, const auto &emit) {
        const std::int32_t *places = order.data() + i * k;
        std::size_t a = 0;
        auto b = static_cast<std::size_t>(starts[i]);
        const auto end = static_cast<std::size_t>(starts[i + 1]);
        while (a < k || b < end) {
            const std::int32_t own = a < k ? indices[i * k + places[a]] : INT32_MAX;
            const std::int32_t other = b < end ? sources[b] : INT32_MAX;
            float value = 0.0f;
            if (own <= other) value += weights[i * k + places[a++]];
            if (other <= own) value += values[b++];
            emit(std::min(own, other), value);
        }
    };
    Csr result;
    result.starts.assign(n + 1, 0);
    parallel_ranges(n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            merge(i, [&](std::int32_t, float) { ++result.starts[i + 1]; });
    });
    for (std::size_t i = 0; i < n; ++i) result.starts[i + 1] += result.starts[i];
    const auto n_entries = static_cast<std::size_t>(result.starts[n]);
    result.columns.resize(n_entries);
    result.values.resize(n_entries);
    const float scale = static_cast<float>(1.0 / (2.0 * static_cast<double>(n)));
    parallel_ranges(n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            auto at = static_cast<std::size_t>(result.starts[i]);
            merge(i, [&](std::int32_t column, float value) {
                result.columns[at] = column;
                result.values[at++] = value * scale;
            });
        }
    });
    return result;
}

}  // namespace driftglass

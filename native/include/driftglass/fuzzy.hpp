// Distances to memberships of a fuzzy neighbourhood, and their symmetric union as a sparse graph.
//
// Every point measures distance in its own unit: the nearest neighbours are fully connected, and
// the unit is such that all its memberships add up to log2 of the number of neighbours.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.hpp"

namespace driftglass {

// Distance beyond which membership falls: where `connectivity` neighbours, counted with a
// fraction and without those at distance zero, have been passed. Distances ascend.
inline double free_distance(const float *distances, std::size_t k, double connectivity) {
    std::size_t first = 0;
    while (first < k && !(distances[first] > 0.0f)) ++first;
    const std::size_t n = k - first;
    if (n == 0) return 0.0;
    const float *positive = distances + first;
    if (static_cast<double>(n) < connectivity) return positive[n - 1];
    const auto whole = static_cast<std::size_t>(connectivity);
    const double part = connectivity - static_cast<double>(whole);
    if (whole == 0) return part * positive[0];
    const double last = positive[whole - 1];
    return whole < n ? last + part * (positive[whole] - last) : last;
}

// The x with sum of exp(-x * gap) == target, where gaps of zero count 1 each; infinity if there
// is none. The sum is convex and falls, so Newton's steps from zero never pass the solution.
inline double solve_rate(const double *gaps, std::size_t k, double target) {
    std::size_t n_free = 0;
    for (std::size_t j = 0; j < k; ++j) n_free += !(gaps[j] > 0.0);
    if (static_cast<double>(n_free) >= target) return std::numeric_limits<double>::infinity();
    double x = 0.0;
    for (int turn = 0; turn < 100; ++turn) {
        double sum = 0.0, slope = 0.0;
        for (std::size_t j = 0; j < k; ++j) {
            const double member = std::exp(-x * gaps[j]);
            sum += member;
            slope += gaps[j] * member;
        }
        if (sum - target < 1e-7 * target || !(slope > 0.0)) break;
        x += (sum - target) / slope;
    }
    return x;
}

constexpr std::size_t kMaxNeighbors = 4096;

// Memberships in (0, 1] of each neighbour, from distances that ascend along a row, the point
// itself left out. Also the unit and the free distance of each row.
inline void fuzzy_memberships(const float *distances, std::size_t n, std::size_t k,
                              double connectivity, std::size_t n_threads, float *memberships,
                              float *units, float *free_distances) {
    constexpr double narrowest = 1e-3;  // of the mean distance
    const double target = std::log2(static_cast<double>(k + 1));
    double total = 0.0;
    for (std::size_t i = 0; i < n * k; ++i) total += distances[i];
    // The point itself counts among its neighbours, at distance zero.
    const double mean = n == 0 ? 0.0 : total / (static_cast<double>(n) * static_cast<double>(k + 1));
    parallel_ranges(n, 256, n_threads, [&](std::size_t first, std::size_t last) {
        double gaps[kMaxNeighbors];
        for (std::size_t i = first; i < last; ++i) {
            const float *row = distances + i * k;
            const double free = free_distance(row, k, connectivity);
            double own = 0.0;
            for (std::size_t j = 0; j < k; ++j) {
                gaps[j] = std::max(0.0, row[j] - free);
                own += row[j];
            }
            double unit = 1.0 / solve_rate(gaps, k, target);
            own /= static_cast<double>(k + 1);
            unit = std::max(unit, narrowest * (free > 0.0 ? own : mean));
            for (std::size_t j = 0; j < k; ++j)
                memberships[i * k + j] =
                    gaps[j] > 0.0 && unit > 0.0 ? static_cast<float>(std::exp(-gaps[j] / unit))
                                                : 1.0f;
            units[i] = static_cast<float>(unit);
            free_distances[i] = static_cast<float>(free);
        }
    });
}

struct Entry {
    std::int32_t column;
    float weight;
};

struct SparseRows {
    std::vector<std::int64_t> starts;  // n + 1
    std::vector<std::int32_t> columns;
    std::vector<float> weights;
};

inline float united(float forward, float backward, float mix) {
    const float both = forward * backward;
    return mix * (forward + backward - both) + (1.0f - mix) * both;
}

// Calls visit(column, weight of i in column's row joined with that of column in i's) for the
// union of two ascending rows; entries of weight zero are left out.
template <class Visit>
inline void merge_rows(const Entry *forward, const Entry *forward_end, const Entry *backward,
                       const Entry *backward_end, float mix, const Visit &visit) {
    while (forward != forward_end || backward != backward_end) {
        const bool has_f = forward != forward_end, has_b = backward != backward_end;
        const std::int32_t column = !has_b || (has_f && forward->column < backward->column)
                                        ? forward->column
                                        : backward->column;
        float f = 0.0f, b = 0.0f;
        if (has_f && forward->column == column) f = (forward++)->weight;
        if (has_b && backward->column == column) b = (backward++)->weight;
        const float weight = united(f, b, mix);
        if (weight > 0.0f) visit(column, weight);
    }
}

// The fuzzy union (mix = 1) or intersection (mix = 0) of a graph with its transpose, or what lies
// between. Columns ascend in every row; a column below zero or equal to its row is none.
inline SparseRows fuzzy_union(const std::int32_t *indices, const float *memberships, std::size_t n,
                              std::size_t k, float mix, std::size_t n_threads) {
    std::vector<Entry> forward(n * k), backward;
    std::vector<std::int64_t> counts(n), starts(n + 1, 0);
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            Entry *row = forward.data() + i * k;
            std::size_t found = 0;
            for (std::size_t j = 0; j < k; ++j) {
                const std::int32_t column = indices[i * k + j];
                if (column >= 0 && column != static_cast<std::int32_t>(i))
                    row[found++] = {column, memberships[i * k + j]};
            }
            std::sort(row, row + found,
                      [](const Entry &a, const Entry &b) { return a.column < b.column; });
            counts[i] = static_cast<std::int64_t>(found);
        }
    });
    for (std::size_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < counts[i]; ++j) ++starts[forward[i * k + j].column + 1];
    for (std::size_t i = 0; i < n; ++i) starts[i + 1] += starts[i];
    backward.resize(static_cast<std::size_t>(starts[n]));
    std::vector<std::int64_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t i = 0; i < n; ++i)  // in the order of rows, so columns ascend here too
        for (std::int64_t j = 0; j < counts[i]; ++j) {
            const Entry &entry = forward[i * k + j];
            backward[next[entry.column]++] = {static_cast<std::int32_t>(i), entry.weight};
        }
    SparseRows result;
    result.starts.assign(n + 1, 0);
    const auto merge = [&](std::size_t i, const auto &visit) {
        const Entry *row = forward.data() + i * k;
        merge_rows(row, row + counts[i], backward.data() + starts[i],
                   backward.data() + starts[i + 1], mix, visit);
    };
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            merge(i, [&](std::int32_t, float) { ++result.starts[i + 1]; });
    });
    for (std::size_t i = 0; i < n; ++i) result.starts[i + 1] += result.starts[i];
    result.columns.resize(static_cast<std::size_t>(result.starts[n]));
    result.weights.resize(result.columns.size());
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            std::int64_t at = result.starts[i];
            merge(i, [&](std::int32_t column, float weight) {
                result.columns[at] = column;
                result.weights[at++] = weight;
            });
        }
    });
    return result;
}

}  // namespace driftglass

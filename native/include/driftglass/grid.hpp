// Points to a regular grid and back, by cubic splines over the four nearest nodes of each axis.
// Between the two, a convolution on the grid stands for all pairs of points (Linderman et al.
// 2019, who use polynomials through the three nodes of a box; splines are smooth, so that a
// wider grid suffices, what they blur can be undone in the convolution, and the force is the
// slope of the spline: one potential is all that has to be transformed back).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kNodes = 4;
// Charges are summed in this many parts whatever the number of threads, and then in order.
constexpr std::size_t kParts = 8;

struct Grid {
    float low[2];
    float spacing;
    std::size_t n_nodes[2];  // along each axis, at least kNodes
};

typedef float Four __attribute__((vector_size(16)));

DRIFTGLASS_INLINE Four four(const float *from) {
    Four values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

// One axis of a point: the first of its four nodes, and where it lies from the second to the
// third. A point outside is taken for the nearest point inside.
struct Place {
    std::size_t first;
    float t, u;

    DRIFTGLASS_INLINE Place(float place, std::size_t n_nodes) {
        // In this order of arguments NaN is taken for the first inside.
        const float inside =
            std::min(static_cast<float>(n_nodes) - 2.001f, std::max(1.0f, place));
        const auto cell = static_cast<std::size_t>(inside);
        first = cell - 1;
        t = inside - static_cast<float>(cell);
        u = 1.0f - t;
    }
    // Weights of the nodes, and how fast each grows along the axis, per node.
    DRIFTGLASS_INLINE Four weights() const {
        return Four{u * u * u, 4.0f + t * t * (3.0f * t - 6.0f), 4.0f + u * u * (3.0f * u - 6.0f),
                    t * t * t} *
               (1.0f / 6.0f);
    }
    DRIFTGLASS_INLINE Four slopes() const {
        return Four{-u * u, t * (3.0f * t - 4.0f), -u * (3.0f * u - 4.0f), t * t} * 0.5f;
    }
};

DRIFTGLASS_INLINE float total(const Four &v) { return (v[0] + v[2]) + (v[1] + v[3]); }

template <std::size_t Axis>
DRIFTGLASS_INLINE Place place(const float *y, const Grid &grid) {
    return Place((y[Axis] - grid.low[Axis]) / grid.spacing, grid.n_nodes[Axis]);
}

template <std::size_t D>
std::size_t grid_rows(const Grid &grid) {
    std::size_t rows = 1;
    for (std::size_t d = 0; d + 1 < D; ++d) rows *= grid.n_nodes[d];
    return rows;
}

// out, of the grid's shape, receives a unit charge per point.
template <std::size_t D>
void spread(const float *Y, std::size_t n, const Grid &grid, std::size_t n_threads, float *out) {
    const std::size_t width = grid.n_nodes[D - 1], size = grid_rows<D>(grid) * width;
    // Few points are not worth the parts; the choice depends on their number alone.
    const std::size_t n_parts = n < 4096 ? 1 : kParts;
    std::vector<float> parts((n_parts - 1) * size, 0.0f);
    std::fill(out, out + size, 0.0f);
    const std::size_t grain = (n + n_parts - 1) / n_parts;
    parallel_ranges(n, grain, n_threads, [&](std::size_t first, std::size_t last) {
        const std::size_t part = first / grain;
        float *charges = part == 0 ? out : parts.data() + (part - 1) * size;
        for (std::size_t i = first; i < last; ++i) {
            const Place last_axis = place<D - 1>(Y + i * D, grid);
            const Four weights = last_axis.weights();
            const auto add = [&](std::size_t at, float weight) {
                const Four sum = four(charges + at) + weight * weights;
                std::memcpy(charges + at, &sum, sizeof sum);
            };
            if constexpr (D == 1) {
                add(last_axis.first, 1.0f);
            } else {
                const Place first_axis = place<0>(Y + i * D, grid);
                const Four rows = first_axis.weights();
                for (std::size_t a = 0; a < kNodes; ++a)
                    add((first_axis.first + a) * width + last_axis.first, rows[a]);
            }
        }
    });
    if (n_parts > 1)
        parallel_ranges(size, 8192, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t part = 0; part + 1 < n_parts; ++part)
                for (std::size_t at = first; at < last; ++at) out[at] += parts[part * size + at];
        });
}

// out[i] = the potential at point i, and minus half of its slope along each axis: with the
// potential sum of q = 1 / (1 + d²) that is the sum of q² d. `width` is the distance between
// grid rows in memory.
template <std::size_t D>
void gather(const float *Y, std::size_t n, const Grid &grid, const float *potential,
            std::size_t width, std::size_t n_threads, float *out) {
    const float half = -0.5f / grid.spacing;
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const Place last_axis = place<D - 1>(Y + i * D, grid);
            const Four weights = last_axis.weights(), slopes = last_axis.slopes();
            if constexpr (D == 1) {
                const Four values = four(potential + last_axis.first);
                out[2 * i] = total(weights * values);
                out[2 * i + 1] = half * total(slopes * values);
            } else {
                const Place first_axis = place<0>(Y + i * D, grid);
                const Four rows = first_axis.weights(), rises = first_axis.slopes();
                const float *from = potential + first_axis.first * width + last_axis.first;
                Four level{}, rise{};
                for (std::size_t a = 0; a < kNodes; ++a) {
                    const Four values = four(from + a * width);
                    level += rows[a] * values;
                    rise += rises[a] * values;
                }
                out[3 * i] = total(level * weights);
                out[3 * i + 1] = half * total(rise * weights);
                out[3 * i + 2] = half * total(level * slopes);
            }
        }
    });
}

}  // namespace driftglass

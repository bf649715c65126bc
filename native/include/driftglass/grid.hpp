// Points to a regular grid and back, by cubic splines over the four nearest nodes of each axis.
// Between the two, a convolution on the grid stands for all pairs of points (Linderman et al.
// 2019, who use polynomials through the three nodes of a box; splines are smooth, so that a
// wider grid suffices, and what they blur can be undone in the convolution).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kNodes = 4;
// Charges are summed in this many parts whatever the number of threads, and then in order.
constexpr std::size_t kParts = 8;

struct Grid {
    float low[3];
    float spacing;
    std::size_t n_nodes[3];  // along each axis, at least kNodes
};

// First of the four nodes, and the weight of each. A point outside is taken for the nearest
// point inside.
DRIFTGLASS_INLINE std::size_t node_weights(float place, std::size_t n_nodes, float *weights) {
    // In this order of arguments NaN is taken for the first inside.
    const float inside =
        std::min(static_cast<float>(n_nodes) - 2.001f, std::max(1.0f, place));
    const auto cell = static_cast<std::size_t>(inside);
    const float t = inside - static_cast<float>(cell);
    const float u = 1.0f - t;
    weights[0] = u * u * u * (1.0f / 6.0f);
    weights[1] = (4.0f + t * t * (3.0f * t - 6.0f)) * (1.0f / 6.0f);
    weights[2] = (4.0f + u * u * (3.0f * u - 6.0f)) * (1.0f / 6.0f);
    weights[3] = t * t * t * (1.0f / 6.0f);
    return cell - 1;
}

template <std::size_t D>
struct Stencil {
    std::size_t first[D];
    float weights[D][kNodes];

    DRIFTGLASS_INLINE Stencil(const float *y, const Grid &grid) {
        for (std::size_t d = 0; d < D; ++d)
            first[d] = node_weights((y[d] - grid.low[d]) / grid.spacing, grid.n_nodes[d],
                                    weights[d]);
    }
};

// Calls row(offset of its first node, weight of the row) for each row of the stencil along the
// last axis; `width` is the distance between grid rows in memory.
template <std::size_t D, class Row>
DRIFTGLASS_INLINE void each_row(const Stencil<D> &stencil, const Grid &grid, std::size_t width,
                                const Row &row) {
    const std::size_t last = stencil.first[D - 1];
    if constexpr (D == 1) {
        row(last, 1.0f);
    } else if constexpr (D == 2) {
        for (std::size_t a = 0; a < kNodes; ++a)
            row((stencil.first[0] + a) * width + last, stencil.weights[0][a]);
    } else {
        for (std::size_t a = 0; a < kNodes; ++a)
            for (std::size_t b = 0; b < kNodes; ++b)
                row(((stencil.first[0] + a) * grid.n_nodes[1] + stencil.first[1] + b) * width +
                        last,
                    stencil.weights[0][a] * stencil.weights[1][b]);
    }
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
            const Stencil<D> stencil(Y + i * D, grid);
            each_row<D>(stencil, grid, width, [&](std::size_t at, float weight) {
                for (std::size_t c = 0; c < kNodes; ++c)
                    charges[at + c] += weight * stencil.weights[D - 1][c];
            });
        }
    });
    if (n_parts > 1)
        parallel_ranges(size, 8192, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t part = 0; part + 1 < n_parts; ++part)
                for (std::size_t at = first; at < last; ++at) out[at] += parts[part * size + at];
        });
}

// out[i, f] = field f at point i; the D + 1 fields lie one after the other, with rows of `width`
// along the last axis.
template <std::size_t D>
void gather(const float *Y, std::size_t n, const Grid &grid, const float *fields,
            std::size_t width, std::size_t n_threads, float *out) {
    const std::size_t size = grid_rows<D>(grid) * width;
    parallel_ranges(n, 512, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const Stencil<D> stencil(Y + i * D, grid);
            float sums[D + 1][kNodes] = {};
            each_row<D>(stencil, grid, width, [&](std::size_t at, float weight) {
                for (std::size_t f = 0; f <= D; ++f)
                    for (std::size_t c = 0; c < kNodes; ++c)
                        sums[f][c] += weight * fields[f * size + at + c];
            });
            for (std::size_t f = 0; f <= D; ++f) {
                float sum = 0.0f;
                for (std::size_t c = 0; c < kNodes; ++c)
                    sum += sums[f][c] * stencil.weights[D - 1][c];
                out[i * (D + 1) + f] = sum;
            }
        }
    });
}

}  // namespace driftglass

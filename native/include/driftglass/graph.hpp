// Products of a sparse graph with a few columns, and the parts it falls into.
#pragma once

#include <cstdint>
#include <vector>

#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kColumnsAtOnce = 4;

// result = W @ values, of a graph in rows; `width` is a multiple of four. Each sum is made in the
// order of its row, so that it does not depend on threads.
inline void graph_product(const std::int64_t *starts, const std::int32_t *columns,
                          const float *weights, std::size_t n, const float *values,
                          std::size_t width, std::size_t n_threads, float *result) {
    typedef float Four __attribute__((vector_size(16), aligned(4)));
    parallel_ranges(n, 1024, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            for (std::size_t c = 0; c < width; c += kColumnsAtOnce) {
                Four sum = {0.0f, 0.0f, 0.0f, 0.0f};
                for (std::int64_t edge = starts[i]; edge < starts[i + 1]; ++edge) {
                    const float *there =
                        values + static_cast<std::size_t>(columns[edge]) * width + c;
                    sum += weights[edge] * *reinterpret_cast<const Four *>(there);
                }
                *reinterpret_cast<Four *>(result + i * width + c) = sum;
            }
        }
    });
}

// Number of the part that each point belongs to, by edges in either direction of a symmetric
// graph; parts are numbered by their first points. Returns how many there are.
inline std::int32_t graph_parts(const std::int64_t *starts, const std::int32_t *columns,
                                std::size_t n, std::int32_t *parts) {
    std::vector<std::int32_t> waiting;
    std::int32_t n_parts = 0;
    for (std::size_t i = 0; i < n; ++i) parts[i] = -1;
    for (std::size_t i = 0; i < n; ++i) {
        if (parts[i] >= 0) continue;
        parts[i] = n_parts;
        waiting.push_back(static_cast<std::int32_t>(i));
        while (!waiting.empty()) {
            const std::int32_t at = waiting.back();
            waiting.pop_back();
            for (std::int64_t edge = starts[at]; edge < starts[at + 1]; ++edge) {
                const std::int32_t other = columns[edge];
                if (parts[other] >= 0) continue;
                parts[other] = n_parts;
                waiting.push_back(other);
            }
        }
        ++n_parts;
    }
    return n_parts;
}

}  // namespace driftglass

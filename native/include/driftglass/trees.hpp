// Rows split again and again at the median of a random direction, until few are left together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "lanes.hpp"
#include "parallel.hpp"

namespace driftglass {

struct Tree {
    std::vector<std::int32_t> order;  // rows, those of a leaf side by side
    std::vector<std::int32_t> ends;   // of the leaves in `order`
};

// Values of a few dimensions, in which directions are cheap to measure.
struct Sketch {
    const float *data;
    std::size_t n, width;
    const float *row(std::size_t i) const { return data + i * width; }
};

// A leaf has more than most / 2 rows and at most `most`. The direction of a node leads from one
// of its rows to another, so that splits follow the data.
inline Tree grow_tree(const Sketch &sketch, std::size_t most, std::uint32_t seed) {
    Tree tree;
    tree.order.resize(sketch.n);
    for (std::size_t i = 0; i < sketch.n; ++i) tree.order[i] = static_cast<std::int32_t>(i);
    std::vector<std::pair<float, std::int32_t>> places(sketch.n);
    std::vector<std::pair<std::size_t, std::size_t>> waiting{{0, sketch.n}};
    std::vector<float> direction(sketch.width);
    while (!waiting.empty()) {
        const auto [first, last] = waiting.back();
        waiting.pop_back();
        const std::size_t size = last - first;
        if (size <= most) {
            tree.ends.push_back(static_cast<std::int32_t>(last));
            continue;
        }
        const auto draw = static_cast<std::uint32_t>(first * 31 + last);
        const std::uint32_t one = hashed<std::uint32_t>(seed ^ hashed<std::uint32_t>(draw));
        const std::uint32_t two = hashed<std::uint32_t>(one + 1u);
        const float *a = sketch.row(tree.order[first + one % size]);
        const float *b = sketch.row(tree.order[first + two % size]);
        for (std::size_t c = 0; c < sketch.width; ++c) direction[c] = a[c] - b[c];
        for (std::size_t i = first; i < last; ++i) {
            const float *row = sketch.row(tree.order[i]);
            float along[8] = {};
            std::size_t c = 0;
            for (; c + 8 <= sketch.width; c += 8)
                for (std::size_t t = 0; t < 8; ++t) along[t] += row[c + t] * direction[c + t];
            for (; c < sketch.width; ++c) along[0] += row[c] * direction[c];
            float sum = 0.0f;
            for (const float part : along) sum += part;
            places[i] = {sum, tree.order[i]};
        }
        // Pairs differ in their row, so the halves are the same whatever the library does.
        const std::size_t middle = first + size / 2;
        std::nth_element(places.begin() + static_cast<std::ptrdiff_t>(first),
                         places.begin() + static_cast<std::ptrdiff_t>(middle),
                         places.begin() + static_cast<std::ptrdiff_t>(last));
        for (std::size_t i = first; i < last; ++i) tree.order[i] = places[i].second;
        // Draws depend on which row comes where, so both halves get a fixed order.
        std::sort(tree.order.begin() + static_cast<std::ptrdiff_t>(first),
                  tree.order.begin() + static_cast<std::ptrdiff_t>(middle));
        std::sort(tree.order.begin() + static_cast<std::ptrdiff_t>(middle),
                  tree.order.begin() + static_cast<std::ptrdiff_t>(last));
        waiting.emplace_back(middle, last);
        waiting.emplace_back(first, middle);
    }
    return tree;
}

}  // namespace driftglass

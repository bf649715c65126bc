// A tree of cells over the points of a map, built from their order along a Z-shaped curve.
//
// Nodes lie in preorder, each with the place to go on if it is not entered, so that a walk needs
// no stack. Sums come from one pass over the sorted points, so nothing depends on threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace driftglass {

constexpr std::size_t kLeafPoints = 16;

template <std::size_t D>
struct TreeNode {
    float center[D];  // mean of its points
    float count;
    float width_squared;
    std::int32_t skip;         // next node outside this one
    std::int32_t begin, end;   // its points in sorted order
    bool leaf;
};

template <std::size_t D>
struct Tree {
    static constexpr int kBits = D == 3 ? 20 : 28;  // of each coordinate's place on the curve

    std::vector<TreeNode<D>> nodes;
    std::vector<std::int32_t> order;
    std::vector<float> sorted;  // D rows of n_padded
    std::size_t n_points, n_padded;

    Tree(const float *Y, std::size_t n, float filler)
        : order(n), n_points(n), n_padded((n + 15) / 16 * 16) {
        float low[D], extent = 0.0f;
        for (std::size_t d = 0; d < D; ++d) {
            float lowest = Y[d], highest = Y[d];
            for (std::size_t i = 1; i < n; ++i) {
                lowest = std::min(lowest, Y[i * D + d]);
                highest = std::max(highest, Y[i * D + d]);
            }
            low[d] = lowest;
            extent = std::max(extent, highest - lowest);
        }
        std::vector<std::pair<std::uint64_t, std::int32_t>> keys(n);
        const double scale = extent > 0.0f ? ((1u << kBits) - 1) / static_cast<double>(extent) : 0;
        for (std::size_t i = 0; i < n; ++i) {
            std::uint64_t code = 0;
            for (std::size_t d = 0; d < D; ++d)
                code |= spread_bits(static_cast<std::uint64_t>((Y[i * D + d] - low[d]) * scale))
                        << d;
            keys[i] = {code, static_cast<std::int32_t>(i)};
        }
        std::sort(keys.begin(), keys.end());
        codes_.resize(n);
        sorted.assign(D * n_padded, filler);
        sums_.assign(D * (n + 1), 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            codes_[i] = keys[i].first;
            order[i] = keys[i].second;
            for (std::size_t d = 0; d < D; ++d) {
                const float y = Y[static_cast<std::size_t>(order[i]) * D + d];
                sorted[d * n_padded + i] = y;
                sums_[(i + 1) * D + d] = sums_[i * D + d] + y;
            }
        }
        nodes.reserve(n / 2 + 16);
        build(0, n, kBits - 1, extent);
    }

    // More points than a leaf holds that the curve cannot tell apart: a pile, and all the same.
    bool is_one_place(const TreeNode<D> &node) const {
        return node.leaf && node.end - node.begin > static_cast<std::int32_t>(kLeafPoints);
    }

private:
    // Puts D - 1 zeros after each bit.
    static std::uint64_t spread_bits(std::uint64_t value) {
        std::uint64_t result = 0;
        for (int bit = 0; bit < kBits; ++bit)
            result |= (value >> bit & 1u) << (static_cast<std::size_t>(bit) * D);
        return result;
    }

    void build(std::size_t begin, std::size_t end, int level, float width) {
        const std::size_t at = nodes.size();
        nodes.emplace_back();
        TreeNode<D> node{};
        const double count = static_cast<double>(end - begin);
        for (std::size_t d = 0; d < D; ++d)
            node.center[d] =
                static_cast<float>((sums_[end * D + d] - sums_[begin * D + d]) / count);
        node.count = static_cast<float>(count);
        node.width_squared = width * width;
        node.begin = static_cast<std::int32_t>(begin);
        node.end = static_cast<std::int32_t>(end);
        node.leaf = end - begin <= kLeafPoints || level < 0;
        if (!node.leaf) {
            const auto shift = static_cast<std::size_t>(level) * D;
            for (std::size_t first = begin; first < end;) {
                // Codes agree above this level, so those of a child are a run.
                const std::uint64_t past = ((codes_[first] >> shift) + 1) << shift;
                const auto last = static_cast<std::size_t>(
                    std::lower_bound(codes_.begin() + static_cast<std::ptrdiff_t>(first),
                                     codes_.begin() + static_cast<std::ptrdiff_t>(end), past) -
                    codes_.begin());
                build(first, last, level - 1, 0.5f * width);
                first = last;
            }
        }
        node.skip = static_cast<std::int32_t>(nodes.size());
        nodes[at] = node;
    }

    std::vector<std::uint64_t> codes_;
    std::vector<double> sums_;
};

}  // namespace driftglass

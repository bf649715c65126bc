// Attraction along the edges of a graph, repulsion from points drawn at random: UMAP's layout.
//
// One point at a time: its edges that are active in an epoch, then its random points, sixteen in
// a turn; the gradients are summed and the point moves once. An edge of weight p is active in a
// share p of the epochs, at even intervals from a random start, so that it keeps no state. Every
// draw is a function of (seed, epoch, key of the point, number of the draw).
//
// An epoch goes through a few blocks of points, point i in block i % n_blocks. The points of a
// block all move at once, seeing where everybody was before; the next block sees them moved. So
// the result does not depend on threads, and yet nearly all of a point's neighbours are up to
// date, without which maps converge less far.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lanes.hpp"
#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kMaxComponents = 64;

struct Layout {
    float *positions;      // (n, dim): these move
    const float *targets;  // (n_targets, dim): what they see; the same as positions, or fixed
    std::size_t n, n_targets, dim;
    const std::int64_t *starts;  // edges of point i: starts[i] to starts[i + 1]
    const std::int32_t *columns;
    const float *shares;  // of the epochs in which an edge is active, in (0, 1]
    float a, b, repulsion, rate;
    std::uint32_t negatives;  // random points per active edge
    std::uint32_t n_epochs;
    std::uint64_t seed;
    const std::uint64_t *keys;  // what each point draws by, in place of its number; may be null
    std::size_t n_blocks;
    const float *pulls = nullptr, *pushes = nullptr;  // see force_tables
    bool moving() const { return positions == targets; }
};

inline std::uint32_t stream_of(std::uint64_t seed, std::uint64_t epoch, std::uint64_t point) {
    std::uint64_t x = seed + 0x9e3779b97f4a7c15ull * (epoch + 1) + 0xd1b54a32d192ed03ull * (point + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return static_cast<std::uint32_t>((x ^ (x >> 31)) >> 16);
}

constexpr float kClip = 4.0f;
constexpr float kTiny = 1e-30f;

// Forces are tables of the squared distance, straight lines in 64 bins to an octave (within
// 2e-4 of the formulas): looking one up costs a third of a logarithm, a power and two divisions.
constexpr int kBinShift = 23 - 6;
constexpr float kNearest = 0x1p-24f, kFarthest = 0x1p24f;
constexpr std::int32_t kFirstBin = (127 - 24) << 6, kBins = 48 << 6;

// Bins are numbered by the leading bits of a float.
inline float start_of_bin(std::int32_t bin) {
    const std::int32_t bits = (bin + kFirstBin) << kBinShift;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Intercept and slope of each bin, of the pull of an edge and of the push of a random point, per
// unit of distance.
inline void force_tables(const Layout &layout, std::vector<float> &pulls,
                         std::vector<float> &pushes) {
    const double a = layout.a, b = layout.b;
    const auto fill = [](std::vector<float> &table, const auto &force) {
        table.resize(2 * kBins);
        for (std::int32_t bin = 0; bin < kBins; ++bin) {
            const double low = start_of_bin(bin), high = start_of_bin(bin + 1);
            const double slope = (force(high) - force(low)) / (high - low);
            table[2 * bin] = static_cast<float>(force(low) - slope * low);
            table[2 * bin + 1] = static_cast<float>(slope);
        }
    };
    fill(pulls, [a, b](double squared) {
        const double power = std::pow(squared, b);
        return -2.0 * a * b * power / (squared * (1.0 + a * power));
    });
    fill(pushes, [a, b, &layout](double squared) {
        return 2.0 * layout.repulsion * b / ((0.001 + squared) * (1.0 + a * std::pow(squared, b)));
    });
}

}  // namespace driftglass

#define LAYOUT_VARIANT layout_baseline
#define LAYOUT_TARGET
#define LAYOUT_GATHER PlainGather
#include "layout_point.inc"
#undef LAYOUT_VARIANT
#undef LAYOUT_TARGET
#undef LAYOUT_GATHER
#if DRIFTGLASS_X86
#define LAYOUT_VARIANT layout_avx2
#define LAYOUT_TARGET DRIFTGLASS_AVX2
#define LAYOUT_GATHER Avx2Gather
#include "layout_point.inc"
#undef LAYOUT_VARIANT
#undef LAYOUT_TARGET
#undef LAYOUT_GATHER
#define LAYOUT_VARIANT layout_avx512
#define LAYOUT_TARGET DRIFTGLASS_AVX512
#define LAYOUT_GATHER Avx512Gather
#include "layout_point.inc"
#undef LAYOUT_VARIANT
#undef LAYOUT_TARGET
#undef LAYOUT_GATHER
#endif

namespace driftglass {

using MovePoints = void (*)(const Layout &, std::size_t, std::size_t, std::size_t, std::uint32_t,
                            float *);

template <std::size_t Dim>
MovePoints points_mover(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return layout_avx512::move_points<Dim>;
    if (variant == Variant::avx2) return layout_avx2::move_points<Dim>;
#endif
    (void)variant;
    return layout_baseline::move_points<Dim>;
}

// Epochs first_epoch to last_epoch - 1 of layout.n_epochs, in place.
inline void optimize_layout(Layout layout, std::uint32_t first_epoch, std::uint32_t last_epoch,
                            Variant variant, std::size_t n_threads) {
    std::vector<float> pulls, pushes;
    force_tables(layout, pulls, pushes);
    layout.pulls = pulls.data();
    layout.pushes = pushes.data();
    constexpr std::size_t grain = 256;
    const MovePoints move = layout.dim == 2   ? points_mover<2>(variant)
                            : layout.dim == 3 ? points_mover<3>(variant)
                                              : points_mover<0>(variant);
    std::vector<float> moved((layout.n + layout.n_blocks - 1) / layout.n_blocks * layout.dim);
    for (std::uint32_t epoch = first_epoch; epoch < last_epoch; ++epoch) {
        for (std::size_t block = 0; block < layout.n_blocks; ++block) {
            if (block >= layout.n) break;
            const std::size_t size = (layout.n - block - 1) / layout.n_blocks + 1;
            parallel_ranges(size, grain, n_threads, [&](std::size_t first, std::size_t last) {
                move(layout, block, first, last, epoch, moved.data());
            });
            for (std::size_t j = 0; j < size; ++j)
                std::copy_n(moved.data() + j * layout.dim, layout.dim,
                            layout.positions + (block + j * layout.n_blocks) * layout.dim);
        }
    }
}

}  // namespace driftglass

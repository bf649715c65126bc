// Attraction along the edges of a graph, repulsion from points drawn at random: UMAP's layout.
//
// One point at a time: its edges that are active in an epoch, then its random points, sixteen in
// a turn; the gradients are summed and the point moves once. An edge of weight p is active in a
// share p of the epochs, at even intervals from a random start, so that it keeps no state. Every
// draw is a function of (seed, epoch, key of the point, number of the draw).
//
// An epoch goes through a few blocks of points (edge_layout.hpp). The points of a block all move
// at once, seeing where everybody was before; the next block sees them moved. So the result does
// not depend on threads, and yet nearly all of a point's neighbours are up to date, without which
// maps converge less far. New points among fixed ones are one block, and draw one by one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "deck.hpp"
#include "lanes.hpp"
#include "parallel.hpp"

namespace driftglass {

constexpr std::size_t kMaxComponents = 64;

// Shares are fractions of this, in whole numbers: turns of an edge are exact at any epoch.
constexpr std::uint32_t kWhole = 1u << 31;

inline std::uint32_t fixed_share(float share) {
    const double whole = std::min(std::max(static_cast<double>(share), 0.0), 1.0) * kWhole;
    return static_cast<std::uint32_t>(std::lround(whole));
}

struct Forces {
    float a, b, repulsion, rate;
    std::uint32_t negatives;  // random points per active edge
};

struct Layout {
    const float *positions;  // (n, dim): these move
    const float *targets;    // (n_targets, dim): what they see; the same as positions, or fixed
    std::size_t n_targets, dim;
    const std::int64_t *starts;  // edges of point i: starts[i] to starts[i + 1]
    const std::int32_t *columns;
    // Of the epochs in which an edge is active; kWhole is all. Sixteen more than there are edges.
    const std::uint32_t *shares;
    std::uint32_t negatives, n_epochs;
    float rate;
    std::uint64_t seed;
    const std::uint64_t *keys;  // what each point draws by, in place of its number; may be null
    const float *pulls, *pushes;  // see ForceTables
    const float *hands;           // of a deck of the targets, if they move
    std::uint32_t n_hands;

    std::uint64_t key(std::size_t point) const { return keys == nullptr ? point : keys[point]; }
};

inline std::uint32_t stream_of(std::uint64_t seed, std::uint64_t epoch, std::uint64_t point) {
    return static_cast<std::uint32_t>(random_bits(seed, epoch, point) >> 16);
}

// How far ahead memory is asked for: edges, points that are looked at together, and the hands of
// each that it is likely to draw.
constexpr std::int64_t kEdgesAhead = 512;
constexpr std::uint32_t kHandsAhead = 2;
constexpr std::size_t kPointsAhead = 16;

DRIFTGLASS_INLINE void prefetch(const void *address) { __builtin_prefetch(address); }

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
class ForceTables {
public:
    void prepare(const Forces &forces) {
        const double a = forces.a, b = forces.b, repulsion = forces.repulsion;
        if (!pulls_.empty() && a == a_ && b == b_ && repulsion == repulsion_) return;
        a_ = a, b_ = b, repulsion_ = repulsion;
        fill(pulls_, [a, b](double squared) {
            const double power = std::pow(squared, b);
            return -2.0 * a * b * power / (squared * (1.0 + a * power));
        });
        fill(pushes_, [a, b, repulsion](double squared) {
            return 2.0 * repulsion * b / ((0.001 + squared) * (1.0 + a * std::pow(squared, b)));
        });
    }

    const float *pulls() const { return pulls_.data(); }
    const float *pushes() const { return pushes_.data(); }

private:
    template <class Force>
    static void fill(std::vector<float> &table, const Force &force) {
        table.resize(2 * kBins);
        for (std::int32_t bin = 0; bin < kBins; ++bin) {
            const double low = start_of_bin(bin), high = start_of_bin(bin + 1);
            const double slope = (force(high) - force(low)) / (high - low);
            table[2 * bin] = static_cast<float>(force(low) - slope * low);
            table[2 * bin + 1] = static_cast<float>(slope);
        }
    }

    double a_ = 0.0, b_ = 0.0, repulsion_ = 0.0;
    std::vector<float> pulls_, pushes_;
};

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

using MovePoints = void (*)(const Layout &, std::size_t, std::size_t, std::uint32_t, float *);

template <std::size_t Dim, bool Moving>
MovePoints points_mover(Variant variant) {
#if DRIFTGLASS_X86
    if (variant == Variant::avx512) return layout_avx512::move_points<Dim, Moving>;
    if (variant == Variant::avx2) return layout_avx2::move_points<Dim, Moving>;
#endif
    (void)variant;
    return layout_baseline::move_points<Dim, Moving>;
}

template <bool Moving>
MovePoints points_mover(std::size_t dim, Variant variant) {
    if (dim == 2) return points_mover<2, Moving>(variant);
    if (dim == 3) return points_mover<3, Moving>(variant);
    return points_mover<0, Moving>(variant);
}

constexpr std::size_t kPointsPerChunk = 256;

// New points among fixed ones, in place, through epochs first_epoch to last_epoch - 1.
inline void place_points(Layout layout, const Forces &forces, float *positions, std::size_t n,
                         std::uint32_t first_epoch, std::uint32_t last_epoch, Variant variant,
                         std::size_t n_threads) {
    ForceTables tables;
    tables.prepare(forces);
    layout.pulls = tables.pulls();
    layout.pushes = tables.pushes();
    const MovePoints move = points_mover<false>(layout.dim, variant);
    // A point sees nothing that moves but itself: each goes through all epochs on its own.
    parallel_ranges(n, kPointsPerChunk, n_threads, [&](std::size_t first, std::size_t last) {
        for (std::uint32_t epoch = first_epoch; epoch < last_epoch; ++epoch)
            move(layout, first, last, epoch, positions + first * layout.dim);
    });
}

}  // namespace driftglass

// Shortlists by distances of rounded rows: all pairs, each once, or some rows against all.
//
// The value of a pair is offset[i] + offset[j] - 2 scale[i] scale[j] product, in single precision
// and one fixed order, so it is the same number on every processor and from either side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "products.hpp"
#include "shortlists.hpp"

namespace driftglass {

constexpr std::size_t kBlock = 512;  // rows of a block; two fit a core's second-level cache

struct RoundedView {
    const QuantizedRows *rows;
    const float *offsets;  // padded with infinity
};

// One side of a block of pairs: rows from `first` on, their lists beginning at `list`.
struct Side {
    RoundedView view;
    std::size_t first, last;
    std::size_t list;
};

// Offers what a strip holds to the lists of its rows and, if mirrored, of its columns.
struct Strip {
    const std::int32_t *products;
    const float *row_offsets, *row_scales, *column_offsets, *column_scales;
    std::size_t n_rows, n_columns;
    std::size_t row, column;            // numbers of the first ones
    std::size_t row_list, column_list;  // and their lists
    bool diagonal;                      // columns up to the row itself are left out
    std::size_t n_skipped = 0;          // columns left out before the first
    const std::int32_t *row_lists = nullptr;  // of rows whose lists do not follow each other

    std::size_t list_of(std::size_t i) const {
        return row_lists == nullptr ? row_list + i : static_cast<std::size_t>(row_lists[i]);
    }

    float value(std::size_t i, std::size_t j) const {
        const float scale = (2.0f * row_scales[i]) * column_scales[j];
        return (row_offsets[i] + column_offsets[j]) -
               scale * static_cast<float>(products[i * kStrip + j]);
    }

    void offer(std::size_t i, std::uint32_t mask, Shortlists &lists, bool mirrored) const {
        for (; mask != 0; mask &= mask - 1) {
            const auto j = static_cast<std::size_t>(__builtin_ctz(mask));
            const float here = value(i, j);
            if (!(here > lists.thresholds()[list_of(i)])) lists.push(list_of(i), here, column + j);
            if (mirrored && !(here > lists.thresholds()[column_list + j]))
                lists.push(column_list + j, here, row + i);
        }
    }

    // Columns of row i that may be offered at all.
    std::uint32_t allowed(std::size_t i) const {
        std::uint32_t mask = n_columns == 32 ? ~0u : (1u << n_columns) - 1u;
        mask &= ~0u << n_skipped;
        if (diagonal) {
            const std::size_t before = row + i >= column ? row + i - column + 1 : 0;
            mask &= before >= 32 ? 0u : ~0u << before;
        }
        return mask;
    }
};

inline void scan_baseline(const Strip &strip, Shortlists &lists, bool mirrored) {
    for (std::size_t i = 0; i < strip.n_rows; ++i)
        strip.offer(i, strip.allowed(i), lists, mirrored);
}

#if DRIFTGLASS_X86
DRIFTGLASS_AVX512 inline void scan_avx512(const Strip &strip, Shortlists &lists, bool mirrored) {
    const bool whole = strip.n_columns == kStrip && strip.n_skipped == 0 && !strip.diagonal;
    const float *limits = lists.thresholds();
    const __m512 o0 = _mm512_loadu_ps(strip.column_offsets);
    const __m512 o1 = _mm512_loadu_ps(strip.column_offsets + 16);
    const __m512 s0 = _mm512_loadu_ps(strip.column_scales);
    const __m512 s1 = _mm512_loadu_ps(strip.column_scales + 16);
    const __m512 never = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    // Lists end where columns end.
    const float *of_columns = limits + strip.column_list;
    const auto there = static_cast<std::uint32_t>(
        strip.n_columns == 32 ? ~0u : (1u << strip.n_columns) - 1u);
    const auto m0 = static_cast<__mmask16>(mirrored ? there : 0);
    const auto m1 = static_cast<__mmask16>(mirrored ? there >> 16 : 0);
    __m512 c0 = _mm512_mask_loadu_ps(never, m0, of_columns);
    __m512 c1 = _mm512_mask_loadu_ps(never, m1, of_columns + 16);
    for (std::size_t i = 0; i < strip.n_rows; ++i) {
        const std::int32_t *products = strip.products + i * kStrip;
        const __m512 own = _mm512_set1_ps(strip.row_offsets[i]);
        const __m512 twice = _mm512_set1_ps(2.0f * strip.row_scales[i]);
        const __m512 limit = _mm512_set1_ps(limits[strip.list_of(i)]);
        const __m512 p0 = _mm512_cvtepi32_ps(_mm512_load_si512(products));
        const __m512 p1 = _mm512_cvtepi32_ps(_mm512_load_si512(products + 16));
        const __m512 v0 = _mm512_sub_ps(_mm512_add_ps(own, o0),
                                        _mm512_mul_ps(_mm512_mul_ps(twice, s0), p0));
        const __m512 v1 = _mm512_sub_ps(_mm512_add_ps(own, o1),
                                        _mm512_mul_ps(_mm512_mul_ps(twice, s1), p1));
        // At most the larger of the two limits: whose it is, is looked at later.
        const __mmask16 k0 = _mm512_cmp_ps_mask(v0, _mm512_max_ps(limit, c0), _CMP_LE_OQ);
        const __mmask16 k1 = _mm512_cmp_ps_mask(v1, _mm512_max_ps(limit, c1), _CMP_LE_OQ);
        std::uint32_t mask = static_cast<std::uint32_t>(k0) | static_cast<std::uint32_t>(k1) << 16;
        if (mask == 0) continue;
        if (!whole) mask &= strip.allowed(i);
        strip.offer(i, mask, lists, mirrored);
        c0 = _mm512_mask_loadu_ps(never, m0, of_columns);
        c1 = _mm512_mask_loadu_ps(never, m1, of_columns + 16);
    }
}
#endif

inline void scan(const Strip &strip, Unit unit, Shortlists &lists, bool mirrored) {
#if DRIFTGLASS_X86
    if (unit != Unit::baseline) {
        scan_avx512(strip, lists, mirrored);
        return;
    }
#endif
    (void)unit;
    scan_baseline(strip, lists, mirrored);
}

class RoundedSearch {
public:
    RoundedSearch(Unit unit, std::size_t n_threads)
        : unit_(unit), n_threads_(n_threads), products_(strip_products(unit)) {}

    // Block pairs of all rows in rounds in which no block appears twice: the circle method by
    // which tournaments are drawn up. So threads never touch the same lists and need no locks.
    static std::size_t n_rounds(std::size_t n) {
        const std::size_t blocks = (n + kBlock - 1) / kBlock;
        return blocks <= 1 ? 1 : blocks + blocks % 2;
    }

    void round(const RoundedView &view, std::size_t turn, Shortlists &lists) const {
        const std::size_t n = view.rows->n, blocks = (n + kBlock - 1) / kBlock;
        std::vector<std::pair<std::size_t, std::size_t>> pairs;
        if (turn == 0) {
            for (std::size_t b = 0; b < blocks; ++b) pairs.emplace_back(b, b);
        } else {
            const std::size_t even = blocks + blocks % 2, circle = even - 1, at = turn - 1;
            const auto add = [&](std::size_t a, std::size_t b) {
                if (std::max(a, b) < blocks) pairs.emplace_back(std::min(a, b), std::max(a, b));
            };
            add(circle, at);
            for (std::size_t i = 1; i < even / 2; ++i)
                add((at + i) % circle, (at + circle - i) % circle);
        }
        const auto side = [&](std::size_t block) {
            const std::size_t first = block * kBlock;
            return Side{view, first, std::min(first + kBlock, n), first};
        };
        ThreadPool::shared().run(pairs.size(), n_threads_, [&](std::size_t p) {
            meet(side(pairs[p].first), side(pairs[p].second), lists, true);
        });
    }

    // Some rows against all; list i belongs to row i of `asked`.
    void against_all(const RoundedView &asked, const RoundedView &view, Shortlists &lists) const {
        constexpr std::size_t some = 128;
        parallel_ranges(asked.rows->n, some, n_threads_, [&](std::size_t first, std::size_t last) {
            for (std::size_t column = 0; column < view.rows->n; column += kBlock)
                meet(Side{asked, first, last, first},
                     Side{view, column, std::min(column + kBlock, view.rows->n), 0}, lists, false);
        });
    }

    // Rows of blocks `first` to `last` - 1 against those of the blocks listed for each; list i
    // belongs to row first * kBlock + i.
    void near_blocks(const RoundedView &view, std::size_t first, std::size_t last,
                     const std::int64_t *starts, const std::int32_t *blocks,
                     Shortlists &lists) const {
        const std::size_t n = view.rows->n;
        constexpr std::size_t some = 128, parts = kBlock / some;
        ThreadPool::shared().run((last - first) * parts, n_threads_, [&](std::size_t part) {
            const std::size_t block = first + part / parts;
            const std::size_t row = block * kBlock + part % parts * some;
            if (row >= n) return;
            const Side left{view, row, std::min(row + some, n), row - first * kBlock};
            for (std::int64_t at = starts[block]; at < starts[block + 1]; ++at) {
                const auto column = static_cast<std::size_t>(blocks[at]) * kBlock;
                meet(left, Side{view, column, std::min(column + kBlock, n), 0}, lists, false);
            }
        });
    }

private:
    void meet(const Side &left, const Side &right, Shortlists &lists, bool mirrored) const {
        with_tiles(unit_, [&] { meet_strips(left, right, lists, mirrored); });
    }

    void meet_strips(const Side &left, const Side &right, Shortlists &lists, bool mirrored) const {
        alignas(64) std::int32_t products[kStrip * kStrip];
        const QuantizedRows &a = *left.view.rows, &b = *right.view.rows;
        const bool same = mirrored && left.first == right.first;
        for (std::size_t i = left.first; i < left.last; i += kStrip)
            for (std::size_t j = same ? i : right.first; j < right.last; j += kStrip) {
                products_(a.row(i), b.group(j / kGroup), a.depth, products);
                const Strip strip{products,
                                  left.view.offsets + i,
                                  a.scales.data() + i,
                                  right.view.offsets + j,
                                  b.scales.data() + j,
                                  std::min(kStrip, left.last - i),
                                  std::min(kStrip, right.last - j),
                                  i,
                                  j,
                                  left.list + (i - left.first),
                                  right.list + (j - right.first),
                                  same && i == j};
                scan(strip, unit_, lists, mirrored);
            }
    }

    Unit unit_;
    std::size_t n_threads_;
    StripProducts products_;
};

}  // namespace driftglass

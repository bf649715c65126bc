// Shortlists of rows that ask, among those in the cells that are chosen for each.
//
// Rows in the order of their cells lie side by side. A strip takes 32 rows that ask the same cell,
// so a cell that many ask is read once for all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "rounded_search.hpp"

namespace driftglass {

// Cell c holds the rows from starts[c] to starts[c + 1] - 1; row i asks the `n_chosen` different
// cells at chosen[i * n_chosen].
struct Cells {
    const std::int64_t *starts;
    std::size_t n;
    const std::int32_t *chosen;
    std::size_t n_chosen;
};

// Copies of rows that ask the same, one after the other.
class Gathered {
public:
    explicit Gathered(std::size_t depth)
        : depth_(depth), rows_(kStrip * depth), offsets_(kStrip), scales_(kStrip) {}

    void take(const RoundedView &asked, const std::int32_t *which, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            const auto from = static_cast<std::size_t>(which[i]);
            std::memcpy(rows_.data() + i * depth_, asked.rows->row(from), depth_);
            offsets_[i] = asked.offsets[from];
            scales_[i] = asked.rows->scales[from];
        }
    }
    const std::int8_t *rows() const { return rows_.data(); }
    const float *offsets() const { return offsets_.data(); }
    const float *scales() const { return scales_.data(); }

private:
    std::size_t depth_;
    Integers rows_;
    std::vector<float> offsets_, scales_;
};

// List i belongs to row i of `asked`.
class CellSearch {
public:
    CellSearch(const RoundedView &asked, const RoundedView &view, const Cells &cells, Unit unit)
        : asked_(asked), view_(view), cells_(cells), unit_(unit),
          some_(std::clamp<std::size_t>((asked.rows->n + 7) / 8, kStrip, kMany)),
          n_parts_((asked.rows->n + some_ - 1) / some_), ends_(n_parts_ * (cells.n + 1), 0),
          rows_(asked.rows->n * cells.n_chosen), gathered_(n_parts_, Gathered(asked.rows->depth)) {}

    void run(Shortlists &lists, std::size_t n_threads) {
        ThreadPool::shared().run(n_parts_, n_threads, [&](std::size_t part) {
            group(part);
            with_tiles(unit_, [&] { meet(part, lists); });
        });
    }

private:
    static constexpr std::size_t kMany = 1280;  // enough that most strips are full

    // Orders the part's rows by the cells that they ask.
    void group(std::size_t part) {
        std::int64_t *ends = &ends_[part * (cells_.n + 1)];
        const std::size_t first = part * some_, last = std::min(first + some_, asked_.rows->n);
        const std::size_t m = cells_.n_chosen;
        for (std::size_t at = first * m; at < last * m; ++at) ++ends[cells_.chosen[at] + 1];
        for (std::size_t c = 0; c < cells_.n; ++c) ends[c + 1] += ends[c];
        std::int32_t *rows = rows_.data() + first * m;
        for (std::size_t i = first; i < last; ++i)
            for (std::size_t at = i * m; at < (i + 1) * m; ++at)
                rows[ends[cells_.chosen[at]]++] = static_cast<std::int32_t>(i);
    }

    void meet(std::size_t part, Shortlists &lists) {
        const std::int64_t *ends = &ends_[part * (cells_.n + 1)];
        const std::int32_t *rows = rows_.data() + part * some_ * cells_.n_chosen;
        for (std::size_t c = 0; c < cells_.n; ++c)
            for (std::int64_t at = c == 0 ? 0 : ends[c - 1]; at < ends[c]; at += kStrip) {
                const auto n = static_cast<std::size_t>(
                    std::min<std::int64_t>(kStrip, ends[c] - at));
                gathered_[part].take(asked_, rows + at, n);
                meet_cell(gathered_[part], rows + at, n, c, lists);
            }
    }

    void meet_cell(const Gathered &left, const std::int32_t *which, std::size_t n, std::size_t cell,
                   Shortlists &lists) const {
        alignas(64) std::int32_t products[kStrip * kStrip];
        const StripProducts multiply = strip_products(unit_);
        const QuantizedRows &right = *view_.rows;
        const auto first = static_cast<std::size_t>(cells_.starts[cell]);
        const auto last = static_cast<std::size_t>(cells_.starts[cell + 1]);
        // Rows are packed in groups of sixteen, and a cell may begin within one.
        for (std::size_t at = first; at < last;) {
            const std::size_t j = std::min(at / kGroup * kGroup, right.n_padded() - kStrip);
            const std::size_t n_columns = std::min(kStrip, last - j);
            multiply(left.rows(), right.group(j / kGroup), right.depth, products);
            scan(Strip{products, left.offsets(), left.scales(), view_.offsets + j,
                       right.scales.data() + j, n, n_columns, 0, j, 0, 0, false, at - j, which},
                 unit_, lists, false);
            at = j + n_columns;
        }
    }

    RoundedView asked_, view_;
    Cells cells_;
    Unit unit_;
    std::size_t some_, n_parts_;
    std::vector<std::int64_t> ends_;  // of each part's rows that ask a cell
    std::vector<std::int32_t> rows_;
    std::vector<Gathered> gathered_;
};

}  // namespace driftglass

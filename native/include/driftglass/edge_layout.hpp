// All points of a graph in motion: who moves when, and who lies beside whom in memory.
//
// Points are numbered anew in an order that the caller gives, one block after the other; blocks
// move in turn. If the order goes through the map, what a point looks at is mostly near in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "deck.hpp"
#include "layout.hpp"
#include "parallel.hpp"

namespace driftglass {

class EdgeLayout {
public:
    // Edges are active in a share of the epochs, in proportion to their weights, the heaviest in
    // all; those that are active in less than one go. `order` is a permutation of the points.
    EdgeLayout(const std::int64_t *starts, const std::int32_t *columns, const float *weights,
               std::size_t n, const std::int32_t *order, std::size_t dim, std::size_t n_blocks,
               std::uint32_t n_epochs, std::uint64_t seed, std::size_t n_threads)
        : n_(n), dim_(dim), n_blocks_(n_blocks), n_epochs_(n_epochs), seed_(seed),
          order_(order, order + n), deck_(n, dim, seed), starts_(n + 1, 0), places_(n * dim),
          moved_((n + n_blocks - 1) / n_blocks * dim) {
        std::vector<std::int32_t> number(n);
        for (std::size_t i = 0; i < n; ++i)
            number[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
        float heaviest = 1e-30f;
        for (std::int64_t edge = 0; edge < starts[n]; ++edge)
            heaviest = std::max(heaviest, weights[edge]);
        const auto share_of = [&](std::int64_t edge) {
            const float share = weights[edge] / heaviest;
            return share * static_cast<float>(n_epochs) >= 1.0f ? share : 0.0f;
        };
        parallel_ranges(n, 4096, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                for (std::int64_t edge = starts[order[i]]; edge < starts[order[i] + 1]; ++edge)
                    starts_[i + 1] += share_of(edge) > 0.0f;
        });
        for (std::size_t i = 0; i < n; ++i) starts_[i + 1] += starts_[i];
        columns_.resize(static_cast<std::size_t>(starts_[n]));
        shares_.resize(columns_.size() + kWidth, 0);
        parallel_ranges(n, 4096, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) {
                std::int64_t to = starts_[i];
                for (std::int64_t edge = starts[order[i]]; edge < starts[order[i] + 1]; ++edge) {
                    const float share = share_of(edge);
                    if (share == 0.0f) continue;
                    columns_[to] = number[static_cast<std::size_t>(columns[edge])];
                    shares_[to++] = fixed_share(share);
                }
            }
        });
    }

    std::size_t n() const { return n_; }
    std::size_t dim() const { return dim_; }
    std::uint32_t n_epochs() const { return n_epochs_; }

    // Edges that are active in an epoch, on average.
    double pulls_per_epoch() const {
        double sum = 0.0;
        for (const std::uint32_t share : shares_) sum += share;
        return sum / kWhole;
    }

    // Epochs first_epoch to last_epoch - 1, in place.
    void run(float *positions, Forces forces, std::uint32_t first_epoch, std::uint32_t last_epoch,
             bool racy, Variant variant, std::size_t n_threads) {
        parallel_ranges(n_, 4096, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                std::copy_n(positions + order_[i] * dim_, dim_, places_.data() + i * dim_);
        });
        deck_.put_all(places_.data(), n_threads);
        tables_.prepare(forces);
        const Layout layout{places_.data(),     places_.data(),   n_,
                            dim_,               starts_.data(),   columns_.data(),
                            shares_.data(),     forces.negatives, n_epochs_,
                            forces.rate,        seed_,            nullptr,
                            tables_.pulls(),    tables_.pushes(), deck_.hands(),
                            deck_.n_hands()};
        const MovePoints move = points_mover<true>(dim_, variant);
        for (std::uint32_t epoch = first_epoch; epoch < last_epoch; ++epoch) {
            deck_.fill_up(places_.data(), epoch);
            if (racy)
                race(layout, move, epoch, n_threads);
            else
                take_turns(layout, move, epoch, n_threads);
        }
        parallel_ranges(n_, 4096, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                std::copy_n(places_.data() + i * dim_, dim_, positions + order_[i] * dim_);
        });
    }

private:
    void take_turns(const Layout &layout, MovePoints move, std::uint32_t epoch,
                    std::size_t n_threads) {
        std::size_t begin = 0;
        for (std::size_t block = 0; block < n_blocks_; ++block) {
            const std::size_t size = (n_ + n_blocks_ - 1 - block) / n_blocks_;
            parallel_ranges(size, kPointsPerChunk, n_threads,
                            [&](std::size_t first, std::size_t last) {
                                move(layout, begin + first, begin + last, epoch,
                                     moved_.data() + first * dim_);
                            });
            parallel_ranges(size, 4096, n_threads, [&](std::size_t first, std::size_t last) {
                std::copy(moved_.data() + first * dim_, moved_.data() + last * dim_,
                          places_.data() + (begin + first) * dim_);
                for (std::size_t j = first; j < last; ++j)
                    deck_.put(begin + j, moved_.data() + j * dim_);
            });
            begin += size;
        }
    }

    // Whoever has moved is seen at once by whoever looks (Recht, Re, Wright and Niu 2011). Threads
    // read what others write, as is meant: another run gives another map. Only benchmarks ask for
    // it, to know what turns cost: nothing, because here caches are never fought over.
    void race(const Layout &layout, MovePoints move, std::uint32_t epoch, std::size_t n_threads) {
        parallel_ranges(n_, kPointsPerChunk, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; i += kPointsAhead) {
                const std::size_t end = std::min(i + kPointsAhead, last);
                move(layout, i, end, epoch, places_.data() + i * dim_);
                for (std::size_t j = i; j < end; ++j) deck_.put(j, places_.data() + j * dim_);
            }
        });
    }

    std::size_t n_, dim_, n_blocks_;
    std::uint32_t n_epochs_;
    std::uint64_t seed_;
    std::vector<std::int32_t> order_;
    Deck deck_;
    std::vector<std::int64_t> starts_;
    std::vector<std::int32_t> columns_;
    std::vector<std::uint32_t> shares_;
    std::vector<float> places_, moved_;
    ForceTables tables_;
};

}  // namespace driftglass

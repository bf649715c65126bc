// Neighbours of new rows among known ones: by looking at all, or by walking a graph of the known.
//
// Every query is answered on its own, so neither threads nor its company change the answer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "descent.hpp"

namespace driftglass {

// Sums of up to four rows with up to four others; rows beyond the last repeat it.
inline void tile_between(const Padded &Q, std::size_t query, std::size_t n_queries,
                         const Padded &X, const std::int32_t *rows, std::size_t n_rows,
                         TileSums sums_of, float *sums) {
    const float *a[kTile], *b[kTile];
    for (std::size_t t = 0; t < kTile; ++t) {
        a[t] = Q.row(query + std::min(t, n_queries - 1));
        b[t] = X.row(static_cast<std::size_t>(rows[std::min(t, n_rows - 1)]));
    }
    sums_of(a, b, X.stride, sums);
}

inline float value_between(const Padded &Q, std::size_t query, const Padded &X, std::int32_t row,
                           float sum) {
    if (X.measure == Measure::euclidean)
        return std::max(0.0f, (Q.norms[query] + X.norms[row]) - 2.0f * sum);
    return X.measure == Measure::inner_product ? -sum : sum;
}

// Offers rows to the lists of queries first to last - 1; list i belongs to query first + i.
inline void meet_rows(const Padded &Q, std::size_t first, std::size_t last, const Padded &X,
                      const std::int32_t *rows, std::size_t n_rows, TileSums sums_of,
                      Lists &lists, std::size_t first_list) {
    constexpr std::size_t many = 256;
    float sums[kTile * kTile];
    for (std::size_t start = 0; start < n_rows; start += many) {
        const std::size_t stop = std::min(start + many, n_rows);
        for (std::size_t query = first; query < last; query += kTile) {
            const std::size_t n_queries = std::min(kTile, last - query);
            for (std::size_t j = start; j < stop; j += kTile) {
                const std::size_t n_here = std::min(kTile, stop - j);
                tile_between(Q, query, n_queries, X, rows + j, n_here, sums_of, sums);
                for (std::size_t s = 0; s < n_queries; ++s)
                    for (std::size_t t = 0; t < n_here; ++t)
                        lists.offer(first_list + query - first + s,
                                    list_key(value_between(Q, query + s, X, rows[j + t],
                                                           sums[s * kTile + t]),
                                             rows[j + t]));
            }
        }
    }
}

// Rows seen on a walk. Full at half its places, which ends the walk.
class Seen {
public:
    bool add(std::int32_t row) {
        std::uint32_t place = hashed(static_cast<std::uint32_t>(row)) & kMask;
        while (places_[place] != row) {
            if (places_[place] < 0) {
                places_[place] = row;
                ++n_;
                return true;
            }
            place = (place + 1) & kMask;
        }
        return false;
    }
    bool full() const { return n_ > kMask / 2; }
    void clear() {
        std::fill(places_, places_ + kMask + 1, -1);
        n_ = 0;
    }

private:
    static constexpr std::uint32_t kMask = (1u << 14) - 1;
    std::int32_t places_[kMask + 1];
    std::uint32_t n_ = 0;
};

struct Links {
    const std::int64_t *starts;
    const std::int32_t *columns;
};

// From the nearest of the entries on, always through the nearest row not yet left, until all
// rows of the list have been.
inline void walk(const Padded &Q, std::size_t query, const Padded &X, const Links &links,
                 TileSums sums_of, Lists &lists, std::size_t list, Seen &seen) {
    std::uint64_t *keys = lists.row(list);
    const std::size_t capacity = lists.capacity();
    seen.clear();
    for (std::size_t j = 0; j < capacity && keys[j] != ~std::uint64_t{0}; ++j)
        seen.add(key_row(keys[j]));
    float sums[kTile * kTile];
    std::int32_t waiting[kTile];
    std::size_t n_waiting = 0;
    const auto measure = [&] {
        if (n_waiting == 0) return;
        tile_between(Q, query, 1, X, waiting, n_waiting, sums_of, sums);
        for (std::size_t t = 0; t < n_waiting; ++t)
            lists.offer(list, list_key(value_between(Q, query, X, waiting[t], sums[t]),
                                       waiting[t]));
        n_waiting = 0;
    };
    for (std::size_t j = 0; j < capacity && keys[j] != ~std::uint64_t{0};) {
        if (!(keys[j] & 1)) {
            ++j;
            continue;
        }
        keys[j] &= ~std::uint64_t{1};
        const std::int32_t from = key_row(keys[j]);
        for (std::int64_t e = links.starts[from]; e < links.starts[from + 1]; ++e) {
            if (seen.full() || !seen.add(links.columns[e])) continue;
            waiting[n_waiting++] = links.columns[e];
            if (n_waiting == kTile) measure();
        }
        measure();
        j = 0;
    }
}

// Lists of the nearest rows of X to every query; with links, by walking from the entries.
inline void search(const Padded &Q, const Padded &X, const Links *links,
                   const std::int32_t *entries, std::size_t n_entries, Variant variant,
                   std::size_t n_threads, Lists &lists) {
    constexpr std::size_t some = 32;
    const TileSums sums = tile_sums(X.measure, variant);
    const TileSums few = row_sums(X.measure, variant);
    const std::size_t n_chunks = (Q.n + some - 1) / some;
    const std::size_t n_parts = std::min<std::size_t>(64, n_chunks);
    std::vector<Seen> seen(links == nullptr ? 0 : n_parts);
    ThreadPool::shared().run(n_parts, n_threads, [&](std::size_t part) {
        for (std::size_t chunk = part; chunk < n_chunks; chunk += n_parts) {
            const std::size_t first = chunk * some, last = std::min(first + some, Q.n);
            meet_rows(Q, first, last, X, entries, n_entries, sums, lists, first);
            if (links == nullptr) continue;
            for (std::size_t query = first; query < last; ++query)
                walk(Q, query, X, *links, few, lists, query, seen[part]);
        }
    });
}

}  // namespace driftglass

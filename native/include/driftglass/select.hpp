// The k smallest values of every row of a matrix that arrives in blocks.
//
// A block holds dot products; the value of (row, column) is offset[column] - 2 * product,
// a squared distance less the row's own norm. Multiplying by two is exact, so the value does
// not depend on whether the compiler or the processor fuses the two operations.
//
// Each row keeps a buffer of keys. Nearly all values fail one comparison against the row's
// threshold; the few that pass are appended, and a full buffer is cut back to its k smallest.
// Keys order by value and then by column, so the result does not depend on the order in which
// blocks come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "cpu.hpp"
#include "parallel.hpp"

namespace driftglass {

// Orders like (value, column) when compared as an integer. NaN counts as +infinity.
inline std::uint64_t make_key(float value, std::uint32_t column) {
    if (value != value) value = std::numeric_limits<float>::infinity();
    value += 0.0f;  // -0 and +0 are equal, so their columns decide
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits = (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
    return (static_cast<std::uint64_t>(bits) << 32) | column;
}

inline float key_value(std::uint64_t key) {
    std::uint32_t bits = static_cast<std::uint32_t>(key >> 32);
    bits = (bits & 0x80000000u) ? bits & 0x7fffffffu : ~bits;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Moves the k smallest of n distinct keys to the front, the largest of them last. Does what
// std::nth_element does without branches on the data, which for random keys is several times
// as fast: a branch that goes either way costs as much as comparing ten keys.
inline void partition_smallest(std::uint64_t *keys, std::size_t n, std::size_t k) {
    std::size_t low = 0, high = n;
    while (high - low > 8) {
        const std::uint64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high - 1];
        const std::uint64_t pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
        std::size_t below = low;
        for (std::size_t i = low; i < high; ++i) {
            const std::uint64_t key = keys[i];
            keys[i] = keys[below];
            keys[below] = key;
            below += key < pivot;
        }
        if (below == low) break;  // only if keys repeat
        (k <= below ? high : low) = below;
    }
    std::nth_element(keys + low, keys + k - 1, keys + high);
}

// A block of products in C order: rows row_start.., columns column_start.. of the matrix.
struct Block {
    const float *products;
    std::size_t n_rows, n_columns;
    std::size_t row_start, column_start;
};

class Selection {
public:
    Selection(std::size_t n_rows, std::size_t k, std::vector<float> offsets, Variant variant,
              std::size_t n_threads)
        : n_rows_(n_rows), k_(k), capacity_(k + std::max<std::size_t>(k, 48)),
          offsets_(std::move(offsets)), variant_(variant), n_threads_(n_threads),
          keys_(n_rows * capacity_), counts_(n_rows, 0),
          limits_(n_rows, ~std::uint64_t{0}),
          thresholds_(n_rows, std::numeric_limits<float>::infinity()) {}

    std::size_t n_rows() const { return n_rows_; }
    std::size_t n_columns() const { return offsets_.size(); }
    std::size_t k() const { return k_; }

    // Offers a block to its rows and, if mirrored, its transpose to its columns taken as rows.
    // Threads may call this at the same time for blocks that touch different rows.
    void update(const Block &block, bool mirrored) {
        constexpr std::size_t row_grain = 16, column_grain = 64;
        const std::size_t row_chunks = (block.n_rows + row_grain - 1) / row_grain;
        const std::size_t column_chunks =
            mirrored ? (block.n_columns + column_grain - 1) / column_grain : 0;
        ThreadPool::shared().run(row_chunks + column_chunks, n_threads_, [&](std::size_t chunk) {
            if (chunk < row_chunks) {
                const std::size_t first = chunk * row_grain;
                const std::size_t last = std::min(first + row_grain, block.n_rows);
                for (std::size_t i = first; i < last; ++i) offer_row(block, i);
            } else {
                const std::size_t first = (chunk - row_chunks) * column_grain;
                offer_columns(block, first, std::min(first + column_grain, block.n_columns));
            }
        });
    }

    // Writes each row's k smallest, ascending, ties by lower column; (inf, -1) where a row
    // was offered fewer than k.
    void smallest(float *values, std::int32_t *columns) {
        parallel_ranges(n_rows_, 64, n_threads_, [&](std::size_t first, std::size_t last) {
            for (std::size_t row = first; row < last; ++row) {
                std::uint64_t *keys = &keys_[row * capacity_];
                const std::size_t found = std::min<std::size_t>(counts_[row], k_);
                if (counts_[row] > k_) partition_smallest(keys, counts_[row], k_);
                std::sort(keys, keys + found);
                counts_[row] = static_cast<std::uint32_t>(found);
                for (std::size_t j = 0; j < k_; ++j) {
                    const bool there = j < found;
                    values[row * k_ + j] =
                        there ? key_value(keys[j]) : std::numeric_limits<float>::infinity();
                    columns[row * k_ + j] =
                        there ? static_cast<std::int32_t>(keys[j] & 0xffffffffu) : -1;
                }
            }
        });
    }

private:
    void push(std::size_t row, float value, std::size_t column) {
        const std::uint64_t key = make_key(value, static_cast<std::uint32_t>(column));
        if (key >= limits_[row]) return;
        std::uint64_t *keys = &keys_[row * capacity_];
        keys[counts_[row]++] = key;
        if (counts_[row] == capacity_) {
            partition_smallest(keys, capacity_, k_);
            counts_[row] = static_cast<std::uint32_t>(k_);
            limits_[row] = keys[k_ - 1];
            thresholds_[row] = key_value(keys[k_ - 1]);
        }
    }

    void offer_row(const Block &block, std::size_t i) {
        const std::size_t row = block.row_start + i;
        const float *products = block.products + i * block.n_columns;
        const float *offsets = &offsets_[block.column_start];
        std::size_t j = 0;
#if DRIFTGLASS_X86
        if (variant_ == Variant::avx512) j = scan_row_avx512(block, row, products);
        if (variant_ == Variant::avx2) j = scan_row_avx2(block, row, products);
#endif
        for (; j < block.n_columns; ++j) {
            const float value = offsets[j] - 2.0f * products[j];
            if (!(value > thresholds_[row])) push(row, value, block.column_start + j);
        }
    }

    void offer_columns(const Block &block, std::size_t first, std::size_t last) {
        for (std::size_t i = 0; i < block.n_rows; ++i) {
            const float *products = block.products + i * block.n_columns;
            const std::size_t column = block.row_start + i;
            const float offset = offsets_[column];
            std::size_t j = first;
#if DRIFTGLASS_X86
            if (variant_ == Variant::avx512)
                j = scan_columns_avx512(block, products, offset, column, first, last);
            if (variant_ == Variant::avx2)
                j = scan_columns_avx2(block, products, offset, column, first, last);
#endif
            for (; j < last; ++j) {
                const std::size_t row = block.column_start + j;
                const float value = offset - 2.0f * products[j];
                if (!(value > thresholds_[row])) push(row, value, column);
            }
        }
    }

#if DRIFTGLASS_X86
    // The scans below compare 32 or 64 values a turn and look closer only when a bit is set.
    // They return the first position they did not look at.

    DRIFTGLASS_AVX512 std::size_t scan_row_avx512(const Block &block, std::size_t row,
                                                  const float *products) {
        const float *offsets = &offsets_[block.column_start];
        std::size_t j = 0;
        __m512 limit = _mm512_set1_ps(thresholds_[row]);
        for (; j + 64 <= block.n_columns; j += 64) {
            std::uint64_t mask = 0;
            for (std::size_t lane = 0; lane < 64; lane += 16) {
                const __m512 product = _mm512_loadu_ps(products + j + lane);
                const __m512 value = _mm512_sub_ps(_mm512_loadu_ps(offsets + j + lane),
                                                   _mm512_add_ps(product, product));
                mask |= static_cast<std::uint64_t>(_mm512_cmp_ps_mask(value, limit, _CMP_NGT_UQ))
                        << lane;
            }
            if (mask == 0) continue;
            push_marked(row, mask, products, offsets, j, block.column_start);
            limit = _mm512_set1_ps(thresholds_[row]);
        }
        return j;
    }

    DRIFTGLASS_AVX2 std::size_t scan_row_avx2(const Block &block, std::size_t row,
                                              const float *products) {
        const float *offsets = &offsets_[block.column_start];
        std::size_t j = 0;
        __m256 limit = _mm256_set1_ps(thresholds_[row]);
        for (; j + 32 <= block.n_columns; j += 32) {
            std::uint64_t mask = 0;
            for (std::size_t lane = 0; lane < 32; lane += 8) {
                const __m256 product = _mm256_loadu_ps(products + j + lane);
                const __m256 value = _mm256_sub_ps(_mm256_loadu_ps(offsets + j + lane),
                                                   _mm256_add_ps(product, product));
                const int bits = _mm256_movemask_ps(_mm256_cmp_ps(value, limit, _CMP_NGT_UQ));
                mask |= static_cast<std::uint64_t>(static_cast<unsigned>(bits)) << lane;
            }
            if (mask == 0) continue;
            push_marked(row, mask, products, offsets, j, block.column_start);
            limit = _mm256_set1_ps(thresholds_[row]);
        }
        return j;
    }

    DRIFTGLASS_AVX512 std::size_t scan_columns_avx512(const Block &block, const float *products,
                                                      float offset, std::size_t column,
                                                      std::size_t first, std::size_t last) {
        const float *limits = &thresholds_[block.column_start];
        const __m512 own = _mm512_set1_ps(offset);
        std::size_t j = first;
        for (; j + 64 <= last; j += 64) {
            std::uint64_t mask = 0;
            for (std::size_t lane = 0; lane < 64; lane += 16) {
                const __m512 product = _mm512_loadu_ps(products + j + lane);
                const __m512 value = _mm512_sub_ps(own, _mm512_add_ps(product, product));
                mask |= static_cast<std::uint64_t>(_mm512_cmp_ps_mask(
                            value, _mm512_loadu_ps(limits + j + lane), _CMP_NGT_UQ))
                        << lane;
            }
            push_marked_columns(mask, products, offset, j, block.column_start, column);
        }
        return j;
    }

    DRIFTGLASS_AVX2 std::size_t scan_columns_avx2(const Block &block, const float *products,
                                                  float offset, std::size_t column,
                                                  std::size_t first, std::size_t last) {
        const float *limits = &thresholds_[block.column_start];
        const __m256 own = _mm256_set1_ps(offset);
        std::size_t j = first;
        for (; j + 32 <= last; j += 32) {
            std::uint64_t mask = 0;
            for (std::size_t lane = 0; lane < 32; lane += 8) {
                const __m256 product = _mm256_loadu_ps(products + j + lane);
                const __m256 value = _mm256_sub_ps(own, _mm256_add_ps(product, product));
                const int bits = _mm256_movemask_ps(
                    _mm256_cmp_ps(value, _mm256_loadu_ps(limits + j + lane), _CMP_NGT_UQ));
                mask |= static_cast<std::uint64_t>(static_cast<unsigned>(bits)) << lane;
            }
            push_marked_columns(mask, products, offset, j, block.column_start, column);
        }
        return j;
    }

    void push_marked(std::size_t row, std::uint64_t mask, const float *products,
                     const float *offsets, std::size_t j, std::size_t column_start) {
        for (; mask != 0; mask &= mask - 1) {
            const std::size_t at = j + static_cast<std::size_t>(__builtin_ctzll(mask));
            const float value = offsets[at] - 2.0f * products[at];
            // The threshold may have fallen since the mask was made: push looks again.
            push(row, value, column_start + at);
        }
    }

    void push_marked_columns(std::uint64_t mask, const float *products, float offset,
                             std::size_t j, std::size_t column_start, std::size_t column) {
        for (; mask != 0; mask &= mask - 1) {
            const std::size_t at = j + static_cast<std::size_t>(__builtin_ctzll(mask));
            push(column_start + at, offset - 2.0f * products[at], column);
        }
    }
#endif

    std::size_t n_rows_, k_, capacity_;
    std::vector<float> offsets_;
    Variant variant_;
    std::size_t n_threads_;
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint64_t> limits_;  // the k-th smallest key so far, or the largest integer
    std::vector<float> thresholds_;      // and its value
};

}  // namespace driftglass

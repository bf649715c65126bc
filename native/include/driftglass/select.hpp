// The k smallest values of every row of a matrix that arrives in blocks.
//
// A block holds dot products; the value of (row, column) is offset[column] - 2 * product,
// a squared distance less the row's own norm. Multiplying by two is exact, so the value does
// not depend on whether the compiler or the processor fuses the two operations.
//
// Vector comparisons turn nearly all values away; the few that pass go to the row's shortlist.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cpu.hpp"
#include "parallel.hpp"
#include "shortlists.hpp"

namespace driftglass {

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
        : offsets_(std::move(offsets)), variant_(variant), n_threads_(n_threads),
          lists_(n_rows, k) {}

    std::size_t n_rows() const { return lists_.n_rows(); }
    std::size_t n_columns() const { return offsets_.size(); }
    std::size_t k() const { return lists_.k(); }

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

    // As of Shortlists.
    void smallest(float *values, std::int32_t *columns) {
        lists_.smallest(values, columns, n_threads_);
    }

private:
    void push(std::size_t row, float value, std::size_t column) { lists_.push(row, value, column); }

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
            if (!(value > lists_.thresholds()[row])) push(row, value, block.column_start + j);
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
                if (!(value > lists_.thresholds()[row])) push(row, value, column);
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
        __m512 limit = _mm512_set1_ps(lists_.thresholds()[row]);
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
            limit = _mm512_set1_ps(lists_.thresholds()[row]);
        }
        return j;
    }

    DRIFTGLASS_AVX2 std::size_t scan_row_avx2(const Block &block, std::size_t row,
                                              const float *products) {
        const float *offsets = &offsets_[block.column_start];
        std::size_t j = 0;
        __m256 limit = _mm256_set1_ps(lists_.thresholds()[row]);
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
            limit = _mm256_set1_ps(lists_.thresholds()[row]);
        }
        return j;
    }

    DRIFTGLASS_AVX512 std::size_t scan_columns_avx512(const Block &block, const float *products,
                                                      float offset, std::size_t column,
                                                      std::size_t first, std::size_t last) {
        const float *limits = lists_.thresholds() + block.column_start;
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
        const float *limits = lists_.thresholds() + block.column_start;
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

    std::vector<float> offsets_;
    Variant variant_;
    std::size_t n_threads_;
    Shortlists lists_;
};

}  // namespace driftglass

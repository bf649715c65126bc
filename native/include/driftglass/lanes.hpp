// Sixteen numbers at a time, with the same bits on every processor.
//
// The compiler's own vectors are split into whatever registers there are. Only operations that
// IEEE 754 fixes are used, so that the width of the registers can't change a result; gathering,
// which the compiler does not do by itself, is written out for each instruction set.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu.hpp"

#if !defined(__GNUC__) && !defined(__clang__)
#error "The layout kernels need GCC or Clang (on Windows clang-cl)."
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 says so of its own intrinsics
#endif

namespace driftglass {

constexpr std::size_t kWidth = 16;

typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Ints __attribute__((vector_size(64)));
typedef std::uint32_t Bits __attribute__((vector_size(64)));
typedef std::uint64_t Wide __attribute__((vector_size(64)));

DRIFTGLASS_INLINE Bits lane_numbers() {
    return Bits{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

typedef float Eight __attribute__((vector_size(32)));
typedef std::int32_t EightInts __attribute__((vector_size(32)));

// Halves are added until one number is left: four steps instead of sixteen, in registers.
DRIFTGLASS_INLINE float sum_of_eight(const Eight &eight) {
    typedef float Four __attribute__((vector_size(16)));
    Four fours[2];
    std::memcpy(fours, &eight, sizeof eight);
    const Four four = fours[0] + fours[1];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

DRIFTGLASS_INLINE float sum_of(const Floats &values) {
    Eight eights[2];
    std::memcpy(eights, &values, sizeof values);
    return sum_of_eight(eights[0] + eights[1]);
}

// Sixteen numbers in two registers of AVX2, which the compiler would keep in memory if they were
// one vector.
struct Halves {
    Eight low, high;

    DRIFTGLASS_INLINE float operator[](std::size_t lane) const {
        return lane < 8 ? low[lane] : high[lane - 8];
    }
    DRIFTGLASS_INLINE Halves &operator+=(const Halves &b) {
        low += b.low;
        high += b.high;
        return *this;
    }
    DRIFTGLASS_INLINE Halves &operator-=(const Halves &b) {
        low -= b.low;
        high -= b.high;
        return *this;
    }
    DRIFTGLASS_INLINE Halves &operator-=(float b) {
        low -= b;
        high -= b;
        return *this;
    }
};

struct IntHalves {
    EightInts low, high;

    DRIFTGLASS_INLINE std::int32_t operator[](std::size_t lane) const {
        return lane < 8 ? low[lane] : high[lane - 8];
    }
};

DRIFTGLASS_INLINE Halves operator+(const Halves &a, const Halves &b) {
    return {a.low + b.low, a.high + b.high};
}
DRIFTGLASS_INLINE Halves operator+(const Halves &a, float b) { return {a.low + b, a.high + b}; }
DRIFTGLASS_INLINE Halves operator-(const Halves &a, float b) { return {a.low - b, a.high - b}; }
DRIFTGLASS_INLINE Halves operator-(float a, const Halves &b) { return {a - b.low, a - b.high}; }
DRIFTGLASS_INLINE Halves operator*(const Halves &a, const Halves &b) {
    return {a.low * b.low, a.high * b.high};
}
DRIFTGLASS_INLINE Halves operator*(const Halves &a, float b) { return {a.low * b, a.high * b}; }
DRIFTGLASS_INLINE Halves operator/(const Halves &a, const Halves &b) {
    return {a.low / b.low, a.high / b.high};
}
DRIFTGLASS_INLINE Halves operator/(float a, const Halves &b) { return {a / b.low, a / b.high}; }
DRIFTGLASS_INLINE float sum_of(const Halves &values) {
    return sum_of_eight(values.low + values.high);
}

DRIFTGLASS_INLINE Floats clipped(const Floats &values, float limit) {
    const Floats high = values < limit ? values : Floats{} + limit;
    return high > -limit ? high : Floats{} - limit;
}

// Logarithm to base 2 of positive, normal numbers, to 2e-6.
DRIFTGLASS_INLINE Floats log2_of(const Floats &values) {
    const Ints bits = (Ints)values;
    const Ints exponent = (bits - 0x3f3504f3) >> 23;  // of a mantissa from sqrt(1/2) to sqrt(2)
    const Floats f = (Floats)(bits - (exponent << 23)) - 1.0f;
    Floats p = f * 0.17212874f - 0.26950628f;
    p = p * f + 0.2956336f;
    p = p * f - 0.35935065f;
    p = p * f + 0.48062915f;
    p = p * f - 0.721364f;
    p = p * f + 1.4426965f;
    return __builtin_convertvector(exponent, Floats) + f * p;
}

// 2 to the power of numbers from -126 to 126 (others are clipped), to 3e-6.
DRIFTGLASS_INLINE Floats exp2_of(const Floats &values) {
    const Floats x = clipped(values, 126.0f);
    const Floats shifted = x + 126.5f;  // positive, so truncation rounds down
    const Ints whole = __builtin_convertvector(shifted, Ints) - 126;
    const Floats f = x - __builtin_convertvector(whole, Floats);
    Floats p = f * 0.009676037f + 0.055922035f;
    p = p * f + 0.24022107f;
    p = p * f + 0.693121f;
    p = p * f + 1.0f;
    return p * (Floats)((whole + 127) << 23);
}

// A random function of its argument; counters go in, independent draws come out.
// (Constants of the "lowbias32" hash, found by search.)
template <class Number>
DRIFTGLASS_INLINE Number hashed(Number x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return x;
}

// Draws from 0 to n - 1, out of uniform bits.
DRIFTGLASS_INLINE Ints scaled_to(const Bits &bits, std::uint32_t n) {
    if (n <= 1u << 21) {  // 24 bits are plenty; a product with them rounds below n
        const Floats uniform = __builtin_convertvector((Ints)(bits >> 8), Floats);
        return __builtin_convertvector(uniform * (static_cast<float>(n) * 0x1p-24f), Ints);
    }
    const Wide even = ((Wide)bits & 0xffffffffull) * n >> 32;
    const Wide odd = (((Wide)bits >> 32) * n) & 0xffffffff00000000ull;
    return (Ints)(even | odd);  // in memory, even lanes are low halves: little-endian
}

// How each instruction set fetches rows of a table of two columns, and how it keeps some of
// sixteen numbers: `keep` writes those that are marked (all bits set) and returns how many.
// `last` reads fewer than sixteen rows and values, filled up with the first row of no value.
struct PlainGather {
    static DRIFTGLASS_INLINE void last(const std::int32_t *rows, const float *values,
                                       std::size_t n, Ints &row, Floats &value) {
        row = Ints{} + rows[0];
        value = Floats{};
        for (std::size_t lane = 0; lane < n; ++lane) {
            row[lane] = rows[lane];
            value[lane] = values[lane];
        }
    }
    static DRIFTGLASS_INLINE std::size_t keep(const std::int32_t *from, const Ints &marked,
                                              std::size_t n, std::int32_t *to) {
        std::size_t kept = 0;
        for (std::size_t lane = 0; lane < n; ++lane) {
            to[kept] = from[lane];
            kept += marked[lane] != 0;
        }
        return kept;
    }
    static DRIFTGLASS_INLINE void pairs(const float *table, const Ints &rows, Floats &x,
                                        Floats &y) {
        for (std::size_t lane = 0; lane < kWidth; ++lane) {
            const float *row = table + 2 * static_cast<std::size_t>(rows[lane]);
            x[lane] = row[0];
            y[lane] = row[1];
        }
    }
};

#if DRIFTGLASS_X86
struct Avx2Gather {
    static DRIFTGLASS_AVX2 DRIFTGLASS_INLINE void last(const std::int32_t *rows,
                                                       const float *values, std::size_t n,
                                                       IntHalves &row, Halves &value) {
        const EightInts first = EightInts{} + rows[0];
        const EightInts lanes{0, 1, 2, 3, 4, 5, 6, 7};
        const EightInts low = lanes < static_cast<std::int32_t>(n);
        const EightInts high = lanes + 8 < static_cast<std::int32_t>(n);
        row.low = low ? (EightInts)_mm256_maskload_epi32(rows, (__m256i)low) : first;
        row.high = high ? (EightInts)_mm256_maskload_epi32(rows + 8, (__m256i)high) : first;
        value.low = (Eight)_mm256_maskload_ps(values, (__m256i)low);
        value.high = (Eight)_mm256_maskload_ps(values + 8, (__m256i)high);
    }
    static DRIFTGLASS_AVX2 DRIFTGLASS_INLINE void eight_pairs(const float *table,
                                                              const EightInts &rows, Eight &x,
                                                              Eight &y) {
        const double *base = reinterpret_cast<const double *>(table);
        const __m256i at = (__m256i)rows;
        const __m256 a =
            _mm256_castpd_ps(_mm256_i32gather_pd(base, _mm256_castsi256_si128(at), 8));
        const __m256 b =
            _mm256_castpd_ps(_mm256_i32gather_pd(base, _mm256_extracti128_si256(at, 1), 8));
        const __m256 low = _mm256_permute2f128_ps(a, b, 0x20);
        const __m256 high = _mm256_permute2f128_ps(a, b, 0x31);
        // low holds pairs 0 1 | 4 5 and high 2 3 | 6 7, so shuffling by halves keeps order.
        x = (Eight)_mm256_shuffle_ps(low, high, 0x88);
        y = (Eight)_mm256_shuffle_ps(low, high, 0xdd);
    }
    static DRIFTGLASS_AVX2 DRIFTGLASS_INLINE void pairs(const float *table, const IntHalves &rows,
                                                        Halves &x, Halves &y) {
        eight_pairs(table, rows.low, x.low, y.low);
        eight_pairs(table, rows.high, x.high, y.high);
    }
    static DRIFTGLASS_AVX2 DRIFTGLASS_INLINE std::size_t keep(const std::int32_t *from,
                                                              const Ints &marked, std::size_t n,
                                                              std::int32_t *to) {
        return PlainGather::keep(from, marked, n, to);
    }
    static DRIFTGLASS_AVX2 DRIFTGLASS_INLINE void pairs(const float *table, const Ints &rows,
                                                        Floats &x, Floats &y) {
        const double *base = reinterpret_cast<const double *>(table);
        alignas(64) std::int32_t index[kWidth];
        alignas(64) float xs[kWidth], ys[kWidth];
        std::memcpy(index, &rows, sizeof index);
        for (std::size_t half = 0; half < kWidth; half += 8) {
            const __m128i *at = reinterpret_cast<const __m128i *>(index + half);
            const __m256 a = _mm256_castpd_ps(_mm256_i32gather_pd(base, _mm_load_si128(at), 8));
            const __m256 b = _mm256_castpd_ps(_mm256_i32gather_pd(base, _mm_load_si128(at + 1), 8));
            const __m256 low = _mm256_permute2f128_ps(a, b, 0x20);
            const __m256 high = _mm256_permute2f128_ps(a, b, 0x31);
            // low holds pairs 0 1 | 4 5 and high 2 3 | 6 7, so shuffling by halves keeps order.
            _mm256_store_ps(xs + half, _mm256_shuffle_ps(low, high, 0x88));
            _mm256_store_ps(ys + half, _mm256_shuffle_ps(low, high, 0xdd));
        }
        std::memcpy(&x, xs, sizeof x);
        std::memcpy(&y, ys, sizeof y);
    }
};

struct Avx512Gather {
    static DRIFTGLASS_AVX512 DRIFTGLASS_INLINE void last(const std::int32_t *rows,
                                                         const float *values, std::size_t n,
                                                         Ints &row, Floats &value) {
        const auto there = static_cast<__mmask16>((1u << n) - 1u);
        row = (Ints)_mm512_mask_loadu_epi32(_mm512_set1_epi32(rows[0]), there, rows);
        value = (Floats)_mm512_maskz_loadu_ps(there, values);
    }
    static DRIFTGLASS_AVX512 DRIFTGLASS_INLINE std::size_t keep(const std::int32_t *from,
                                                                const Ints &marked,
                                                                std::size_t n, std::int32_t *to) {
        const auto there = static_cast<__mmask16>((1u << n) - 1u);
        const __mmask16 mask = _mm512_movepi32_mask((__m512i)marked) & there;
        const __m512i values = _mm512_maskz_loadu_epi32(mask, from);
        // Packed in a register: storing compressed straight to memory is slow on some processors.
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, values));
        return static_cast<std::size_t>(__builtin_popcount(mask));
    }
    static DRIFTGLASS_AVX512 DRIFTGLASS_INLINE void pairs(const float *table, const Ints &rows,
                                                          Floats &x, Floats &y) {
        const __m512i index = (__m512i)rows;
        const __m512 a = _mm512_castpd_ps(
            _mm512_i32gather_pd(_mm512_castsi512_si256(index), table, 8));
        const __m512 b = _mm512_castpd_ps(
            _mm512_i32gather_pd(_mm512_extracti64x4_epi64(index, 1), table, 8));
        const __m512i even =
            _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        x = (Floats)_mm512_permutex2var_ps(a, even, b);
        y = (Floats)_mm512_permutex2var_ps(a, _mm512_add_epi32(even, _mm512_set1_epi32(1)), b);
    }
};
#endif

}  // namespace driftglass

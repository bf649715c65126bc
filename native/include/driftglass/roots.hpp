// Sixteen square roots at a time. IEEE 754 fixes them, so each instruction set finds the same.
#pragma once

#include <cmath>
#include <cstring>

#include "lanes.hpp"

namespace driftglass {

DRIFTGLASS_INLINE Floats root_by_lanes(const Floats &values) {
    Floats roots;
    for (std::size_t lane = 0; lane < kWidth; ++lane) roots[lane] = std::sqrt(values[lane]);
    return roots;
}

#if DRIFTGLASS_X86
DRIFTGLASS_AVX2 DRIFTGLASS_INLINE Floats root_by_halves(const Floats &values) {
    typedef float Half __attribute__((vector_size(32)));
    const Half low = (Half)_mm256_sqrt_ps(
        (__m256)__builtin_shufflevector(values, values, 0, 1, 2, 3, 4, 5, 6, 7));
    const Half high = (Half)_mm256_sqrt_ps(
        (__m256)__builtin_shufflevector(values, values, 8, 9, 10, 11, 12, 13, 14, 15));
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

DRIFTGLASS_AVX512 DRIFTGLASS_INLINE Floats root_at_once(const Floats &values) {
    return (Floats)_mm512_sqrt_ps((__m512)values);
}
#endif

}  // namespace driftglass

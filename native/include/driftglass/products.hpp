// Products of 32 by 32 rows of 8-bit integers: whole numbers, so the same on every processor.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "amx.hpp"
#include "quantized.hpp"

namespace driftglass {

// out[i * 32 + j] = product of row i of `rows` and row j of the two groups at `packed`.
using StripProducts = void (*)(const std::int8_t *rows, const std::int8_t *packed,
                               std::size_t depth, std::int32_t *out);

inline void strip_products_baseline(const std::int8_t *rows, const std::int8_t *packed,
                                    std::size_t depth, std::int32_t *out) {
    for (std::size_t i = 0; i < kStrip; ++i)
        for (std::size_t g = 0; g < 2; ++g) {
            std::int32_t sums[kGroup] = {};
            const std::int8_t *b = packed + g * kGroup * depth;
            for (std::size_t c = 0; c < depth; c += 4)
                for (std::size_t j = 0; j < kGroup; ++j)
                    for (std::size_t t = 0; t < 4; ++t)
                        sums[j] += rows[i * depth + c + t] * b[(c / 4 * kGroup + j) * 4 + t];
            for (std::size_t j = 0; j < kGroup; ++j) out[i * kStrip + g * kGroup + j] = sums[j];
        }
}

#if DRIFTGLASS_X86
// The instruction wants one side unsigned, so that side gets 128 more, and the sums are set
// right by where they begin.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline void strip_products_vnni(
    const std::int8_t *rows, const std::int8_t *packed, std::size_t depth, std::int32_t *out) {
    constexpr std::size_t tall = 8;
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    const std::int8_t *second = packed + kGroup * depth;
    for (std::size_t i = 0; i < kStrip; i += tall) {
        __m512i left[tall], right[tall];
        for (std::size_t r = 0; r < tall; ++r) {
            const std::int8_t *a = rows + (i + r) * depth;
            __m512i total = _mm512_setzero_si512();
            for (std::size_t c = 0; c < depth; c += kDepth)
                total = _mm512_dpbusd_epi32(total, flip, _mm512_loadu_si512(a + c));
            left[r] = right[r] = _mm512_set1_epi32(-_mm512_reduce_add_epi32(total));
        }
        for (std::size_t c = 0; c < depth; c += 4) {
            const __m512i b0 = _mm512_xor_si512(flip, _mm512_loadu_si512(packed + c * kGroup));
            const __m512i b1 = _mm512_xor_si512(flip, _mm512_loadu_si512(second + c * kGroup));
#pragma GCC unroll 8
            for (std::size_t r = 0; r < tall; ++r) {
                std::int32_t four;
                std::memcpy(&four, rows + (i + r) * depth + c, 4);
                const __m512i a = _mm512_set1_epi32(four);
                left[r] = _mm512_dpbusd_epi32(left[r], b0, a);
                right[r] = _mm512_dpbusd_epi32(right[r], b1, a);
            }
        }
        for (std::size_t r = 0; r < tall; ++r) {
            _mm512_storeu_si512(out + (i + r) * kStrip, left[r]);
            _mm512_storeu_si512(out + (i + r) * kStrip + kGroup, right[r]);
        }
    }
}
#endif

#if DRIFTGLASS_AMX
// Needs `Tiles` on this thread.
DRIFTGLASS_AMX_TARGET inline void strip_products_amx(const std::int8_t *rows,
                                                     const std::int8_t *packed,
                                                     std::size_t depth, std::int32_t *out) {
    const std::int8_t *lower = rows + kGroup * depth, *second = packed + kGroup * depth;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::size_t c = 0; c < depth; c += kDepth) {
        _tile_loadd(4, rows + c, depth);
        _tile_loadd(6, packed + c * kGroup, 64);
        _tile_dpbssd(0, 4, 6);
        _tile_loadd(7, second + c * kGroup, 64);
        _tile_dpbssd(1, 4, 7);
        _tile_loadd(5, lower + c, depth);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    constexpr std::size_t line = kStrip * sizeof(std::int32_t);
    _tile_stored(0, out, line);
    _tile_stored(1, out + kGroup, line);
    _tile_stored(2, out + kGroup * kStrip, line);
    _tile_stored(3, out + kGroup * kStrip + kGroup, line);
}
#endif

enum class Unit { baseline, vnni, amx };

// Slowest first; every entry can run here.
inline std::vector<std::string> available_units() {
    std::vector<std::string> names{"baseline"};
#if DRIFTGLASS_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni")) {
        names.emplace_back("vnni");
        if (tiles_granted()) names.emplace_back("amx");
    }
#endif
    return names;
}

// "auto" is the fastest available; any other name must be available here.
inline Unit choose_unit(const std::string &name) {
    static const std::vector<std::string> names = available_units();
    const std::string &wanted = name == "auto" ? names.back() : name;
    std::string listed;
    for (const std::string &candidate : names) {
        if (candidate == wanted)
            return wanted == "amx" ? Unit::amx : wanted == "vnni" ? Unit::vnni : Unit::baseline;
        listed += (listed.empty() ? "" : ", ") + candidate;
    }
    throw std::invalid_argument("No unit named '" + name +
                                "' on this processor. Available: auto, " + listed + ".");
}

inline StripProducts strip_products(Unit unit) {
#if DRIFTGLASS_AMX
    if (unit == Unit::amx) return strip_products_amx;
#endif
#if DRIFTGLASS_X86
    if (unit == Unit::vnni) return strip_products_vnni;
#endif
    (void)unit;
    return strip_products_baseline;
}

// Does what needs products by this unit, on this thread.
template <class Body>
void with_tiles(Unit unit, const Body &body) {
#if DRIFTGLASS_AMX
    if (unit == Unit::amx) {
        const Tiles tiles;
        body();
        return;
    }
#endif
    (void)unit;
    body();
}

}  // namespace driftglass

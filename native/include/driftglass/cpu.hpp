// Which instruction sets this processor has, asked when the program runs.
//
// Everything is compiled for the baseline; wider code lives in functions that carry a target
// attribute. Whole files compiled with -mavx2 would be shorter, but inline functions of the
// standard library that they instantiate may be the copy the linker keeps for everybody.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
#define DRIFTGLASS_X86 1
#define DRIFTGLASS_AVX2 __attribute__((target("avx2")))
#define DRIFTGLASS_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define DRIFTGLASS_INLINE inline __attribute__((always_inline))
#include <immintrin.h>
#else
#define DRIFTGLASS_X86 0
#define DRIFTGLASS_INLINE inline
#endif

namespace driftglass {

enum class Variant { baseline, avx2, avx512 };

// Narrowest first; every entry can run here.
inline std::vector<std::string> available_variants() {
    std::vector<std::string> names{"baseline"};
#if DRIFTGLASS_X86
    if (__builtin_cpu_supports("avx2")) names.emplace_back("avx2");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        names.emplace_back("avx512");
#endif
    return names;
}

// "auto" is the widest available; any other name must be available here.
inline Variant choose_variant(const std::string &name) {
    static const std::vector<std::string> names = available_variants();
    const std::string &wanted = name == "auto" ? names.back() : name;
    std::string listed;
    for (const std::string &candidate : names) {
        if (candidate == wanted) {
            if (wanted == "avx512") return Variant::avx512;
            return wanted == "avx2" ? Variant::avx2 : Variant::baseline;
        }
        listed += (listed.empty() ? "" : ", ") + candidate;
    }
    throw std::invalid_argument("No kernel variant named '" + name +
                                "' on this processor. Available: auto, " + listed + ".");
}

}  // namespace driftglass

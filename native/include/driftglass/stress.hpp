// How far distances in a map are from those wanted, and where that pulls each point: one step of
// scaling by majorizing a complicated function (SMACOF; de Leeuw 1977).
//
// Every row is summed by one thread over sixteen fixed lanes without fused multiply-add, so the
// result is the same bits at any thread count and on any processor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cpu.hpp"
#include "lanes.hpp"
#include "parallel.hpp"
#include "roots.hpp"

namespace driftglass {

constexpr std::size_t kMostComponents = 64;

}  // namespace driftglass

#define STRESS_VARIANT stress_baseline
#define STRESS_TARGET
#define STRESS_ROOT root_by_lanes
#include "stress_rows.inc"
#undef STRESS_VARIANT
#undef STRESS_TARGET
#undef STRESS_ROOT
#if DRIFTGLASS_X86
#define STRESS_VARIANT stress_avx2
#define STRESS_TARGET DRIFTGLASS_AVX2
#define STRESS_ROOT root_by_halves
#include "stress_rows.inc"
#undef STRESS_VARIANT
#undef STRESS_TARGET
#undef STRESS_ROOT
#define STRESS_VARIANT stress_avx512
#define STRESS_TARGET DRIFTGLASS_AVX512
#define STRESS_ROOT root_at_once
#include "stress_rows.inc"
#undef STRESS_VARIANT
#undef STRESS_TARGET
#undef STRESS_ROOT
#endif

namespace driftglass {

struct Stretched {
    const float *own;     // (n, dim)
    const float *Y;       // (n_sources, dim)
    const float *wanted;  // (n, n_sources)
    std::size_t n, n_sources, dim;
};

// pull[i] = sum over sources of wanted / distance * (own[i] - Y[j]), where there is a distance;
// stress[i] = sum of (wanted - distance)².
template <std::size_t D>
void stress_pull(const Stretched &given, Variant variant, std::size_t n_threads, float *pull,
                 double *stress) {
    std::vector<float> sources(given.dim * given.n_sources);
    for (std::size_t j = 0; j < given.n_sources; ++j)
        for (std::size_t d = 0; d < given.dim; ++d)
            sources[d * given.n_sources + j] = given.Y[j * given.dim + d];
    parallel_ranges(given.n, 16, n_threads, [&](std::size_t first, std::size_t last) {
#if DRIFTGLASS_X86
        if (variant == Variant::avx512)
            return stress_avx512::pull_rows<D>(given.own, sources.data(), given.wanted,
                                               given.n_sources, given.dim, first, last,
                                               {pull, stress});
        if (variant == Variant::avx2)
            return stress_avx2::pull_rows<D>(given.own, sources.data(), given.wanted,
                                             given.n_sources, given.dim, first, last,
                                             {pull, stress});
#endif
        (void)variant;
        stress_baseline::pull_rows<D>(given.own, sources.data(), given.wanted, given.n_sources,
                                      given.dim, first, last, {pull, stress});
    });
}

}  // namespace driftglass

// Tiles of the processor's matrix unit (AMX), where the system lends them.
#pragma once

#include "cpu.hpp"

#if DRIFTGLASS_X86 && defined(__linux__) && defined(__GNUC__)
#define DRIFTGLASS_AMX 1
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#define DRIFTGLASS_AMX_TARGET __attribute__((target("avx512f,amx-tile,amx-int8")))
#else
#define DRIFTGLASS_AMX 0
#endif

namespace driftglass {

#if DRIFTGLASS_AMX

// Linux gives a process the eight kilobytes of tile state on request only.
inline bool tiles_granted() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned tile = 1u << 24, int8 = 1u << 25;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & tile) == 0 || (d & int8) == 0)
        return false;
    constexpr long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

struct alignas(64) TileShapes {
    unsigned char palette = 1, start_row = 0, reserved[14] = {};
    unsigned short bytes_per_row[16] = {};
    unsigned char rows[16] = {};
};

// All eight tiles of a thread as sixteen rows of 64 bytes, until the end of the scope.
class Tiles {
public:
    DRIFTGLASS_AMX_TARGET Tiles() {
        TileShapes shapes;
        for (int tile = 0; tile < 8; ++tile) {
            shapes.rows[tile] = 16;
            shapes.bytes_per_row[tile] = 64;
        }
        // The compiler's own intrinsic says that it reads eight bytes, and the rest isn't written.
        __asm__ volatile("ldtilecfg %0" ::"m"(shapes));
    }
    DRIFTGLASS_AMX_TARGET ~Tiles() { _tile_release(); }
    Tiles(const Tiles &) = delete;
    Tiles &operator=(const Tiles &) = delete;
};

#else

inline bool tiles_granted() { return false; }

#endif

}  // namespace driftglass

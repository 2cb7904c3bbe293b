#include "tile.h"

#include <algorithm>
#include <cstring>

// The same code for two instruction sets. Pragmas, not the target_clones attribute: g++ splits vectors into what the
// processor has before it makes the clones.
namespace emu {

namespace plain {
#include "tile.inc"
}

#ifdef __x86_64__
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#include "tile.inc"
}
#pragma GCC pop_options
#endif

static void multiply_add_part(int rows, int columns, int depth, Left a, Right b, Sum c) {
#ifdef __x86_64__
    static const bool has_avx2 = __builtin_cpu_supports("avx2");
    if (has_avx2) return avx2::multiply_add_part(rows, columns, depth, a, b, c);
#endif
    plain::multiply_add_part(rows, columns, depth, a, b, c);
}

void multiply_add(int rows, int columns, int depth, Left a, Right b, Sum c) {
    constexpr int kPart = 64;
    for (int k = 0; k < depth; k += kPart)
        multiply_add_part(rows, columns, std::min(kPart, depth - k), {a.at + k * a.along, a.row, a.along},
                          {b.at + k * b.row, b.row}, c);
}

}  // namespace emu

// All kernels in one translation unit: kernels.ptx is made from it.
#include "common.cuh"
#include "draw.cuh"
#include "flat.cuh"
#include "geometry.cuh"
#include "loss.cuh"
#include "moments.cuh"
#include "optim.cuh"
#include "rows.cuh"
#include "scale.cuh"

#include "channel.cu"
#include "gather.cu"
#include "guard.cu"
#include "optim.cu"
#include "scale.cu"

namespace f32 {
using T = float;
#define SUFFIX _f32
#include "typed.cuh"
#undef SUFFIX
} // namespace f32

namespace f16 {
using T = __half;
#define SUFFIX _f16
#include "typed.cuh"
#undef SUFFIX
} // namespace f16

namespace bf16 {
using T = __nv_bfloat16;
#define SUFFIX _bf16
#include "typed.cuh"
#undef SUFFIX
} // namespace bf16

// The kernels for each element type that need tensor cores, compiled to tensor_f32.ptx, tensor_f16.ptx and
// tensor_bf16.ptx for compute capability 8.0 and later.
#include "common.cuh"
#include "convolution.cuh"
#include "mma.cuh"
#include "overlap.cuh"
#include "wgrad_block.cuh"

namespace TYPE {
#include "conv_mma.cu"
#include "conv_wgrad.cu"
#include "product.cu"
} // namespace TYPE

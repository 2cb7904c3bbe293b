// The kernels that need tensor cores, once per element type: tensor_f32.ptx, tensor_f16.ptx and tensor_bf16.ptx are made
// from them, for compute capability 8.0 and later.
#include "common.cuh"
#include "convolution.cuh"
#include "mma.cuh"
#include "wgrad_block.cuh"

namespace TYPE {
#include "conv_mma.cu"
#include "conv_wgrad.cu"
#include "product.cu"
} // namespace TYPE

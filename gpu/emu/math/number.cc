#include "number.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace emu {

float read_number(cudaDataType_t type, const void *array, size_t i) {
    switch (type) {
    case CUDA_R_16F: return __half2float(static_cast<const __half *>(array)[i]);
    case CUDA_R_16BF: return __bfloat162float(static_cast<const __nv_bfloat16 *>(array)[i]);
    default: return static_cast<const float *>(array)[i];
    }
}

void write_number(cudaDataType_t type, void *array, size_t i, float value) {
    switch (type) {
    case CUDA_R_16F: static_cast<__half *>(array)[i] = __float2half_rn(value); break;
    case CUDA_R_16BF: static_cast<__nv_bfloat16 *>(array)[i] = __float2bfloat16_rn(value); break;
    default: static_cast<float *>(array)[i] = value;
    }
}

size_t number_bytes(cudaDataType_t type) { return type == CUDA_R_32F ? 4 : 2; }

float to_tf32(float value) {
    if (!std::isfinite(value)) return value;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x1000) & 0xffffe000;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

}  // namespace emu

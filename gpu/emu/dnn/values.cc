#include "values.h"

#include "../math/number.h"

namespace emu {
namespace {

cudaDataType_t number_type(cudnnDataType_t type) {
    switch (type) {
    case CUDNN_DATA_HALF: return CUDA_R_16F;
    case CUDNN_DATA_BFLOAT16: return CUDA_R_16BF;
    default: return CUDA_R_32F;
    }
}

// each calls f(i, at) for the ith value in the order N, H, W, C and its place in memory.
template <typename F> void each(const cudnnTensorStruct &t, F f) {
    size_t i = 0;
    for (int n = 0; n < t.dim[0]; n++)
        for (int h = 0; h < t.dim[2]; h++)
            for (int w = 0; w < t.dim[3]; w++) {
                const size_t at = static_cast<size_t>(n) * t.stride[0] + h * t.stride[2] + w * t.stride[3];
                for (int c = 0; c < t.dim[1]; c++) f(i++, at + static_cast<size_t>(c) * t.stride[1]);
            }
}

}  // namespace

Values load(const cudnnTensorStruct &t, const void *from, bool tf32) {
    Values values(value_count(t));
    const cudaDataType_t type = number_type(t.type);
    each(t, [&](size_t i, size_t at) {
        const float v = read_number(type, from, at);
        values[i] = tf32 ? to_tf32(v) : v;
    });
    return values;
}

void store(const cudnnTensorStruct &t, void *to, const Values &values, Blend blend) {
    const cudaDataType_t type = number_type(t.type);
    each(t, [&](size_t i, size_t at) {
        const float v = blend.alpha * values[i];
        write_number(type, to, at, blend.beta == 0 ? v : v + blend.beta * read_number(type, to, at));
    });
}

}  // namespace emu

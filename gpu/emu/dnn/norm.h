// What batch normalisation's functions have in common: their descriptors and sizes.
#pragma once

#include "dnn.h"

namespace emu {

// Norm is a normalisation whose descriptors fit each other.
struct Norm {
    cudnnTensorStruct x;
    size_t channels;
};

// norm_of checks the mode and x. It refuses bfloat16, which no documentation of these functions names.
Norm norm_of(cudnnBatchNormMode_t mode, cudnnTensorDescriptor_t x);

// require_alone refuses whatever is to be fused with it.
void require_alone(cudnnBatchNormOps_t ops);

// The other descriptors are violations unless they fit: y, dy and dx are like x, the parameters 1, C, 1, 1 in float.
void require_like_x(const Norm &n, cudnnTensorDescriptor_t desc, const char *what);
void require_parameters(const Norm &n, cudnnTensorDescriptor_t desc);

// Bytes that stand for what a real cuDNN chooses: no two alike, and none 0.
size_t forward_workspace(const Norm &n);
size_t backward_workspace(const Norm &n);
size_t reserve_bytes(const Norm &n);

}  // namespace emu

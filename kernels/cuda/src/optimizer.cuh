// The structs that the optimisers' kernels take by value. Go's structs of the same names mirror them.
#pragma once

#include "common.cuh"

// Mirror is a 16-bit copy of the parameters, which an update also writes. If p is null, there is none.
struct Mirror {
    void *p;
    Flag bf16;

    template <int V> __device__ void put(unsigned i, const Floats<V> &w) const {
        if (!p) return;
        if (bf16) {
            store(static_cast<__nv_bfloat16 *>(p) + i, w);
        } else {
            store(static_cast<__half *>(p) + i, w);
        }
    }
};

struct AdamParams {
    float beta1, beta2, eps, one_minus_beta1, one_minus_beta2;
};

struct SGDParams {
    float momentum, decay;
    Flag nesterov;
};

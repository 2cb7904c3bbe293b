// What optimisers take by value. Go's structs of these names mirror them.
#pragma once

#include "common.cuh"

// Mirror is a 16-bit copy of the parameters that an update keeps up; at address 0 there is none.
struct Mirror {
    void *p;
    Flag brain;

    template <int V> __device__ void put(unsigned i, const Floats<V> &w) const {
        if (!p) return;
        if (brain) {
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

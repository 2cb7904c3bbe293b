// Constants of an optimiser's formula, taken by value. Go's structs of these names mirror them.
#pragma once

#include "common.cuh"

struct AdamParams {
    float beta1, beta2, eps, one_minus_beta1, one_minus_beta2;
};

struct SGDParams {
    float momentum, decay;
    Flag nesterov;
};

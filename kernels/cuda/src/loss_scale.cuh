#pragma once

#include "common.cuh"

// ScaleState is the state of dynamic loss scaling between steps. Go's ScaleState mirrors it.
struct ScaleState {
    float scale, inv;          // the loss is multiplied by scale, gradients by inv = 1/scale
    int32_t found, skip, good; // a gradient is NaN or infinite; skip this update; steps since scale last changed
};

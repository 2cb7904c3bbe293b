#pragma once

#include "common.cuh"

// Sample is one image of a batch: its index in the data set and how it is augmented. Go's Draw mirrors it.
struct Sample {
    int32_t index;
    int8_t dy, dx;
    uint8_t flip, unused;
};

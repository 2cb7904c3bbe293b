#pragma once

#include "common.cuh"

// Draw says which image a place in the batch gets and how it is augmented. Go's Draw mirrors it.
struct Draw {
    int32_t index;
    int8_t dy, dx;
    uint8_t flip, unused;
};

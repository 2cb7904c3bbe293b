// Sums that were split and left in parts.
#pragma once

// SplitSums are vectors of `size` floats, each the sum of `splits` that lie behind each other in part. Kernels take it by
// value; Go's SplitSums mirrors it.
struct SplitSums {
    static constexpr unsigned most = 24;
    const float *part[most];
    float *sum[most];
    unsigned size[most];
    unsigned splits[most];
    unsigned first[most]; // of the vector's blocks
};

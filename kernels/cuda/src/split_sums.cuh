// Sums of many vectors that an earlier launch has left as partial sums.
#pragma once

// SplitSums describes up to max_sums vectors of `size` floats. Each is the sum of `splits` vectors, stored one after
// the other in part. Kernels take it by value; Go's SplitSums mirrors it.
struct SplitSums {
    static constexpr unsigned max_sums = 24;
    const float *part[max_sums];
    float *sum[max_sums];
    unsigned size[max_sums];
    unsigned splits[max_sums];
    unsigned first[max_sums]; // index of the first block that computes the vector
};

#pragma once

// LossPart is a block's share of the metrics: the sum of its images' losses and how many it has correct.
struct LossPart {
    double loss, correct;
};

// warp_sum adds up over a warp; every lane gets the sum.
__device__ inline double warp_sum(double v) {
    for (int lane = 16; lane > 0; lane /= 2) v += __shfl_xor_sync(0xffffffff, v, lane);
    return v;
}

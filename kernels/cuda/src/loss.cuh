// Softmax and cross-entropy, in double as on the CPU: ten classes an image are nothing beside the network.
#pragma once

#include "last_block.cuh"
#include "row_loops.cuh"

// LossPart is a block's share of the metrics: the sum of its images' losses and how many it has correct.
struct LossPart {
    double loss, correct;
};

// warp_sum adds up over a warp; every lane gets the sum.
__device__ inline double warp_sum(double v) {
    for (int lane = 16; lane > 0; lane /= 2) v += __shfl_xor_sync(0xffffffff, v, lane);
    return v;
}

// image_loss is made by a warp for one image: it adds its loss to total[0], and 1 to total[1] if the first largest logit
// is the label's, both in lane 0. leave(k, p, t) is called with the probability and the target of each class.
template <typename T, typename F>
__device__ inline void image_loss(const T *z, unsigned label, double on, double off, unsigned classes, double (&total)[2],
                                  F leave) {
    const unsigned lane = threadIdx.x % 32;
    // As on the CPU a NaN is never larger, and none is larger than a NaN in front.
    double top = -INFINITY;
    unsigned best = UINT_MAX;
    auto raise = [&](double v, unsigned k) {
        if (v > top || (v == top && k < best)) top = v, best = k;
    };
    for (unsigned k = lane; k < classes; k += 32) raise(widen(z[k]), k);
    for (int other = 16; other > 0; other /= 2) {
        const double v = __shfl_xor_sync(0xffffffff, top, other);
        raise(v, __shfl_xor_sync(0xffffffff, best, other));
    }
    const float front = widen(z[0]);
    if (front != front) top = front, best = 0;

    double sum = 0;
    for (unsigned k = lane; k < classes; k += 32) sum += exp(widen(z[k]) - top);
    const double log_sum = top + log(warp_sum(sum));
    double loss = 0;
    for (unsigned k = lane; k < classes; k += 32) {
        const double t = k == label ? on : off, log_p = widen(z[k]) - log_sum;
        if (t != 0) loss -= t * log_p;
        leave(k, float(exp(log_p)), t);
    }
    loss = warp_sum(loss);
    if (lane == 0) {
        total[0] += loss;
        total[1] += best == label;
    }
}

// loss_gradient is that of a batch's mean loss by a logit, times the loss scale.
__device__ inline double loss_gradient(float p, double t, unsigned n, double scale) { return (p - t) / n * scale; }

// add_metrics adds the blocks' totals to metrics. Blocks leave their sums in part; the last one to finish adds these up in
// order. Every thread of the block must call it.
__device__ inline void add_metrics(double (&total)[2], double *metrics, LossPart *part, unsigned *done) {
    block_sum(total, 1);
    if (threadIdx.x == 0) part[blockIdx.x] = {total[0], total[1]};
    if (!last_block(done)) return;
    total[0] = total[1] = 0;
    for (unsigned b = threadIdx.x; b < gridDim.x; b += blockDim.x) {
        total[0] += part[b].loss;
        total[1] += part[b].correct;
    }
    block_sum(total, 1);
    if (threadIdx.x == 0) {
        metrics[0] += total[0];
        metrics[1] += total[1];
    }
}

// Softmax and cross-entropy, in double as on the CPU: with few classes per image, this costs little.
#pragma once

#include "last_block.cuh"
#include "row_loops.cuh"

// LossPart is the metrics of one block's images: the sum of their losses, and how many are classified correctly.
struct LossPart {
    double loss, correct;
};

// warp_sum is the sum of v over the lanes of a warp, in every lane.
__device__ inline double warp_sum(double v) {
    for (int lane = 16; lane > 0; lane /= 2) v += __shfl_xor_sync(0xffffffff, v, lane);
    return v;
}

// image_loss computes one image with one warp. Lane 0 adds the loss to total[0], and 1 to total[1] if the first of the
// largest logits is that of the label. emit(k, p, t) is called with the probability and the target of each class.
template <typename T, typename F>
__device__ inline void image_loss(const T *z, unsigned label, double on, double off, unsigned classes,
                                  double (&total)[2], F emit) {
    const unsigned lane = threadIdx.x % 32;
    // As on the CPU, v > top is false for a NaN on either side: a NaN only becomes the maximum as the first logit.
    double top = -INFINITY;
    unsigned best = UINT_MAX;
    auto consider = [&](double v, unsigned k) {
        if (v > top || (v == top && k < best)) top = v, best = k;
    };
    for (unsigned k = lane; k < classes; k += 32) consider(widen(z[k]), k);
    for (int other = 16; other > 0; other /= 2) {
        const double v = __shfl_xor_sync(0xffffffff, top, other);
        consider(v, __shfl_xor_sync(0xffffffff, best, other));
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
        emit(k, float(exp(log_p)), t);
    }
    loss = warp_sum(loss);
    if (lane == 0) {
        total[0] += loss;
        total[1] += best == label;
    }
}

// loss_gradient is the gradient of the mean loss of n images by a logit, times the loss scale.
__device__ inline double loss_gradient(float p, double t, unsigned n, double scale) { return (p - t) / n * scale; }

// add_metrics adds the totals of all blocks to metrics. Each block writes its sums to part, and the last one to finish
// adds these up in a fixed order. Every thread of the block must call it.
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

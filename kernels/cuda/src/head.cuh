// What follows the matrix product of a hidden layer: bias, ReLU, the classifier, softmax and loss.
#pragma once

#include "loss.cuh"
#include "warp_reduce.cuh"

// Head has the operands; the documentation of Go's Head has the formulas. Kernels take it by value.
struct Head {
    const void *z;
    const float *bias, *weight, *out_bias;
    const int32_t *labels;
    const float *scale;
    float *logits, *probs, *gradient;
    double on, off;
    unsigned n, features, classes;
    Flag relu;

    static constexpr int CLASSES = 32; // at most

    // hidden is V features of an image: h = z + bias, with ReLU max(h, 0), not rounded to T.
    template <int V, typename T> __device__ Floats<V> hidden(unsigned image, unsigned feature) const {
        Floats<V> h = load<V>(static_cast<const T *>(z) + image * features + feature);
        if (bias) h = plus(h, load<V>(bias + feature));
        return relu ? apply<V>(positive, h) : h;
    }
};

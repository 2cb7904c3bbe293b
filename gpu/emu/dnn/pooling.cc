// Pooling: the mean over windows with padding counted, and the largest value.
#include <algorithm>
#include <cmath>

#include "values.h"

namespace emu {
namespace {

// Pool is a pooling whose descriptors fit each other.
struct Pool {
    cudnnPoolingStruct how;
    cudnnTensorStruct x, y;
};

Pool pool_of(cudnnPoolingDescriptor_t pooling, cudnnTensorDescriptor_t x_desc, cudnnTensorDescriptor_t y_desc) {
    const Pool p{pooling_of(pooling), tensor_of(x_desc, "x"), tensor_of(y_desc, "y")};
    require(p.x.type == p.y.type, CUDA_ERROR_INVALID_VALUE, "the types of x and y are %d and %d", p.x.type, p.y.type);
    if (p.x.type == CUDNN_DATA_BFLOAT16) refuse(CUDA_ERROR_NOT_SUPPORTED, "no pooling of bfloat16");
    const bool known = p.how.mode == CUDNN_POOLING_MAX || p.how.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
    if (!known) refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation has no pooling mode %d", p.how.mode);
    const int oh = outputs(p.x.dim[2], p.how.window[0], p.how.pad[0], p.how.stride[0]),
              ow = outputs(p.x.dim[3], p.how.window[1], p.how.pad[1], p.how.stride[1]);
    const bool fits = p.y.dim[0] == p.x.dim[0] && p.y.dim[1] == p.x.dim[1] && p.y.dim[2] == oh && p.y.dim[3] == ow;
    require(fits, CUDA_ERROR_INVALID_VALUE, "y is %d,%d,%d,%d, want %d,%d,%d,%d", p.y.dim[0], p.y.dim[1], p.y.dim[2],
            p.y.dim[3], p.x.dim[0], p.x.dim[1], oh, ow);
    return p;
}

// each_pixel calls f(out, in) for each value of y and each pixel of the image in its window, in rows.
template <typename F> void each_pixel(const Pool &p, F f) {
    const int c = p.x.dim[1], h = p.x.dim[2], w = p.x.dim[3];
    size_t out = 0;
    for (int n = 0; n < p.y.dim[0]; n++)
        for (int oh = 0; oh < p.y.dim[2]; oh++)
            for (int ow = 0; ow < p.y.dim[3]; ow++, out += c) {
                const int top = oh * p.how.stride[0] - p.how.pad[0], left = ow * p.how.stride[1] - p.how.pad[1];
                for (int y = std::max(top, 0); y < std::min(top + p.how.window[0], h); y++)
                    for (int x = std::max(left, 0); x < std::min(left + p.how.window[1], w); x++) {
                        const size_t in = ((static_cast<size_t>(n) * h + y) * w + x) * c;
                        for (int k = 0; k < c; k++) f(out + k, in + k);
                    }
            }
}

constexpr size_t kNone = -1;

// largest is where each value of y comes from: the first of the largest, or the first NaN where those count.
std::vector<size_t> largest(const Pool &p, const Values &x, size_t outputs) {
    std::vector<size_t> from(outputs, kNone);
    const bool nan_wins = p.how.nan == CUDNN_PROPAGATE_NAN;
    each_pixel(p, [&](size_t out, size_t in) {
        size_t &best = from[out];
        if (best == kNone || x[in] > x[best] || (std::isnan(x[in]) && nan_wins && !std::isnan(x[best]))) best = in;
    });
    return from;
}

Values forward(const Pool &p, const Values &x) {
    Values y(value_count(p.y));
    if (p.how.mode == CUDNN_POOLING_MAX) {
        const std::vector<size_t> from = largest(p, x, y.size());
        for (size_t i = 0; i < y.size(); i++) y[i] = x[from[i]];
    } else {
        each_pixel(p, [&](size_t out, size_t in) { y[out] += x[in]; });
        for (float &v : y) v /= static_cast<float>(p.how.window[0] * p.how.window[1]);
    }
    return y;
}

Values backward(const Pool &p, const Values &x, const Values &dy) {
    Values dx(value_count(p.x));
    if (p.how.mode == CUDNN_POOLING_MAX) {
        const std::vector<size_t> from = largest(p, x, dy.size());
        for (size_t i = 0; i < dy.size(); i++) dx[from[i]] += dy[i];
    } else {
        const float share = 1.0f / static_cast<float>(p.how.window[0] * p.how.window[1]);
        each_pixel(p, [&](size_t out, size_t in) { dx[in] += share * dy[out]; });
    }
    return dx;
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t pooling, const void *alpha,
                                  cudnnTensorDescriptor_t x_desc, const void *x, const void *beta,
                                  cudnnTensorDescriptor_t y_desc, void *y) {
    return dnn(__func__, kGivesWork, [&] {
        const Pool p = pool_of(pooling, x_desc, y_desc);
        const Blend blend = blend_of(alpha, beta);
        const Use from = use_of(p.x, x, "x"), to = use_of(p.y, y, "y");
        require_apart(from, to);
        give_dnn(handle_of(handle), {from, to}, [=] { store(p.y, y, forward(p, load(p.x, x)), blend); });
    });
}

cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t handle, cudnnPoolingDescriptor_t pooling, const void *alpha,
                                   cudnnTensorDescriptor_t y_desc, const void *y, cudnnTensorDescriptor_t dy_desc,
                                   const void *dy, cudnnTensorDescriptor_t x_desc, const void *x, const void *beta,
                                   cudnnTensorDescriptor_t dx_desc, void *dx) {
    return dnn(__func__, kGivesWork, [&] {
        const Pool p = pool_of(pooling, x_desc, y_desc), d = pool_of(pooling, dx_desc, dy_desc);
        require(d.x.type == p.x.type && same_shape(d.x, p.x), CUDA_ERROR_INVALID_VALUE, "dx is not like x");
        const Blend blend = blend_of(alpha, beta);
        const Use out = use_of(p.y, y, "y"), gradient = use_of(d.y, dy, "dy"), in = use_of(p.x, x, "x"),
                  to = use_of(d.x, dx, "dx");
        for (const Use &u : {out, gradient, in}) require_apart(u, to);
        give_dnn(handle_of(handle), {out, gradient, in, to},
                 [=] { store(d.x, dx, backward(p, load(p.x, x), load(d.y, dy)), blend); });
    });
}

}  // extern "C"

}  // namespace emu

// Pooling against plain loops.
#include <algorithm>
#include <limits>

#include "dnn.h"

namespace {

struct Pooling {
    int window[2], pad[2], stride[2];
    cudnnPoolingMode_t mode;
    cudnnPoolingDescriptor_t descriptor;

    Pooling(cudnnPoolingMode_t m, int window_h, int window_w, int pad_h, int pad_w, int stride_h, int stride_w)
        : window{window_h, window_w}, pad{pad_h, pad_w}, stride{stride_h, stride_w}, mode(m) {
        CHECK_EQUAL(cudnnCreatePoolingDescriptor(&descriptor), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetPooling2dDescriptor(descriptor, mode, CUDNN_PROPAGATE_NAN, window_h, window_w, pad_h, pad_w,
                                                stride_h, stride_w),
                    CUDNN_STATUS_SUCCESS);
    }
    ~Pooling() { cudnnDestroyPoolingDescriptor(descriptor); }

    Shape out(Shape x) const {
        return {x.n, x.c, (x.h + 2 * pad[0] - window[0]) / stride[0] + 1,
                (x.w + 2 * pad[1] - window[1]) / stride[1] + 1};
    }

    // inside calls f with the places of a window's pixels.
    template <typename F> void inside(Shape x, cudnnTensorFormat_t format, int n, int c, int oh, int ow, F f) const {
        for (int r = 0; r < window[0]; r++)
            for (int s = 0; s < window[1]; s++) {
                const int h = oh * stride[0] - pad[0] + r, w = ow * stride[1] - pad[1] + s;
                if (h >= 0 && h < x.h && w >= 0 && w < x.w) f(x.at(format, n, c, h, w));
            }
    }
};

void check_pooling(cudaDataType_t type, cudnnTensorFormat_t format, const Pooling &p, Shape xs) {
    const Handle handle;
    const Shape ys = p.out(xs);
    const Tensor xd(type, xs, format), yd(type, ys, format);
    const Numbers x(type, random_values(xs.count(), 1)), y(type, random_values(ys.count(), 2)),
        dy(type, random_values(ys.count(), 3)), dx(type, random_values(xs.count(), 4));
    const std::vector<double> xv = x.values(), yv = y.values(), dyv = dy.values(), dxv = dx.values();
    std::vector<double> want(yv.size()), gradient(xv.size());
    const int area = p.window[0] * p.window[1];
    for (int n = 0; n < ys.n; n++)
        for (int c = 0; c < ys.c; c++)
            for (int oh = 0; oh < ys.h; oh++)
                for (int ow = 0; ow < ys.w; ow++) {
                    const size_t out = ys.at(format, n, c, oh, ow);
                    if (p.mode == CUDNN_POOLING_MAX) {
                        size_t best = xv.size();
                        p.inside(xs, format, n, c, oh, ow,
                                 [&](size_t in) { best = best == xv.size() || xv[in] > xv[best] ? in : best; });
                        want[out] = xv[best];
                        gradient[best] += dyv[out];
                    } else {
                        p.inside(xs, format, n, c, oh, ow, [&](size_t in) {
                            want[out] += xv[in] / area;
                            gradient[in] += dyv[out] / area;
                        });
                    }
                }
    const float alpha = 1.5, beta = -0.5;
    for (size_t i = 0; i < want.size(); i++) want[i] = alpha * want[i] + beta * yv[i];
    for (size_t i = 0; i < gradient.size(); i++) gradient[i] = alpha * gradient[i] + beta * dxv[i];
    CHECK_EQUAL(cudnnPoolingForward(handle.handle, p.descriptor, &alpha, xd.descriptor, x.pointer(), &beta,
                                    yd.descriptor, y.pointer()),
                CUDNN_STATUS_SUCCESS);
    // Float sums of at most 9 values, then one rounding.
    const double tolerance = 16 * 0x1p-24 + precision(type);
    check_all("y", y.values(), want, tolerance);
    CHECK_EQUAL(cudnnPoolingBackward(handle.handle, p.descriptor, &alpha, yd.descriptor, y.pointer(), yd.descriptor,
                                     dy.pointer(), xd.descriptor, x.pointer(), &beta, xd.descriptor, dx.pointer()),
                CUDNN_STATUS_SUCCESS);
    check_all("dx", dx.values(), gradient, tolerance);
}

}  // namespace

TEST(pooling_of_both_sorts) {
    const Device device;
    for (const cudaDataType_t type : {CUDA_R_32F, CUDA_R_16F})
        for (const cudnnTensorFormat_t format : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW})
            for (const cudnnPoolingMode_t mode : {CUDNN_POOLING_MAX, CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING}) {
                check_pooling(type, format, Pooling(mode, 2, 2, 0, 0, 2, 2), {3, 5, 8, 6});
                check_pooling(type, format, Pooling(mode, 3, 2, 1, 1, 2, 1), {2, 7, 7, 9});
                check_pooling(type, format, Pooling(mode, 3, 3, 2, 0, 1, 3), {1, 1, 4, 8});
            }
}

TEST(nan_is_the_largest) {
    const Device device;
    const Handle handle;
    const float nan = std::numeric_limits<float>::quiet_NaN(), one = 1, zero = 0;
    const Pooling p(CUDNN_POOLING_MAX, 2, 2, 0, 0, 2, 2);
    const Tensor xd(CUDA_R_32F, {1, 1, 2, 2}), yd(CUDA_R_32F, {1, 1, 1, 1});
    const Numbers x(CUDA_R_32F, std::vector<double>{1, nan, 5, 2}), y(CUDA_R_32F, 1);
    CHECK_EQUAL(cudnnPoolingForward(handle.handle, p.descriptor, &one, xd.descriptor, x.pointer(), &zero, yd.descriptor,
                                    y.pointer()),
                CUDNN_STATUS_SUCCESS);
    CHECK(std::isnan(y.values()[0]));
    CHECK_EQUAL(cudnnSetPooling2dDescriptor(p.descriptor, CUDNN_POOLING_MAX, CUDNN_NOT_PROPAGATE_NAN, 2, 2, 0, 0, 2, 2),
                CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnPoolingForward(handle.handle, p.descriptor, &one, xd.descriptor, x.pointer(), &zero, yd.descriptor,
                                    y.pointer()),
                CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(y.values()[0], 5.0);
}

TEST(pooling_that_makes_no_sense) {
    const Device device;
    const Handle handle;
    const float one = 1;
    const Numbers memory(CUDA_R_32F, 256);
    char *const at = static_cast<char *>(memory.pointer());
    const auto pool = [&](const Pooling &p, const Tensor &x, const Tensor &y, void *to) {
        return cudnnPoolingForward(handle.handle, p.descriptor, &one, x.descriptor, at, &one, y.descriptor, to);
    };
    const Pooling p(CUDNN_POOLING_MAX, 2, 2, 0, 0, 2, 2);
    const Tensor x(CUDA_R_32F, {1, 1, 8, 8}), y(CUDA_R_32F, {1, 1, 4, 4});
    CHECK_EQUAL(pool(p, x, y, at + 256), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(pool(p, x, y, at + 240), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(pool(p, x, y, at + 992), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(pool(p, x, Tensor(CUDA_R_32F, {1, 1, 4, 3}), at + 256), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(pool(p, x, Tensor(CUDA_R_16F, {1, 1, 4, 4}), at + 256), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(pool(p, Tensor(CUDA_R_16BF, {1, 1, 8, 8}), Tensor(CUDA_R_16BF, {1, 1, 4, 4}), at + 256),
                CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(cudnnSetPooling2dDescriptor(p.descriptor, CUDNN_POOLING_MAX, CUDNN_PROPAGATE_NAN, 2, 2, 2, 0, 1, 1),
                CUDNN_STATUS_BAD_PARAM);
}

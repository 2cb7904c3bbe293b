// Convolutions against plain loops, and what cuDNN's functions refuse.
#include "small.h"

namespace {

// Case is a convolution with its tensors.
struct Case {
    cudaDataType_t type;
    cudnnTensorFormat_t format;
    Shape x, w;
    const Convolution &how;

    Shape y() const { return {x.n, w.n, how.out(0, x.h, w.h), how.out(1, x.w, w.w)}; }

    // each calls f(x, w, y) with the places that belong to each product.
    template <typename F> void each(F f) const {
        const Shape y_shape = y();
        for (int n = 0; n < x.n; n++)
            for (int k = 0; k < w.n; k++)
                for (int oh = 0; oh < y_shape.h; oh++)
                    for (int ow = 0; ow < y_shape.w; ow++)
                        for (int c = 0; c < x.c; c++)
                            for (int r = 0; r < w.h; r++)
                                for (int s = 0; s < w.w; s++) {
                                    const int h = oh * how.stride[0] - how.pad[0] + r * how.dilation[0],
                                              q = ow * how.stride[1] - how.pad[1] + s * how.dilation[1];
                                    if (h < 0 || h >= x.h || q < 0 || q >= x.w) continue;
                                    f(x.at(format, n, c, h, q), w.at(format, k, c, r, s),
                                      y_shape.at(format, n, k, oh, ow));
                                }
    }
};

const float kAlpha = 1.5, kBeta = -0.5;

// blended is alpha sums + beta old.
std::vector<double> blended(const std::vector<double> &sums, const std::vector<double> &old) {
    std::vector<double> v(sums.size());
    for (size_t i = 0; i < v.size(); i++) v[i] = kAlpha * sums[i] + kBeta * old[i];
    return v;
}

// check_passes runs a case forward and backward with each algorithm that is supported.
void check_passes(const Case &c) {
    const Handle h;
    const Tensor xd(c.type, c.x, c.format), yd(c.type, c.y(), c.format);
    const Filter wd(c.type, c.w, c.format);
    const cudnnConvolutionDescriptor_t how = c.how.descriptor;
    const Array<char> workspace(1 << 16);
    // Sums of at most 2000 products in float, then one rounding.
    const double tolerance = 2000 * 0x1p-24 + precision(c.type);
    for (const int algorithm : {0, 1, 3}) {
        const Numbers x(c.type, random_values(c.x.count(), 1)), w(c.type, random_values(c.w.count(), 2)),
            y(c.type, random_values(c.y().count(), 3));
        const std::vector<double> xv = x.values(), wv = w.values(), yv = y.values();
        std::vector<double> forward(yv.size()), data(xv.size()), filter(wv.size());
        c.each([&](size_t ix, size_t iw, size_t iy) {
            forward[iy] += xv[ix] * wv[iw];
            data[ix] += yv[iy] * wv[iw];
            filter[iw] += yv[iy] * xv[ix];
        });
        if (algorithm < 2) {
            const Numbers dx(c.type, random_values(c.x.count(), 4));
            const std::vector<double> want = blended(data, dx.values());
            CHECK_EQUAL(
                cudnnConvolutionBackwardData(h.handle, &kAlpha, wd.descriptor, w.pointer(), yd.descriptor, y.pointer(),
                                             how, static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm),
                                             workspace.pointer(), workspace.n, &kBeta, xd.descriptor, dx.pointer()),
                CUDNN_STATUS_SUCCESS);
            check_all("dx", dx.values(), want, tolerance);
        }
        const Numbers dw(c.type, random_values(c.w.count(), 5));
        const std::vector<double> want = blended(filter, dw.values());
        CHECK_EQUAL(
            cudnnConvolutionBackwardFilter(h.handle, &kAlpha, xd.descriptor, x.pointer(), yd.descriptor, y.pointer(),
                                           how, static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm),
                                           workspace.pointer(), workspace.n, &kBeta, wd.descriptor, dw.pointer()),
            CUDNN_STATUS_SUCCESS);
        check_all("dw", dw.values(), want, tolerance);
        if (algorithm < 2) {
            CHECK_EQUAL(cudnnConvolutionForward(h.handle, &kAlpha, xd.descriptor, x.pointer(), wd.descriptor,
                                                w.pointer(), how, static_cast<cudnnConvolutionFwdAlgo_t>(algorithm),
                                                workspace.pointer(), workspace.n, &kBeta, yd.descriptor, y.pointer()),
                        CUDNN_STATUS_SUCCESS);
            check_all("y", y.values(), blended(forward, yv), tolerance);
        }
    }
}

}  // namespace

TEST(convolutions_of_all_types) {
    const Device device;
    const Convolution same(1, 1, 1, 1), strided(2, 1, 2, 3), one(0, 0, 1, 1), dilated(2, 3, 1, 2, 2, 3);
    for (const cudaDataType_t type : kTypes)
        for (const cudnnTensorFormat_t format : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW}) {
            check_passes({type, format, {2, 5, 7, 6}, {18, 5, 3, 3}, same});
            check_passes({type, format, {3, 17, 8, 9}, {4, 17, 5, 3}, strided});
            check_passes({type, format, {1, 16, 3, 5}, {33, 16, 1, 1}, one});
            check_passes({type, format, {2, 1, 9, 8}, {16, 1, 3, 2}, dilated});
        }
}

TEST(convolutions_that_make_no_sense) {
    const Device device;
    Small c;
    const float one = 1;
    char *const x = static_cast<char *>(c.xp.pointer());
    const auto forward = [&](const void *from, void *to) { return c.forward(0, from, to, nullptr, 0); };
    CHECK_EQUAL(forward(x, c.yp.pointer()), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(forward(nullptr, c.yp.pointer()), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(forward(x + 4, c.yp.pointer()), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(forward(x + 16, c.yp.pointer()), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(forward(x, x), CUDNN_STATUS_BAD_PARAM);
    const auto with = [&](const Tensor &xd, const Filter &wd, const Convolution &how, const Tensor &yd, int algorithm) {
        return cudnnConvolutionForward(c.h.handle, &one, xd.descriptor, x, wd.descriptor, c.wp.pointer(),
                                       how.descriptor, static_cast<cudnnConvolutionFwdAlgo_t>(algorithm), nullptr, 0,
                                       &one, yd.descriptor, c.yp.pointer());
    };
    CHECK_EQUAL(with(c.x, c.w, c.how, c.y, 0), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(with(c.x, c.w, c.how, c.y, CUDNN_CONVOLUTION_FWD_ALGO_FFT), CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(with(c.x, c.w, Convolution(1, 0, 1, 1), c.y, 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(with(c.x, c.w, c.how, Tensor(CUDA_R_32F, {2, 9, 6, 6}), 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(with(c.x, c.w, c.how, Tensor(CUDA_R_16F, {2, 8, 6, 6}), 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(with(c.x, c.w, c.how, Tensor(CUDA_R_32F, {2, 8, 6, 6}, CUDNN_TENSOR_NCHW), 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(with(Tensor(CUDA_R_32F, {2, 3, 6, 6}), c.w, c.how, c.y, 0), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(with(c.x, Filter(CUDA_R_32F, {8, 4, 9, 3}), c.how, c.y, 0), CUDNN_STATUS_BAD_PARAM);
}

TEST(descriptors_must_be_made_and_set) {
    const Device device;
    const Handle h;
    cudnnTensorDescriptor_t t, derived;
    CHECK_EQUAL(cudnnCreateTensorDescriptor(&t), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnCreateTensorDescriptor(&derived), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnDeriveBNTensorDescriptor(derived, t, CUDNN_BATCHNORM_SPATIAL), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 0, 1, 1), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, CUDNN_DATA_INT8, 1, 1, 1, 1),
                CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnDeriveBNTensorDescriptor(derived, t, CUDNN_BATCHNORM_SPATIAL), CUDNN_STATUS_SUCCESS);
    for (cudnnTensorDescriptor_t d : {t, derived}) CHECK_EQUAL(cudnnDestroyTensorDescriptor(d), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnDestroyTensorDescriptor(t), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(nullptr, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1),
                CUDNN_STATUS_BAD_PARAM);
}

TEST(capture_freezes_the_arguments) {
    const Device device;
    Stream stream;
    Small c;
    const Numbers y(CUDA_R_32F, c.y.shape.count());
    CUgraph graph;
    CUgraphExec exec;
    const auto capture = [&] {
        CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
        const cudnnStatus_t status = c.forward(0, c.xp.pointer(), y.pointer(), nullptr, 0);
        CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph) == CUDA_SUCCESS, status == CUDNN_STATUS_SUCCESS);
        return status;
    };
    CHECK_EQUAL(capture(), CUDNN_STATUS_EXECUTION_FAILED);  // on the default stream
    CHECK_EQUAL(cudnnSetStream(c.h.handle, stream.handle), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(capture(), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    CHECK_EQUAL(
        cudnnSetConvolution2dDescriptor(c.how.descriptor, 0, 0, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
        CUDNN_STATUS_SUCCESS);
    CHECK(std::isnan(y.values()[0]));
    CHECK_EQUAL(cuGraphLaunch(exec, stream.handle), CUDA_SUCCESS);
    for (const double v : y.values()) CHECK(!std::isnan(v));
}

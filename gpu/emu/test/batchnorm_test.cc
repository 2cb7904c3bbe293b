// Batch normalisation against plain loops.
#include <algorithm>

#include "dnn.h"

namespace {

const cudnnBatchNormMode_t kMode = CUDNN_BATCHNORM_SPATIAL_PERSISTENT;
const cudnnBatchNormOps_t kAlone = CUDNN_BATCHNORM_OPS_BN;
const float kOne = 1, kZero = 0;
constexpr double kEpsilon = 1e-3, kFactor = 0.25;

// Norm is a normalisation with its memory.
struct Norm {
    Handle h;
    Shape shape;
    cudaDataType_t type;
    cudnnTensorFormat_t format;
    Tensor x, parameters{CUDA_R_32F, {1, 1, 1, 1}};
    Numbers xp, yp, dyp, dxp, weight, bias, running_mean, running_variance, saved_mean, saved_invstd, dweight, dbias;
    Array<char> workspace{4096}, reserve{4096};
    size_t forward_bytes = 0, backward_bytes = 0, reserve_bytes = 0;

    static Numbers floats(size_t n, unsigned seed, double offset = 0) {
        std::vector<double> v = random_values(n, seed);
        for (double &value : v) value += offset;
        return Numbers(CUDA_R_32F, v);
    }

    Norm(cudaDataType_t t, cudnnTensorFormat_t f, Shape s)
        : shape(s),
          type(t),
          format(f),
          x(t, s, f),
          xp(t, random_values(s.count(), 1)),
          yp(t, s.count()),
          dyp(t, random_values(s.count(), 2)),
          dxp(t, random_values(s.count(), 3)),
          weight(floats(s.c, 4)),
          bias(floats(s.c, 5)),
          running_mean(floats(s.c, 6)),
          running_variance(floats(s.c, 7, 2)),
          saved_mean(CUDA_R_32F, s.c),
          saved_invstd(CUDA_R_32F, s.c),
          dweight(CUDA_R_32F, s.c),
          dbias(CUDA_R_32F, s.c) {
        CHECK_EQUAL(cudnnDeriveBNTensorDescriptor(parameters.descriptor, x.descriptor, kMode), CUDNN_STATUS_SUCCESS);
    }

    cudnnStatus_t sizes() {
        cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(h.handle, kMode, kAlone, x.descriptor, nullptr,
                                                                 x.descriptor, parameters.descriptor, nullptr,
                                                                 &forward_bytes);
        cudnnGetBatchNormalizationBackwardExWorkspaceSize(h.handle, kMode, kAlone, x.descriptor, nullptr, x.descriptor,
                                                          nullptr, x.descriptor, parameters.descriptor, nullptr,
                                                          &backward_bytes);
        return cudnnGetBatchNormalizationTrainingExReserveSpaceSize(h.handle, kMode, kAlone, nullptr, x.descriptor,
                                                                    &reserve_bytes);
    }

    cudnnStatus_t train(void *y, double epsilon = kEpsilon, size_t less = 0) {
        return cudnnBatchNormalizationForwardTrainingEx(
            h.handle, kMode, kAlone, &kOne, &kZero, x.descriptor, xp.pointer(), nullptr, nullptr, x.descriptor, y,
            parameters.descriptor, weight.pointer(), bias.pointer(), kFactor, running_mean.pointer(),
            running_variance.pointer(), epsilon, saved_mean.pointer(), saved_invstd.pointer(), nullptr,
            workspace.pointer(), forward_bytes - less, reserve.pointer(), reserve_bytes - less);
    }

    cudnnStatus_t infer(void *y, cudnnBatchNormMode_t mode = CUDNN_BATCHNORM_SPATIAL) {
        return cudnnBatchNormalizationForwardInference(
            h.handle, mode, &kOne, &kZero, x.descriptor, xp.pointer(), x.descriptor, y, parameters.descriptor,
            weight.pointer(), bias.pointer(), running_mean.pointer(), running_variance.pointer(), kEpsilon);
    }

    cudnnStatus_t backward(void *dx, const float *beta, double epsilon = kEpsilon) {
        return cudnnBatchNormalizationBackwardEx(
            h.handle, kMode, kAlone, &kOne, beta, &kOne, &kZero, x.descriptor, xp.pointer(), nullptr, nullptr,
            x.descriptor, dyp.pointer(), nullptr, nullptr, x.descriptor, dx, parameters.descriptor, weight.pointer(),
            nullptr, dweight.pointer(), dbias.pointer(), epsilon, saved_mean.pointer(), saved_invstd.pointer(), nullptr,
            workspace.pointer(), backward_bytes, reserve.pointer(), reserve_bytes);
    }

    // each calls f with the places of channel c's values.
    template <typename F> void each(int c, F f) const {
        for (int n = 0; n < shape.n; n++)
            for (int i = 0; i < shape.h; i++)
                for (int j = 0; j < shape.w; j++) f(shape.at(format, n, c, i, j));
    }
};

void check_norm(cudaDataType_t type, cudnnTensorFormat_t format, Shape shape) {
    Norm b(type, format, shape);
    CHECK_EQUAL(b.sizes(), CUDNN_STATUS_SUCCESS);
    CHECK(b.forward_bytes > 0 && b.backward_bytes > b.forward_bytes && b.reserve_bytes > 0);
    const double tolerance = 4 * 0x1p-24 + precision(type), m = shape.n * shape.h * shape.w;
    const std::vector<double> x = b.xp.values(), dy = b.dyp.values(), w = b.weight.values(), bias = b.bias.values(),
                              rm = b.running_mean.values(), rv = b.running_variance.values();
    std::vector<double> y(x.size()), running_mean(rm.size()), running_variance(rv.size()), mean(rm.size()),
        invstd(rm.size());
    for (int c = 0; c < shape.c; c++) {
        double sum = 0, squares = 0;
        b.each(c, [&](size_t i) { sum += x[i]; });
        mean[c] = sum / m;
        b.each(c, [&](size_t i) { squares += (x[i] - mean[c]) * (x[i] - mean[c]); });
        invstd[c] = 1 / std::sqrt(squares / m + kEpsilon);
        b.each(c, [&](size_t i) { y[i] = (x[i] - mean[c]) * invstd[c] * w[c] + bias[c]; });
        running_mean[c] = (1 - kFactor) * rm[c] + kFactor * mean[c];
        running_variance[c] = (1 - kFactor) * rv[c] + kFactor * squares / std::max(m - 1, 1.0);
    }
    CHECK_EQUAL(b.train(b.yp.pointer()), CUDNN_STATUS_SUCCESS);
    check_all("y", b.yp.values(), y, tolerance);
    check_all("running mean", b.running_mean.values(), running_mean, 4 * 0x1p-24);
    check_all("running variance", b.running_variance.values(), running_variance, 4 * 0x1p-24);
    check_all("saved mean", b.saved_mean.values(), mean, 4 * 0x1p-24);
    check_all("saved invstd", b.saved_invstd.values(), invstd, 4 * 0x1p-24);

    std::vector<double> dx = b.dxp.values(), dweight(mean.size()), dbias(mean.size());
    for (int c = 0; c < shape.c; c++) {
        b.each(c, [&](size_t i) {
            dbias[c] += dy[i];
            dweight[c] += dy[i] * (x[i] - mean[c]) * invstd[c];
        });
        b.each(c, [&](size_t i) {
            dx[i] += w[c] * invstd[c] * (dy[i] - dbias[c] / m - (x[i] - mean[c]) * invstd[c] * dweight[c] / m);
        });
    }
    // The saved mean and invstd, rounded to float, go into each of m terms.
    const double gradient_tolerance = m * 4 * 0x1p-24 + precision(type);
    CHECK_EQUAL(b.backward(b.dxp.pointer(), &kOne), CUDNN_STATUS_SUCCESS);
    check_all("dx", b.dxp.values(), dx, gradient_tolerance);
    check_all("dweight", b.dweight.values(), dweight, gradient_tolerance);
    check_all("dbias", b.dbias.values(), dbias, gradient_tolerance);

    for (int c = 0; c < shape.c; c++)
        b.each(c, [&](size_t i) {
            y[i] = (x[i] - running_mean[c]) / std::sqrt(running_variance[c] + kEpsilon) * w[c] + bias[c];
        });
    CHECK_EQUAL(b.infer(b.yp.pointer()), CUDNN_STATUS_SUCCESS);
    check_all("y in inference", b.yp.values(), y, tolerance + 4 * 0x1p-24);
    CHECK_EQUAL(b.infer(b.xp.pointer()), CUDNN_STATUS_SUCCESS);
    check_all("y in place", b.xp.values(), y, tolerance + 4 * 0x1p-24);
}

}  // namespace

TEST(normalisation_of_both_types) {
    const Device device;
    for (const cudaDataType_t type : {CUDA_R_32F, CUDA_R_16F})
        for (const cudnnTensorFormat_t format : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW})
            for (const Shape shape : {Shape{4, 3, 5, 7}, Shape{2, 16, 1, 1}, Shape{1, 5, 1, 1}})
                check_norm(type, format, shape);
}

TEST(bfloat16_is_refused) {
    const Device device;
    Norm b(CUDA_R_16BF, CUDNN_TENSOR_NHWC, {2, 4, 3, 3});
    CHECK_EQUAL(b.sizes(), CUDNN_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(b.train(b.yp.pointer()), CUDNN_STATUS_NOT_SUPPORTED);
    char text[256];
    cudnnGetLastErrorString(text, sizeof text);
    CHECK(std::string(text).find("no batch normalisation of bfloat16") != std::string::npos);
}

TEST(inference_is_not_persistent) {
    const Device device;
    Norm b(CUDA_R_32F, CUDNN_TENSOR_NHWC, {2, 4, 3, 3});
    CHECK_EQUAL(b.infer(b.yp.pointer(), CUDNN_BATCHNORM_SPATIAL_PERSISTENT), CUDNN_STATUS_NOT_SUPPORTED);
}

TEST(the_reserve_space_must_stay) {
    const auto backward_after = [](int what) {
        return in_child({}, [=] {
            const Device device;
            Norm b(CUDA_R_32F, CUDNN_TENSOR_NHWC, {2, 4, 3, 3});
            b.sizes();
            CHECK_EQUAL(b.train(b.yp.pointer()), CUDNN_STATUS_SUCCESS);
            if (what == 1) CHECK_EQUAL(cuMemsetD8Async(b.reserve.at, 0, 64, nullptr), CUDA_SUCCESS);
            CHECK_EQUAL(b.backward(b.dxp.pointer(), &kZero, what == 2 ? 1e-4 : kEpsilon), CUDNN_STATUS_SUCCESS);
            CHECK_EQUAL(cuCtxSynchronize(), what ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS);
        });
    };
    CHECK(backward_after(0).exited(0));
    for (const int what : {1, 2}) {
        const Outcome o = backward_after(what);
        CHECK(o.exited(0));
        CHECK(o.says("emu: cudnnBatchNormalizationBackwardEx: the reserve space is not"));
    }
}

TEST(normalisation_that_makes_no_sense) {
    const Device device;
    Norm b(CUDA_R_32F, CUDNN_TENSOR_NHWC, {2, 4, 3, 3});
    b.sizes();
    CHECK_EQUAL(b.train(b.xp.pointer()), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.train(b.yp.pointer(), -1e-5), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.train(b.yp.pointer(), kEpsilon, 1), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.train(b.weight.pointer()), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.train(b.yp.pointer()), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(b.backward(b.dyp.pointer(), &kZero), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.backward(b.xp.pointer(), &kZero), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(b.backward(b.dxp.pointer(), &kZero), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnSetTensor4dDescriptor(b.parameters.descriptor, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 5, 1, 1),
                CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(b.train(b.yp.pointer()), CUDNN_STATUS_BAD_PARAM);
}

// cuDNN's functions that normalise batches.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../driver/memory.h"
#include "batchnorm.h"
#include "norm.h"

namespace emu {
namespace {

void require_epsilon(double epsilon) {
    require(epsilon >= CUDNN_BN_MIN_EPSILON, CUDA_ERROR_INVALID_VALUE, "epsilon %g, want %g or more", epsilon,
            CUDNN_BN_MIN_EPSILON);
}

Use parameter(const Norm &n, const void *at, const char *what) {
    return use_of_bytes(at, n.channels * sizeof(float), what);
}

Use scratch(const void *at, size_t bytes, size_t need, const char *what) {
    require(bytes >= need, CUDA_ERROR_INVALID_VALUE, "%zu bytes of %s, want %zu", bytes, what, need);
    return use_of_bytes(at, need, what);
}

// Receipt is what the forward pass leaves in the reserve space and the backward pass looks for: it tells whether the
// memory was left alone, and came from the forward pass that belongs to it.
struct Receipt {
    uint64_t mark = 0x656d752072657376;
    const void *saved_mean;
    double epsilon;
    int dim[4];

    Receipt(const Norm &n, const void *saved, double eps) : saved_mean(saved), epsilon(eps) {
        std::copy_n(n.x.dim, 4, dim);
    }
};

Channels channels_of(const Norm &n, const void *at) {
    const float *values = static_cast<const float *>(at);
    return Channels(values, values + n.channels);
}

Channels invstd_of(const Channels &variance, double epsilon) {
    Channels invstd;
    for (const double v : variance) invstd.push_back(1 / std::sqrt(v + epsilon));
    return invstd;
}

// follow is a running average's step: to = (1 - factor) to + factor scale value.
void follow(void *to, const Channels &value, double factor, double scale) {
    float *values = static_cast<float *>(to);
    for (size_t c = 0; c < value.size(); c++)
        values[c] = static_cast<float>((1 - factor) * values[c] + factor * scale * value[c]);
}

// blend_parameters writes alpha values + beta old.
void blend_parameters(void *to, const Channels &values, Blend blend) {
    float *old = static_cast<float *>(to);
    for (size_t c = 0; c < values.size(); c++) {
        const double v = blend.alpha * values[c];
        old[c] = static_cast<float>(blend.beta == 0 ? v : v + blend.beta * old[c]);
    }
}

}  // namespace

extern "C" {

// The running variance takes the batch's unbiased one, m/(m-1) times the biased, of m values. What cuDNN does with a
// single value is not documented: here m-1 is then 1.
cudnnStatus_t cudnnBatchNormalizationForwardTrainingEx(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t ops, const void *alpha, const void *beta,
    cudnnTensorDescriptor_t x_desc, const void *x, cudnnTensorDescriptor_t, const void *,
    cudnnTensorDescriptor_t y_desc, void *y, cudnnTensorDescriptor_t parameters, const void *weight, const void *bias,
    double factor, void *running_mean, void *running_variance, double epsilon, void *save_mean, void *save_invstd,
    cudnnActivationDescriptor_t, void *workspace, size_t workspace_size, void *reserve, size_t reserve_size) {
    return dnn(__func__, kGivesWork, [&] {
        require_alone(ops);
        const Norm n = norm_of(mode, x_desc);
        require_like_x(n, y_desc, "y");
        require_parameters(n, parameters);
        require_epsilon(epsilon);
        require(factor >= 0 && factor <= 1, CUDA_ERROR_INVALID_VALUE, "the running averages' factor is %g", factor);
        const Blend blend = blend_of(alpha, beta);
        const Use from = use_of(n.x, x, "x"), to = use_of(n.x, y, "y");
        require_apart(from, to);
        const std::vector<Use> uses{from,
                                    to,
                                    parameter(n, weight, "weight"),
                                    parameter(n, bias, "bias"),
                                    parameter(n, running_mean, "the running mean"),
                                    parameter(n, running_variance, "the running variance"),
                                    parameter(n, save_mean, "the saved mean"),
                                    parameter(n, save_invstd, "the saved invstd"),
                                    scratch(workspace, workspace_size, forward_workspace(n), "workspace"),
                                    scratch(reserve, reserve_size, reserve_bytes(n), "reserve space")};
        give_dnn(handle_of(handle), uses, [=] {
            scribble(workspace, forward_workspace(n));
            scribble(reserve, reserve_bytes(n));
            const Receipt receipt(n, save_mean, epsilon);
            memcpy(reserve, &receipt, sizeof receipt);
            const Values values = load(n.x, x);
            const Moments of = moments_of(values, n.channels);
            const Channels invstd = invstd_of(of.variance, epsilon);
            const double m = static_cast<double>(values.size() / n.channels);
            follow(running_mean, of.mean, factor, 1);
            follow(running_variance, of.variance, factor, m / std::max(m - 1, 1.0));
            blend_parameters(save_mean, of.mean, {1, 0});
            blend_parameters(save_invstd, invstd, {1, 0});
            store(n.x, y,
                  normalise(values, of.mean, invstd, static_cast<const float *>(weight),
                            static_cast<const float *>(bias)),
                  blend);
        });
    });
}

// In place is allowed. There is no persistent kernel for inference.
cudnnStatus_t cudnnBatchNormalizationForwardInference(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                      const void *alpha, const void *beta,
                                                      cudnnTensorDescriptor_t x_desc, const void *x,
                                                      cudnnTensorDescriptor_t y_desc, void *y,
                                                      cudnnTensorDescriptor_t parameters, const void *weight,
                                                      const void *bias, const void *mean, const void *variance,
                                                      double epsilon) {
    return dnn(__func__, kGivesWork, [&] {
        if (mode == CUDNN_BATCHNORM_SPATIAL_PERSISTENT)
            refuse(CUDA_ERROR_NOT_SUPPORTED, "inference in persistent mode, want CUDNN_BATCHNORM_SPATIAL");
        const Norm n = norm_of(mode, x_desc);
        require_like_x(n, y_desc, "y");
        require_parameters(n, parameters);
        require_epsilon(epsilon);
        const Blend blend = blend_of(alpha, beta);
        const Use from = use_of(n.x, x, "x"), to = use_of(n.x, y, "y");
        if (x != y) require_apart(from, to);
        const std::vector<Use> uses{from,
                                    to,
                                    parameter(n, weight, "weight"),
                                    parameter(n, bias, "bias"),
                                    parameter(n, mean, "the mean"),
                                    parameter(n, variance, "the variance")};
        give_dnn(handle_of(handle), uses, [=] {
            const Channels invstd = invstd_of(channels_of(n, variance), epsilon);
            store(n.x, y,
                  normalise(load(n.x, x), channels_of(n, mean), invstd, static_cast<const float *>(weight),
                            static_cast<const float *>(bias)),
                  blend);
        });
    });
}

cudnnStatus_t cudnnBatchNormalizationBackwardEx(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t ops, const void *alpha_data,
    const void *beta_data, const void *alpha_parameters, const void *beta_parameters, cudnnTensorDescriptor_t x_desc,
    const void *x, cudnnTensorDescriptor_t, const void *, cudnnTensorDescriptor_t dy_desc, const void *dy,
    cudnnTensorDescriptor_t, void *, cudnnTensorDescriptor_t dx_desc, void *dx, cudnnTensorDescriptor_t parameters,
    const void *weight, const void *, void *dweight, void *dbias, double epsilon, const void *saved_mean,
    const void *saved_invstd, cudnnActivationDescriptor_t, void *workspace, size_t workspace_size, void *reserve,
    size_t reserve_size) {
    return dnn(__func__, kGivesWork, [&] {
        require_alone(ops);
        const Norm n = norm_of(mode, x_desc);
        require_like_x(n, dy_desc, "dy");
        require_like_x(n, dx_desc, "dx");
        require_parameters(n, parameters);
        require_epsilon(epsilon);
        const Blend data = blend_of(alpha_data, beta_data), gradients = blend_of(alpha_parameters, beta_parameters);
        const Use in = use_of(n.x, x, "x"), gradient = use_of(n.x, dy, "dy"), to = use_of(n.x, dx, "dx");
        require_apart(in, to);
        require_apart(gradient, to);
        const std::vector<Use> uses{in,
                                    gradient,
                                    to,
                                    parameter(n, weight, "weight"),
                                    parameter(n, dweight, "dweight"),
                                    parameter(n, dbias, "dbias"),
                                    parameter(n, saved_mean, "the saved mean"),
                                    parameter(n, saved_invstd, "the saved invstd"),
                                    scratch(workspace, workspace_size, backward_workspace(n), "workspace"),
                                    scratch(reserve, reserve_size, reserve_bytes(n), "reserve space")};
        give_dnn(handle_of(handle), uses, [=] {
            const Receipt receipt(n, saved_mean, epsilon);
            require(memcmp(reserve, &receipt, sizeof receipt) == 0, CUDA_ERROR_LAUNCH_FAILED,
                    "the reserve space is not as the forward pass of this x, epsilon and saved mean left it");
            scribble(workspace, backward_workspace(n));
            const Gradients g = gradients_of(load(n.x, x), load(n.x, dy), channels_of(n, saved_mean),
                                             channels_of(n, saved_invstd), static_cast<const float *>(weight));
            blend_parameters(dweight, g.dweight, gradients);
            blend_parameters(dbias, g.dbias, gradients);
            store(n.x, dx, g.dx, data);
        });
    });
}

}  // extern "C"

}  // namespace emu

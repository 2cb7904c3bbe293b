#include "norm.h"

#include <algorithm>

namespace emu {

size_t forward_workspace(const Norm &n) { return 256 + 8 * n.channels; }
size_t backward_workspace(const Norm &n) { return 512 + 16 * n.channels; }
size_t reserve_bytes(const Norm &n) { return 128 + 4 * n.channels; }

Norm norm_of(cudnnBatchNormMode_t mode, cudnnTensorDescriptor_t x_desc) {
    if (mode == CUDNN_BATCHNORM_PER_ACTIVATION)
        refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation normalises per channel only");
    const cudnnTensorStruct &x = tensor_of(x_desc, "x");
    if (x.type == CUDNN_DATA_BFLOAT16) refuse(CUDA_ERROR_NOT_SUPPORTED, "no batch normalisation of bfloat16");
    return {x, static_cast<size_t>(x.dim[1])};
}

void require_alone(cudnnBatchNormOps_t ops) {
    if (ops != CUDNN_BATCHNORM_OPS_BN)
        refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation fuses nothing into batch normalisation");
}

void require_like_x(const Norm &n, cudnnTensorDescriptor_t desc, const char *what) {
    const cudnnTensorStruct &t = tensor_of(desc, what);
    const bool same = t.type == n.x.type && same_shape(t, n.x) && std::equal(t.stride, t.stride + 4, n.x.stride);
    require(same, CUDA_ERROR_INVALID_VALUE, "%s is not like x", what);
}

void require_parameters(const Norm &n, cudnnTensorDescriptor_t desc) {
    const cudnnTensorStruct &t = tensor_of(desc, "the parameters");
    const bool fits =
        t.type == CUDNN_DATA_FLOAT && t.dim[0] == 1 && t.dim[1] == n.x.dim[1] && t.dim[2] == 1 && t.dim[3] == 1;
    require(fits, CUDA_ERROR_INVALID_VALUE, "the parameters are %d,%d,%d,%d of type %d, want 1,%d,1,1 of float",
            t.dim[0], t.dim[1], t.dim[2], t.dim[3], t.type, n.x.dim[1]);
}

namespace {

void report_size(size_t *to, size_t bytes) {
    require(to, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
    *to = bytes;
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t ops, cudnnTensorDescriptor_t x,
    cudnnTensorDescriptor_t, cudnnTensorDescriptor_t y, cudnnTensorDescriptor_t parameters, cudnnActivationDescriptor_t,
    size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        require_alone(ops);
        const Norm n = norm_of(mode, x);
        require_like_x(n, y, "y");
        require_parameters(n, parameters);
        report_size(bytes, forward_workspace(n));
    });
}

cudnnStatus_t cudnnGetBatchNormalizationBackwardExWorkspaceSize(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                                cudnnBatchNormOps_t ops, cudnnTensorDescriptor_t x,
                                                                cudnnTensorDescriptor_t, cudnnTensorDescriptor_t dy,
                                                                cudnnTensorDescriptor_t, cudnnTensorDescriptor_t dx,
                                                                cudnnTensorDescriptor_t parameters,
                                                                cudnnActivationDescriptor_t, size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        require_alone(ops);
        const Norm n = norm_of(mode, x);
        require_like_x(n, dy, "dy");
        require_like_x(n, dx, "dx");
        require_parameters(n, parameters);
        report_size(bytes, backward_workspace(n));
    });
}

cudnnStatus_t cudnnGetBatchNormalizationTrainingExReserveSpaceSize(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                                   cudnnBatchNormOps_t ops, cudnnActivationDescriptor_t,
                                                                   cudnnTensorDescriptor_t x, size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        require_alone(ops);
        report_size(bytes, reserve_bytes(norm_of(mode, x)));
    });
}

}  // extern "C"

}  // namespace emu

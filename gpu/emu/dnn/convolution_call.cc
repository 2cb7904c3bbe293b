// cuDNN's functions for convolutions: asking for algorithms, and running them.
#include "../driver/memory.h"
#include "algorithm.h"

namespace emu {
namespace {

template <typename Perf> void list_algorithms(Pass pass, const Problem &p, int requested, int *returned, Perf *found) {
    require(requested > 0 && returned && found, CUDA_ERROR_INVALID_VALUE,
            "%d results are asked for, or a result pointer is null", requested);
    *returned = 0;
    for (const Algorithm &a : algorithms(pass, p)) {
        if (*returned == requested) break;
        Problem as_listed = p;
        as_listed.math = math_of(a, p);
        Perf &perf = found[(*returned)++];
        perf = {};
        perf.algo = static_cast<decltype(perf.algo)>(a.id);
        perf.status = a.supported ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
        perf.time = a.supported ? 0.01f * *returned : -1;
        perf.memory = a.supported ? workspace_bytes(pass, as_listed, a.id) : 0;
        perf.determinism = a.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
        perf.mathType = as_listed.math;
    }
}

void workspace_size(Pass pass, const Problem &p, int id, size_t *bytes) {
    require(bytes, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
    *bytes = workspace_bytes(pass, p, id);
}

// Workspace is scratch memory that a call is given.
struct Workspace {
    void *at;
    size_t bytes;
};

// Arrays are a call's memory: two tensors that are read and one that is written.
struct Arrays {
    Use first, second, result;
};

// run checks the rest and queues compute, which is given where the sums are to start.
template <typename F>
void run(cudnnHandle_t handle, Pass pass, const Problem &p, int id, Workspace workspace, const Arrays &arrays,
         F compute) {
    const size_t need = workspace_bytes(pass, p, id);
    require(workspace.bytes >= need, CUDA_ERROR_INVALID_VALUE,
            "%zu bytes of workspace, algorithm %d with math type %d needs %zu", workspace.bytes, id, p.math, need);
    const Use scratch = use_of_bytes(workspace.at, need, "the workspace");
    for (const Use &u : {arrays.first, arrays.second, scratch}) require_apart(u, arrays.result);
    for (const Use &u : {arrays.first, arrays.second}) require_apart(u, scratch);
    std::vector<Use> uses{arrays.first, arrays.second, arrays.result};
    if (need) uses.push_back(scratch);
    const bool steady = is_deterministic(pass, id);
    give_dnn(handle, uses, [=] {
        static size_t turns = 0;
        scribble(workspace.at, need);
        compute(steady ? 0 : ++turns);
    });
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                     cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t c,
                                                     cudnnTensorDescriptor_t y, int requested, int *returned,
                                                     cudnnConvolutionFwdAlgoPerf_t *found) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        list_algorithms(Pass::forward, problem_of(x, w, c, y), requested, returned, found);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t w,
                                                          cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t c,
                                                          cudnnTensorDescriptor_t dx, int requested, int *returned,
                                                          cudnnConvolutionBwdDataAlgoPerf_t *found) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        list_algorithms(Pass::backward_data, problem_of(dx, w, c, dy), requested, returned, found);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                            cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t c,
                                                            cudnnFilterDescriptor_t dw, int requested, int *returned,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t *found) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        list_algorithms(Pass::backward_filter, problem_of(x, dw, c, dy), requested, returned, found);
    });
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t c,
                                                      cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t algorithm,
                                                      size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        workspace_size(Pass::forward, problem_of(x, w, c, y), algorithm, bytes);
    }, algorithm);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w,
                                                           cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t c,
                                                           cudnnTensorDescriptor_t dx,
                                                           cudnnConvolutionBwdDataAlgo_t algorithm, size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        workspace_size(Pass::backward_data, problem_of(dx, w, c, dy), algorithm, bytes);
    }, algorithm);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                             cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t c,
                                                             cudnnFilterDescriptor_t dw,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm, size_t *bytes) {
    return dnn(__func__, kContext, [&] {
        handle_of(handle);
        workspace_size(Pass::backward_filter, problem_of(x, dw, c, dy), algorithm, bytes);
    }, algorithm);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x_desc,
                                      const void *x, cudnnFilterDescriptor_t w_desc, const void *w,
                                      cudnnConvolutionDescriptor_t c, cudnnConvolutionFwdAlgo_t algorithm,
                                      void *workspace, size_t workspace_size, const void *beta,
                                      cudnnTensorDescriptor_t y_desc, void *y) {
    return dnn(__func__, kGivesWork, [&] {
        const Problem p = problem_of(x_desc, w_desc, c, y_desc);
        const Blend blend = blend_of(alpha, beta);
        const bool tf32 = rounds_to_tf32(p, algorithm);
        const Arrays arrays{use_of(p.x, x, "x"), use_of(p.w, w, "w"), use_of(p.y, y, "y")};
        run(handle_of(handle), Pass::forward, p, algorithm, {workspace, workspace_size}, arrays,
            [=](size_t) { store(p.y, y, convolve(p.geometry, load(p.x, x, tf32), load(p.w, w, tf32)), blend); });
    }, algorithm);
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha, cudnnFilterDescriptor_t w_desc,
                                           const void *w, cudnnTensorDescriptor_t dy_desc, const void *dy,
                                           cudnnConvolutionDescriptor_t c, cudnnConvolutionBwdDataAlgo_t algorithm,
                                           void *workspace, size_t workspace_size, const void *beta,
                                           cudnnTensorDescriptor_t dx_desc, void *dx) {
    return dnn(__func__, kGivesWork, [&] {
        const Problem p = problem_of(dx_desc, w_desc, c, dy_desc);
        const Blend blend = blend_of(alpha, beta);
        const bool tf32 = rounds_to_tf32(p, algorithm);
        const Arrays arrays{use_of(p.w, w, "w"), use_of(p.y, dy, "dy"), use_of(p.x, dx, "dx")};
        run(handle_of(handle), Pass::backward_data, p, algorithm, {workspace, workspace_size}, arrays,
            [=](size_t start) {
                store(p.x, dx, convolve_backward_data(p.geometry, load(p.w, w, tf32), load(p.y, dy, tf32), start),
                      blend);
            });
    }, algorithm);
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x_desc,
                                             const void *x, cudnnTensorDescriptor_t dy_desc, const void *dy,
                                             cudnnConvolutionDescriptor_t c, cudnnConvolutionBwdFilterAlgo_t algorithm,
                                             void *workspace, size_t workspace_size, const void *beta,
                                             cudnnFilterDescriptor_t dw_desc, void *dw) {
    return dnn(__func__, kGivesWork, [&] {
        const Problem p = problem_of(x_desc, dw_desc, c, dy_desc);
        const Blend blend = blend_of(alpha, beta);
        const bool tf32 = rounds_to_tf32(p, algorithm);
        const Arrays arrays{use_of(p.x, x, "x"), use_of(p.y, dy, "dy"), use_of(p.w, dw, "dw")};
        run(handle_of(handle), Pass::backward_filter, p, algorithm, {workspace, workspace_size}, arrays,
            [=](size_t start) {
                store(p.w, dw, convolve_backward_filter(p.geometry, load(p.x, x, tf32), load(p.y, dy, tf32), start),
                      blend);
            });
    }, algorithm);
}

}  // extern "C"

}  // namespace emu

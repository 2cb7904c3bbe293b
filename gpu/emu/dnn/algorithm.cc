#include "algorithm.h"

#include "../driver/config.h"

namespace emu {
namespace {

// In all three enumerations algorithm 1 is the implicit GEMM that tensor cores do.
constexpr int kTensorCores = 1;

// with_tensor_cores says whether the math type allows them for the problem's type of element.
bool with_tensor_cores(const Problem &p, cudnnMathType_t math) {
    if (p.x.type == CUDNN_DATA_FLOAT) return math != CUDNN_FMA_MATH && config().capability >= 80;
    return math == CUDNN_TENSOR_OP_MATH || math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
}

}  // namespace

Problem problem_of(cudnnTensorDescriptor_t x_desc, cudnnFilterDescriptor_t w_desc,
                   cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y_desc) {
    const cudnnTensorStruct &x = tensor_of(x_desc, "x"), &y = tensor_of(y_desc, "y");
    const cudnnFilterStruct &w = filter_of(w_desc, "w");
    const cudnnConvolutionStruct &c = convolution_of(convolution);
    require(x.type == w.type && x.type == y.type, CUDA_ERROR_INVALID_VALUE, "the types of x, w and y are %d, %d and %d",
            x.type, w.type, y.type);
    const bool x_nhwc = x.stride[1] == 1, y_nhwc = y.stride[1] == 1, w_nhwc = w.format == CUDNN_TENSOR_NHWC;
    require(x_nhwc == w_nhwc && x_nhwc == y_nhwc, CUDA_ERROR_INVALID_VALUE, "x, w and y are laid out differently");
    require(x.dim[1] == w.dim[1], CUDA_ERROR_INVALID_VALUE, "x has %d channels, w takes %d", x.dim[1], w.dim[1]);
    const int oh = outputs(x.dim[2], w.dim[2], c.pad[0], c.stride[0], c.dilation[0]),
              ow = outputs(x.dim[3], w.dim[3], c.pad[1], c.stride[1], c.dilation[1]);
    const bool fits = y.dim[0] == x.dim[0] && y.dim[1] == w.dim[0] && y.dim[2] == oh && y.dim[3] == ow;
    require(fits, CUDA_ERROR_INVALID_VALUE, "y is %d,%d,%d,%d, want %d,%d,%d,%d", y.dim[0], y.dim[1], y.dim[2],
            y.dim[3], x.dim[0], w.dim[0], oh, ow);
    const Geometry g{x.dim[0],
                     x.dim[2],
                     x.dim[3],
                     x.dim[1],
                     w.dim[0],
                     w.dim[2],
                     w.dim[3],
                     oh,
                     ow,
                     {c.pad[0], c.pad[1]},
                     {c.stride[0], c.stride[1]},
                     {c.dilation[0], c.dilation[1]}};
    return {g, x, w, y, c.math};
}

std::vector<Algorithm> algorithms(Pass pass, const Problem &p) {
    std::vector<Algorithm> list;
    const bool cores = with_tensor_cores(p, p.x.type == CUDNN_DATA_FLOAT ? CUDNN_DEFAULT_MATH : CUDNN_TENSOR_OP_MATH);
    switch (pass) {
    case Pass::forward:
        list = {{CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, false, true, true},
                {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, false, true, false}};
        break;
    case Pass::backward_data:
        list = {{CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, false, false, true},
                {CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, false, true, false}};
        break;
    case Pass::backward_filter:
        list = {{CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, false, false, true},
                {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, false, false, true},
                {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, false, true, false}};
        break;
    }
    if (cores) list.insert(list.begin() + (pass != Pass::forward), {kTensorCores, true, true, true});
    list.insert(list.end() - 1, {kTensorCores, false, true, true});
    return list;
}

cudnnMathType_t math_of(const Algorithm &a, const Problem &p) {
    if (!a.tensor_cores) return CUDNN_FMA_MATH;
    return p.x.type == CUDNN_DATA_FLOAT ? CUDNN_DEFAULT_MATH : CUDNN_TENSOR_OP_MATH;
}

size_t workspace_bytes(Pass pass, const Problem &p, int id) {
    for (const Algorithm &a : algorithms(pass, p)) {
        if (a.id != id || !a.supported) continue;
        const size_t weights = tensor_bytes(p.w);
        if (id == kTensorCores) return with_tensor_cores(p, p.math) ? 512 + 2 * weights : 256;
        return pass == Pass::backward_filter && id == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3 ? 128 + weights : 0;
    }
    refuse(CUDA_ERROR_NOT_SUPPORTED, "algorithm %d cannot do this convolution", id);
}

bool is_deterministic(Pass pass, int id) {
    switch (pass) {
    case Pass::backward_data: return id != CUDNN_CONVOLUTION_BWD_DATA_ALGO_0;
    case Pass::backward_filter:
        return id != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 && id != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3;
    default: return true;
    }
}

bool rounds_to_tf32(const Problem &p, int id) {
    return p.x.type == CUDNN_DATA_FLOAT && id == kTensorCores && with_tensor_cores(p, p.math);
}

}  // namespace emu

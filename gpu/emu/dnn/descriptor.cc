// Descriptors. They belong to no device.
#include <algorithm>

#include "dnn.h"

namespace emu {
namespace {

const Kind tensor_kind{"tensor descriptor", destroy_as<cudnnTensorStruct>, false};
const Kind filter_kind{"filter descriptor", destroy_as<cudnnFilterStruct>, false};
const Kind convolution_kind{"convolution descriptor", destroy_as<cudnnConvolutionStruct>, false};
const Kind pooling_kind{"pooling descriptor", destroy_as<cudnnPoolingStruct>, false};

template <typename T> cudnnStatus_t create(const char *function, T **descriptor, const Kind &kind) {
    return dnn(function, kAnywhere, [&] {
        require(descriptor, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *descriptor = new T();
        adopt(*descriptor, kind, nullptr);
    });
}

template <typename T> cudnnStatus_t destroy(const char *function, T *descriptor, const Kind &kind) {
    return dnn(function, kAnywhere, [&] {
        require_live(descriptor, kind, "the descriptor");
        drop(descriptor);
    });
}

template <typename T> const T &set_one(T *descriptor, const Kind &kind, const char *what) {
    require_live(descriptor, kind, what);
    require(descriptor->set, CUDA_ERROR_INVALID_VALUE, "the descriptor of %s was not set", what);
    return *descriptor;
}

// describe fills in a tensor of four dimensions that lies packed in memory.
void describe(cudnnTensorStruct &t, cudnnTensorFormat_t format, cudnnDataType_t type, const int (&dim)[4]) {
    const bool known = type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16;
    if (!known) refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation has no data type %d", type);
    if (format != CUDNN_TENSOR_NHWC && format != CUDNN_TENSOR_NCHW)
        refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation has no format %d", format);
    for (const int d : dim)
        require(d > 0, CUDA_ERROR_INVALID_VALUE, "dimensions %d, %d, %d, %d", dim[0], dim[1], dim[2], dim[3]);
    const int c = dim[1], h = dim[2], w = dim[3];
    const int nhwc[4] = {h * w * c, 1, w * c, c}, nchw[4] = {c * h * w, h * w, w, 1};
    t.set = true;
    t.type = type;
    std::copy_n(dim, 4, t.dim);
    std::copy_n(format == CUDNN_TENSOR_NHWC ? nhwc : nchw, 4, t.stride);
}

}  // namespace

const cudnnTensorStruct &tensor_of(cudnnTensorDescriptor_t tensor, const char *what) {
    return set_one(tensor, tensor_kind, what);
}

const cudnnFilterStruct &filter_of(cudnnFilterDescriptor_t filter, const char *what) {
    return set_one(filter, filter_kind, what);
}

const cudnnConvolutionStruct &convolution_of(cudnnConvolutionDescriptor_t c) {
    return set_one(c, convolution_kind, "the convolution");
}

const cudnnPoolingStruct &pooling_of(cudnnPoolingDescriptor_t pooling) {
    return set_one(pooling, pooling_kind, "the pooling");
}

bool same_shape(const cudnnTensorStruct &a, const cudnnTensorStruct &b) { return std::equal(a.dim, a.dim + 4, b.dim); }

size_t value_count(const cudnnTensorStruct &t) {
    return static_cast<size_t>(t.dim[0]) * t.dim[1] * t.dim[2] * t.dim[3];
}

size_t tensor_bytes(const cudnnTensorStruct &t) { return value_count(t) * (t.type == CUDNN_DATA_FLOAT ? 4 : 2); }

int outputs(int size, int window, int pad, int stride, int dilation) {
    const int room = size + 2 * pad - (window - 1) * dilation - 1;
    return room < 0 ? 0 : room / stride + 1;
}

extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *t) { return create(__func__, t, tensor_kind); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t t) { return destroy(__func__, t, tensor_kind); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *f) { return create(__func__, f, filter_kind); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t f) { return destroy(__func__, f, filter_kind); }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *c) {
    return create(__func__, c, convolution_kind);
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t c) {
    return destroy(__func__, c, convolution_kind);
}
cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t *p) { return create(__func__, p, pooling_kind); }
cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t p) { return destroy(__func__, p, pooling_kind); }

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t t, cudnnTensorFormat_t format, cudnnDataType_t type,
                                         int n, int c, int h, int w) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(t, tensor_kind, "the descriptor");
        describe(*t, format, type, {n, c, h, w});
    });
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t f, cudnnDataType_t type, cudnnTensorFormat_t format,
                                         int k, int c, int h, int w) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(f, filter_kind, "the descriptor");
        describe(*f, format, type, {k, c, h, w});
        f->format = format;
    });
}

cudnnStatus_t cudnnDeriveBNTensorDescriptor(cudnnTensorDescriptor_t derived, cudnnTensorDescriptor_t x,
                                            cudnnBatchNormMode_t mode) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(derived, tensor_kind, "the descriptor");
        if (mode == CUDNN_BATCHNORM_PER_ACTIVATION)
            refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation normalises per channel only");
        describe(*derived, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, {1, tensor_of(x, "x").dim[1], 1, 1});
    });
}

// Setting the geometry puts the rest back to its defaults, as the documentation lets it.
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t c, int pad_h, int pad_w, int stride_h,
                                              int stride_w, int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(c, convolution_kind, "the descriptor");
        require(pad_h >= 0 && pad_w >= 0, CUDA_ERROR_INVALID_VALUE, "pad %d, %d", pad_h, pad_w);
        require(stride_h > 0 && stride_w > 0 && dilation_h > 0 && dilation_w > 0, CUDA_ERROR_INVALID_VALUE,
                "stride %d, %d, dilation %d, %d", stride_h, stride_w, dilation_h, dilation_w);
        if (mode != CUDNN_CROSS_CORRELATION) refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation does not flip filters");
        if (compute != CUDNN_DATA_FLOAT)
            refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation computes in float, not in type %d", compute);
        *c = {true, {pad_h, pad_w}, {stride_h, stride_w}, {dilation_h, dilation_w}};
    });
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t c, cudnnMathType_t math) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(c, convolution_kind, "the descriptor");
        require(math >= CUDNN_DEFAULT_MATH && math <= CUDNN_FMA_MATH, CUDA_ERROR_INVALID_VALUE, "math type %d", math);
        c->math = math;
    });
}

cudnnStatus_t cudnnGetConvolutionMathType(cudnnConvolutionDescriptor_t c, cudnnMathType_t *math) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(c, convolution_kind, "the descriptor");
        *math = c->math;
    });
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t c, int groups) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(c, convolution_kind, "the descriptor");
        if (groups != 1) refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation has no groups: %d", groups);
    });
}

cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t p, cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t nan, int window_h, int window_w, int pad_h, int pad_w,
                                          int stride_h, int stride_w) {
    return dnn(__func__, kAnywhere, [&] {
        require_live(p, pooling_kind, "the descriptor");
        require(window_h > 0 && window_w > 0 && stride_h > 0 && stride_w > 0, CUDA_ERROR_INVALID_VALUE,
                "window %d, %d, stride %d, %d", window_h, window_w, stride_h, stride_w);
        require(pad_h >= 0 && pad_h < window_h && pad_w >= 0 && pad_w < window_w, CUDA_ERROR_INVALID_VALUE,
                "pad %d, %d of window %d, %d", pad_h, pad_w, window_h, window_w);
        *p = {true, mode, nan, {window_h, window_w}, {pad_h, pad_w}, {stride_h, stride_w}};
    });
}

}  // extern "C"

}  // namespace emu

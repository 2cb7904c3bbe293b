// cuDNN's handles and descriptors for the tests.
#pragma once

#include <cudnn.h>

#include "numbers.h"

struct Handle {
    cudnnHandle_t handle;

    Handle() { CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_SUCCESS); }
    ~Handle() { cudnnDestroy(handle); }
};

inline cudnnDataType_t dnn_type(cudaDataType_t type) {
    return type == CUDA_R_32F ? CUDNN_DATA_FLOAT : type == CUDA_R_16F ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
}

// Shape is a tensor's, or a filter's K, C, R, S.
struct Shape {
    int n, c, h, w;

    size_t count() const { return static_cast<size_t>(n) * c * h * w; }

    // at is a value's place in memory.
    size_t at(cudnnTensorFormat_t format, int in, int ic, int ih, int iw) const {
        if (format == CUDNN_TENSOR_NCHW) return ((static_cast<size_t>(in) * c + ic) * h + ih) * w + iw;
        return ((static_cast<size_t>(in) * h + ih) * w + iw) * c + ic;
    }
};

struct Tensor {
    Shape shape;
    cudnnTensorDescriptor_t descriptor;

    Tensor(cudaDataType_t type, Shape s, cudnnTensorFormat_t format = CUDNN_TENSOR_NHWC) : shape(s) {
        CHECK_EQUAL(cudnnCreateTensorDescriptor(&descriptor), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetTensor4dDescriptor(descriptor, format, dnn_type(type), s.n, s.c, s.h, s.w),
                    CUDNN_STATUS_SUCCESS);
    }
    ~Tensor() { cudnnDestroyTensorDescriptor(descriptor); }
};

struct Filter {
    Shape shape;
    cudnnFilterDescriptor_t descriptor;

    Filter(cudaDataType_t type, Shape s, cudnnTensorFormat_t format = CUDNN_TENSOR_NHWC) : shape(s) {
        CHECK_EQUAL(cudnnCreateFilterDescriptor(&descriptor), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetFilter4dDescriptor(descriptor, dnn_type(type), format, s.n, s.c, s.h, s.w),
                    CUDNN_STATUS_SUCCESS);
    }
    ~Filter() { cudnnDestroyFilterDescriptor(descriptor); }
};

struct Convolution {
    int pad[2], stride[2], dilation[2];
    cudnnConvolutionDescriptor_t descriptor;

    Convolution(int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h = 1, int dilation_w = 1,
                cudnnMathType_t math = CUDNN_FMA_MATH)
        : pad{pad_h, pad_w}, stride{stride_h, stride_w}, dilation{dilation_h, dilation_w} {
        CHECK_EQUAL(cudnnCreateConvolutionDescriptor(&descriptor), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetConvolution2dDescriptor(descriptor, pad_h, pad_w, stride_h, stride_w, dilation_h,
                                                    dilation_w, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                    CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetConvolutionMathType(descriptor, math), CUDNN_STATUS_SUCCESS);
    }
    ~Convolution() { cudnnDestroyConvolutionDescriptor(descriptor); }

    // out is the outputs along one side.
    int out(int side, int size, int filter) const {
        return (size + 2 * pad[side] - (filter - 1) * dilation[side] - 1) / stride[side] + 1;
    }
};

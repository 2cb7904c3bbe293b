// cuDNN's handles and descriptors, and the frame around its functions.
#pragma once

#include <cudnn.h>

#include "../driver/call.h"
#include "../driver/objects.h"
#include "../driver/queue.h"

struct cudnnContext {
    CUstream stream;  // null: the default stream
};

// A tensor, or a filter as the tensor K, C, R, S, by dimension and stride.
struct cudnnTensorStruct {
    bool set = false;
    cudnnDataType_t type;
    int dim[4], stride[4];  // N, C, H, W
};

struct cudnnFilterStruct : cudnnTensorStruct {
    cudnnTensorFormat_t format;
};

struct cudnnConvolutionStruct {
    bool set = false;
    int pad[2], stride[2], dilation[2];  // height, width
    cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

struct cudnnPoolingStruct {
    bool set = false;
    cudnnPoolingMode_t mode;
    cudnnNanPropagation_t nan;
    int window[2], pad[2], stride[2];
};

namespace emu {

cudnnStatus_t dnn_status(CUresult status);

template <typename Body>
cudnnStatus_t dnn(const char *function, unsigned rules, Body &&body, long algorithm = kAnyAlgorithm) {
    return checked<cudnnStatus_t>(function, rules, dnn_status, body, algorithm);
}

// The of functions are violations unless the handle is live and its descriptor was set. What names the argument.
cudnnHandle_t handle_of(cudnnHandle_t handle);
const cudnnTensorStruct &tensor_of(cudnnTensorDescriptor_t tensor, const char *what);
const cudnnFilterStruct &filter_of(cudnnFilterDescriptor_t filter, const char *what);
const cudnnConvolutionStruct &convolution_of(cudnnConvolutionDescriptor_t convolution);
const cudnnPoolingStruct &pooling_of(cudnnPoolingDescriptor_t pooling);

// Blend is the factors of result = alpha op + beta result.
struct Blend {
    float alpha, beta;
};

// blend_of reads them from host memory, where they are float for all types of tensor here.
Blend blend_of(const void *alpha, const void *beta);

// same_shape compares dimensions.
bool same_shape(const cudnnTensorStruct &a, const cudnnTensorStruct &b);

// value_count and tensor_bytes are how many values a tensor has, and what they take in memory.
size_t value_count(const cudnnTensorStruct &t);
size_t tensor_bytes(const cudnnTensorStruct &t);

// outputs is how many steps a window takes along one side.
int outputs(int size, int window, int pad, int stride, int dilation = 1);

// use_of is the memory of a tensor, which is to begin at a multiple of 16 bytes.
Use use_of(const cudnnTensorStruct &t, const void *at, const char *what);

// use_of_bytes is memory of a given size; none if it is 0.
Use use_of_bytes(const void *at, size_t bytes, const char *what);

// give_dnn puts a call's work on the handle's stream.
void give_dnn(cudnnHandle_t handle, std::vector<Use> uses, std::function<void()> run);

}  // namespace emu

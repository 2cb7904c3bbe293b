// cuDNN's handles, versions and texts.
#include <cstring>

#include "dnn.h"

TEST(versions) {
    CHECK(in_child({}, [] {
              CHECK_EQUAL(cudnnGetVersion(), size_t{92801});
              CHECK_EQUAL(cudnnGetCudartVersion(), size_t{13000});
          }).exited(0));
    CHECK(in_child({{"RESNET_EMU_CUDNN", "90100"}, {"RESNET_EMU_CUDART", "12060"}}, [] {
              CHECK_EQUAL(cudnnGetVersion(), size_t{90100});
              CHECK_EQUAL(cudnnGetCudartVersion(), size_t{12060});
          }).exited(0));
}

TEST(handles_want_a_context_and_a_live_stream) {
    cudnnHandle_t handle;
    CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_NOT_INITIALIZED);
    CUstream stream;
    {
        const Device device;
        CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
        CHECK_EQUAL(cudnnSetStream(handle, stream), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cuStreamDestroy(stream), CUDA_SUCCESS);
        CHECK_EQUAL(cudnnSetStream(handle, stream), CUDNN_STATUS_BAD_PARAM);
    }
    const Device again;
    CHECK_EQUAL(cudnnDestroy(handle), CUDNN_STATUS_BAD_PARAM);  // it went with its context
    CHECK_EQUAL(cudnnDestroy(nullptr), CUDNN_STATUS_BAD_PARAM);
}

TEST(errors_are_explained) {
    char text[128];
    CHECK_EQUAL(cudnnSetStream(nullptr, nullptr), CUDNN_STATUS_NOT_INITIALIZED);
    cudnnGetLastErrorString(text, sizeof text);
    CHECK(strcmp(text, "cudnnSetStream: cuInit has not been called") == 0);
    CHECK(strcmp(cudnnGetErrorString(CUDNN_STATUS_NOT_SUPPORTED), "CUDNN_STATUS_NOT_SUPPORTED") == 0);
}

TEST(faults) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cudnnCreate:1001@1,cudnnSetTensor4dDescriptor:2000"}}, [] {
        const Device device;
        cudnnHandle_t handle;
        CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_NOT_INITIALIZED);
        CHECK_EQUAL(cudnnCreate(&handle), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnDestroy(handle), CUDNN_STATUS_SUCCESS);
        cudnnTensorDescriptor_t t;
        CHECK_EQUAL(cudnnCreateTensorDescriptor(&t), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1),
                    CUDNN_STATUS_BAD_PARAM);
        CHECK_EQUAL(cudnnDestroyTensorDescriptor(t), CUDNN_STATUS_SUCCESS);
    });
    CHECK(o.exited(0));
    CHECK(!o.says("emu:"));
}

TEST(a_failed_device_fails_cudnn_too) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cuMemsetD8Async:700"}}, [] {
        const Device device;
        const Handle handle;
        const Array<char> a(16);
        CHECK_EQUAL(cuMemsetD8Async(a.at, 0, 16, nullptr), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
        CHECK_EQUAL(cudnnSetStream(handle.handle, nullptr), CUDNN_STATUS_EXECUTION_FAILED);
        _Exit(0);
    });
    CHECK(o.exited(0));
}

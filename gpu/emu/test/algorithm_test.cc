// Algorithms: what is listed of them, what they need, and how they round.
#include <algorithm>
#include <cstring>

#include "small.h"

TEST(algorithms_that_are_not_deterministic_differ) {
    const Device device;
    Small c;
    CHECK(c.filter_gradient(0) != c.filter_gradient(0));
    CHECK(c.filter_gradient(3) != c.filter_gradient(3));
    CHECK(c.filter_gradient(1) == c.filter_gradient(1));
    CHECK(c.data_gradient(0) != c.data_gradient(0));
    CHECK(c.data_gradient(1) == c.data_gradient(1));
}

TEST(algorithms_are_listed) {
    const Device device;
    Small c;
    cudnnConvolutionBwdFilterAlgoPerf_t found[8];
    int n = 0;
    CHECK_EQUAL(cudnnGetConvolutionBackwardFilterAlgorithm_v7(c.h.handle, c.x.descriptor, c.y.descriptor,
                                                              c.how.descriptor, c.w.descriptor, 8, &n, found),
                CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(n, 5);
    int supported = 0, tensor_cores = 0;
    for (const auto *f = found; f < found + n; f++) {
        if (f->status != CUDNN_STATUS_SUCCESS) continue;
        supported++;
        tensor_cores += f->mathType != CUDNN_FMA_MATH;
        CHECK_EQUAL(f->determinism == CUDNN_DETERMINISTIC,
                    f->algo != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 && f->algo != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3);
        CHECK_EQUAL(cudnnSetConvolutionMathType(c.how.descriptor, f->mathType), CUDNN_STATUS_SUCCESS);
        size_t bytes = 1;
        CHECK_EQUAL(cudnnGetConvolutionBackwardFilterWorkspaceSize(c.h.handle, c.x.descriptor, c.y.descriptor,
                                                                   c.how.descriptor, c.w.descriptor, f->algo, &bytes),
                    CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(bytes, f->memory);
    }
    CHECK_EQUAL(supported, 4);
    CHECK_EQUAL(tensor_cores, 1);
    CHECK_EQUAL(cudnnGetConvolutionBackwardFilterAlgorithm_v7(c.h.handle, c.x.descriptor, c.y.descriptor,
                                                              c.how.descriptor, c.w.descriptor, 2, &n, found),
                CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(n, 2);
    size_t bytes;
    CHECK_EQUAL(
        cudnnGetConvolutionBackwardFilterWorkspaceSize(c.h.handle, c.x.descriptor, c.y.descriptor, c.how.descriptor,
                                                       c.w.descriptor, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, &bytes),
        CUDNN_STATUS_NOT_SUPPORTED);
}

TEST(workspaces_are_wanted_and_used) {
    const Device device;
    Small c;
    const size_t bytes = c.forward_bytes(1);
    CHECK(bytes > 0);
    CHECK_EQUAL(c.forward_bytes(0), size_t{0});
    CHECK_EQUAL(c.forward(0, c.xp.pointer(), c.yp.pointer(), nullptr, 0), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), nullptr, bytes), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), c.workspace.pointer(), bytes - 1), CUDNN_STATUS_BAD_PARAM);
    const Array<char> small(bytes - 1);
    CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), small.pointer(), bytes), CUDNN_STATUS_BAD_PARAM);
    CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), c.xp.pointer(), bytes), CUDNN_STATUS_BAD_PARAM);
    const Array<char> clean(std::vector<char>(bytes, 0));
    CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), clean.pointer(), bytes), CUDNN_STATUS_SUCCESS);
    const std::vector<char> used = clean.values();
    CHECK(std::none_of(used.begin(), used.end(), [](char v) { return v == 0; }));
}

TEST(math_types_and_tf32) {
    const Device device;
    Small c;
    const auto rounds = [&](int algorithm) {
        const Numbers y(CUDA_R_32F, c.y.shape.count()), z(CUDA_R_32F, c.y.shape.count());
        CHECK_EQUAL(cudnnSetConvolutionMathType(c.how.descriptor, CUDNN_FMA_MATH), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(c.forward(algorithm, c.xp.pointer(), y.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(cudnnSetConvolutionMathType(c.how.descriptor, CUDNN_DEFAULT_MATH), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(c.forward(algorithm, c.xp.pointer(), z.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_SUCCESS);
        // Two inputs rounded to 11 bits, in sums of 36 products.
        check_all("y", z.values(), y.values(), 36 * 2 * 0x1p-11);
        return y.values() != z.values();
    };
    CHECK(rounds(1));
    CHECK(!rounds(0));
    // Setting the geometry sets the math type back.
    cudnnMathType_t math;
    CHECK_EQUAL(cudnnSetConvolutionMathType(c.how.descriptor, CUDNN_FMA_MATH), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(
        cudnnSetConvolution2dDescriptor(c.how.descriptor, 1, 1, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
        CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(cudnnGetConvolutionMathType(c.how.descriptor, &math), CUDNN_STATUS_SUCCESS);
    CHECK_EQUAL(math, CUDNN_DEFAULT_MATH);
}

TEST(old_devices_have_no_tf32) {
    const Outcome o = in_child({{"RESNET_EMU_CC", "75"}}, [] {
        const Device device;
        Small c;
        CHECK_EQUAL(cudnnSetConvolutionMathType(c.how.descriptor, CUDNN_DEFAULT_MATH), CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(c.forward(0, c.xp.pointer(), c.yp.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_SUCCESS);
        const std::vector<double> exact = c.yp.values();
        CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_SUCCESS);
        CHECK(exact == c.yp.values());
    });
    CHECK(o.exited(0));
}

TEST(an_algorithm_fails_as_asked) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cudnnConvolutionForward#1:5001"}}, [] {
        const Device device;
        Small c;
        CHECK_EQUAL(c.forward(0, c.xp.pointer(), c.yp.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_SUCCESS);
        CHECK_EQUAL(c.forward(1, c.xp.pointer(), c.yp.pointer(), c.workspace.pointer(), c.workspace.n),
                    CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER);
        char text[128];
        cudnnGetLastErrorString(text, sizeof text);
        CHECK(strcmp(text, "cudnnConvolutionForward: status 5001, as RESNET_EMU_FAIL asks") == 0);
    });
    CHECK(o.exited(0));
}

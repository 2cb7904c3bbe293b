// A small convolution to try cuDNN's functions on.
#pragma once

#include "dnn.h"

// Small is a convolution of floats that tests can be done on.
struct Small {
    Handle h;
    Shape xs{2, 4, 6, 6}, ws{8, 4, 3, 3};
    Convolution how{1, 1, 1, 1};
    Tensor x{CUDA_R_32F, xs}, y{CUDA_R_32F, {2, 8, 6, 6}};
    Filter w{CUDA_R_32F, ws};
    Numbers xp{CUDA_R_32F, random_values(xs.count(), 1)}, wp{CUDA_R_32F, random_values(ws.count(), 2)},
        yp{CUDA_R_32F, random_values(y.shape.count(), 3)};
    Array<char> workspace{1 << 14};

    cudnnStatus_t forward(int algorithm, const void *from, void *to, void *scratch, size_t bytes) {
        const float one = 1, zero = 0;
        return cudnnConvolutionForward(h.handle, &one, x.descriptor, from, w.descriptor, wp.pointer(), how.descriptor,
                                       static_cast<cudnnConvolutionFwdAlgo_t>(algorithm), scratch, bytes, &zero,
                                       y.descriptor, to);
    }

    size_t forward_bytes(int algorithm) {
        size_t bytes = 0;
        CHECK_EQUAL(
            cudnnGetConvolutionForwardWorkspaceSize(h.handle, x.descriptor, w.descriptor, how.descriptor, y.descriptor,
                                                    static_cast<cudnnConvolutionFwdAlgo_t>(algorithm), &bytes),
            CUDNN_STATUS_SUCCESS);
        return bytes;
    }

    // filter_gradient is dw by an algorithm.
    std::vector<double> filter_gradient(int algorithm) {
        const float one = 1, zero = 0;
        const Numbers dw(CUDA_R_32F, ws.count());
        CHECK_EQUAL(
            cudnnConvolutionBackwardFilter(h.handle, &one, x.descriptor, xp.pointer(), y.descriptor, yp.pointer(),
                                           how.descriptor, static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm),
                                           workspace.pointer(), workspace.n, &zero, w.descriptor, dw.pointer()),
            CUDNN_STATUS_SUCCESS);
        return dw.values();
    }

    std::vector<double> data_gradient(int algorithm) {
        const float one = 1, zero = 0;
        const Numbers dx(CUDA_R_32F, xs.count());
        CHECK_EQUAL(cudnnConvolutionBackwardData(h.handle, &one, w.descriptor, wp.pointer(), y.descriptor, yp.pointer(),
                                                 how.descriptor, static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm),
                                                 workspace.pointer(), workspace.n, &zero, x.descriptor, dx.pointer()),
                    CUDNN_STATUS_SUCCESS);
        return dx.values();
    }
};

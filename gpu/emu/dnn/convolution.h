// A convolution's arithmetic, on dense arrays of float.
#pragma once

#include "values.h"

namespace emu {

// Geometry is a convolution's sizes. Images are N, H, W, C and N, OH, OW, K, the filter K, R, S, C.
struct Geometry {
    int n, h, w, c, k, r, s, oh, ow;
    int pad[2], stride[2], dilation[2];
};

// Sums are float, in an order that is fixed but for start, which turns the backward sums' beginning: algorithms that
// are not deterministic give another start each time.

// convolve: y[n,oh,ow,k] = sum over r, s, c of x[n, oh stride + r dilation - pad, ...,c] w[k,r,s,c].
Values convolve(const Geometry &g, const Values &x, const Values &w);

// convolve_backward_data: dx[n,h,w,c] = the sum over all y[n,oh,ow,k] that x[n,h,w,c] goes into of dy w.
Values convolve_backward_data(const Geometry &g, const Values &w, const Values &dy, size_t start);

// convolve_backward_filter: dw[k,r,s,c] = the same of dy x.
Values convolve_backward_filter(const Geometry &g, const Values &x, const Values &dy, size_t start);

}  // namespace emu

// The positions of pixels and pooling windows in images.
#pragma once

#include "row_loops.cuh"

// Pixel is the image, row, column and channel of the element at offset `at` in NHWC images.
struct Pixel {
    unsigned n, y, x, channel;
    __device__ Pixel(unsigned at, unsigned h, unsigned w, unsigned c) {
        channel = at % c, at /= c;
        x = at % w, at /= w;
        y = at % h, n = at / h;
    }
};

// each_pixel calls f(Width<V>, pixel, at) for every vector of channels of n images, where at is its offset.
template <typename T, typename F>
__device__ inline void each_pixel(unsigned n, unsigned h, unsigned w, unsigned c, F f) {
    by_width<T>(c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        const unsigned step = thread_count() * V;
        for (unsigned at = thread_index() * V; at < n * h * w * c; at += step) f(width, Pixel(at, h, w, c), at);
    });
}

// Border is zero padding around images of h x w pixels. Kernels take it by value; Go's Border mirrors it.
struct Border {
    unsigned h, w, c, top, left, bottom, right;

    __device__ unsigned height() const { return top + h + bottom; }
    __device__ unsigned width() const { return left + w + right; }
};

// Window is the rows y0 to y1-1 and the columns x0 to x1-1.
struct Window {
    int y0, y1, x0, x1;
};

// Pool is the geometry of a pooling layer, and of a convolution's input: windows of kh x kw pixels on images of h x w,
// with top and left padding, and outputs of oh x ow. Kernels take it by value; Go's Pool mirrors it.
struct Pool {
    int h, w, c, oh, ow, kh, kw, stride_h, stride_w, top, left;

    // window is the pixels of the image that an output is computed from.
    __device__ Window window(int oy, int ox) const {
        const int y = oy * stride_h - top, x = ox * stride_w - left;
        return {max(y, 0), min(y + kh, h), max(x, 0), min(x + kw, w)};
    }

    // outputs is the outputs that are computed from a pixel.
    __device__ Window outputs(int y, int x) const {
        return {first(y + top, kh, stride_h), min((y + top) / stride_h + 1, oh),
                first(x + left, kw, stride_w), min((x + left) / stride_w + 1, ow)};
    }

    // first is the index of the first window of k pixels that contains pixel p, counted with padding.
    __device__ static int first(int p, int k, int stride) { return p < k ? 0 : (p - k) / stride + 1; }

    __device__ unsigned input(unsigned n, unsigned y, unsigned x, unsigned channel) const {
        return ((n * h + y) * w + x) * c + channel;
    }
    __device__ unsigned output(unsigned n, unsigned oy, unsigned ox, unsigned channel) const {
        return ((n * oh + oy) * ow + ox) * c + channel;
    }

    // weight is the offset of a convolution's weight, of output channel k at row r and column s of the window.
    __device__ unsigned weight(unsigned k, unsigned r, unsigned s, unsigned channel) const {
        return ((k * kh + r) * kw + s) * c + channel;
    }
};

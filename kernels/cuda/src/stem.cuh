// The first convolution of a network, computed directly from the bytes of images.
#pragma once

#include "channel_sums.cuh"
#include "operand.cuh"

// Stem is the geometry and the operands; the documentation of Go's Stem has the formula. Kernels take it by value.
struct Stem {
    const uint8_t *pixels;
    const float *table, *weight;
    unsigned n, h, w, c, oh, ow, out, kernel, stride, top, left;

    __device__ unsigned taps() const { return kernel * kernel * c; } // inputs of an output: at most 32
    __device__ unsigned rows() const { return n * oh * ow; }
    __device__ unsigned width() const { return out < 32 ? out : 32; } // channels of a block
};

// StemShared is a block's shared memory: the table of normalised values, and the position of each tap. A thread
// computes VECTOR channels of one pixel from GROUP taps at a time. A tap is one byte of the window.
struct StemShared {
    static constexpr int GROUP = 9, TAPS = 36, VECTOR = 8, WIDTH = 32;

    // Tap is row y and column x of the window, `offset` bytes from its first byte. The taps that pad the last group
    // have a row below every image.
    struct alignas(16) Tap {
        unsigned y, x, offset, table;
    };

    // Group is the values of a group of taps.
    struct Group {
        float e[GROUP];
    };

    Tap tap[TAPS];
    float table[4 * 256];

    // fill writes the shared memory. The block must synchronise before it reads it.
    __device__ void fill(const Stem &a) {
        for (unsigned i = threadIdx.x; i < a.c * 256; i += blockDim.x) table[i] = a.table[i];
        for (unsigned i = threadIdx.x; i < TAPS; i += blockDim.x) {
            const unsigned channel = i % a.c, x = i / a.c % a.kernel, y = i / a.c / a.kernel;
            tap[i] = {i < a.taps() ? y : 1u << 30, x, (y * a.w + x) * a.c + channel, channel * 256};
        }
    }

    // values loads the group of taps that starts at tap `first`, for output row `row`. Above or left of the image,
    // coordinates wrap around to large numbers.
    __device__ Group values(const Stem &a, unsigned row, unsigned first) const {
        const unsigned ox = row % a.ow, oy = row / a.ow % a.oh, image = row / a.ow / a.oh;
        const unsigned y = oy * a.stride - a.top, x = ox * a.stride - a.left, at = ((image * a.h + y) * a.w + x) * a.c;
        Group v;
        for (int q = 0; q < GROUP; q++) {
            const Tap t = tap[first + q];
            const bool inside = y + t.y < a.h && x + t.x < a.w;
            v.e[q] = inside ? table[t.table + a.pixels[at + t.offset]] : 0;
        }
        return v;
    }
};

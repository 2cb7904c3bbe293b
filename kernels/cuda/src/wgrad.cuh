// Weight gradients as matrix products: dw = gᵀ x, where g is the gradient of the convolution's output (pixels x out)
// and x its input (pixels x in), shifted by the offset of each tap. The sum over pixels is long and dw is small, so the
// pixels are split: a block computes one tile of dw over one split.
//
// "Outputs" and "inputs" are output and input channels here. A tile is some outputs by some inputs with all taps, so
// that g and x are loaded into shared memory once for all taps. A warp has 16*MI outputs by TAPS x 8*NI inputs of it in
// registers. For a 3x3 kernel these are one row of taps, and three warps have the three rows. Several warps may also
// divide the pixels of a chunk among them; their sums are added at the end.
#pragma once

#include "operand.cuh"
#include "window.cuh"

// WeightTask is one of the convolutions of a launch.
struct WeightTask {
    OperandArgs x, g;
    float *dw;                 // splits x out,kernel,kernel,in
    unsigned first;            // index of its first block
    unsigned rows, h, w;       // pixels of the batch; height and width of an image
    unsigned in, out, kernel;
    Flag tall;                 // a warp of a 3x3 kernel has 64 outputs rather than 32
    unsigned inputs, outputs;  // of a tile
    unsigned across, deep;     // how many warps divide the inputs of a tile, and how many the pixels of a chunk
    unsigned tiles;            // of dw
    unsigned span, chunk;      // pixels of a split, and of a chunk: those in shared memory at once
    unsigned ring;             // pixels of x in shared memory, a power of two
};

// WeightTasks are a launch's convolutions. Kernels take it by value; Go's WeightTasks mirrors it.
struct WeightTasks {
    WeightTask task[4];
};

// weight_threads is the size of a block: six warps, as a 3x3 kernel needs a multiple of three.
constexpr unsigned weight_threads = 192;

// row_padding is the number of unused elements after each row in shared memory. With it, neither eight rows of 16 bytes
// nor four rows of eight floats have bank conflicts.
constexpr unsigned row_padding = 8;

// zero_rows is how many consecutive rows lie in different banks: a row of zeros is needed for each.
constexpr unsigned zero_rows = 8;

// Weight gradients as products of matrices: dw = gᵀ x, with g the gradient (pixels x out) and x what the convolution
// read (pixels x in, once for each tap, moved by it). The sum over pixels is long and dw is small, so the pixels are
// split, and each block makes one tile of dw over one split.
//
// A tile is some outputs by some inputs, of all taps: g and x then come into shared memory once for all taps. A warp
// has 16*MI outputs by TAPS x 8*NI inputs of it in registers. Of a 3x3 kernel it has one row of taps, so that three
// warps stand side by side; warps may also share the pixels of a chunk, in which case their sums are added at the end.
#pragma once

#include "operand.cuh"
#include "window.cuh"

// WeightTask is one convolution among those of a launch.
struct WeightTask {
    OperandArgs x, g;
    float *dw;                 // splits x out,kernel,kernel,in
    unsigned first;            // the first of its blocks
    unsigned rows, h, w;       // pixels in all, and an image's
    unsigned in, out, kernel;
    Flag tall;                 // a warp of a 3x3 kernel has 64 outputs, not 32
    unsigned inputs, outputs;  // of a block's tile
    unsigned across, deep;     // warps of a block beside each other over inputs, and over pixels
    unsigned tiles;            // of dw
    unsigned span, chunk;      // pixels of a split, and those that are in shared memory at once
    unsigned ring;             // pixels that x has room for there, a power of two
};

// WeightTasks are a launch's convolutions. Kernels take it by value; Go's WeightTasks mirrors it.
struct WeightTasks {
    WeightTask task[4];
};

// weight_threads is how many threads a block has: six warps, as a 3x3 kernel wants a multiple of three.
constexpr unsigned weight_threads = 192;

// A row of a tile in shared memory is this many elements longer than its channels, so that neither eight rows of 16
// bytes nor four rows of eight floats share a bank.
constexpr unsigned row_padding = 8;

// zero_rows is how many rows of a tile are in different banks.
constexpr unsigned zero_rows = 8;

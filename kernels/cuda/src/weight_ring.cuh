// A convolution's weights on their way into shared memory, tap by tap, by copies that run beside the products.
#pragma once

#include "mma.cuh"

// copy_wait_for returns when of the thread's groups of copies at most `pending`, 0 to 8, are under way.
__device__ inline void copy_wait_for(unsigned pending) {
    switch (pending) {
    case 0: return copy_wait<0>();
    case 1: return copy_wait<1>();
    case 2: return copy_wait<2>();
    case 3: return copy_wait<3>();
    case 4: return copy_wait<4>();
    case 5: return copy_wait<5>();
    case 6: return copy_wait<6>();
    case 7: return copy_wait<7>();
    default: return copy_wait<8>();
    }
}

// WeightRing holds the weights of N output channels from the block's first on, a slot of shared memory for each tap: N
// rows of the input's channels, `pitch` bytes apart. A block takes its tiles' taps one after another, each tap a step.
// With a slot for every tap each is copied once and stays; with fewer the slots go round, and all of them but the one
// in use are being filled.
//
// A group of copies is begun in each step, for the one that is `ahead` steps later. It has that step's weights, or
// nothing where they stay or there is no such step, and whatever else the thread began to copy since the step before.
template <int N> struct WeightRing {
    const char *weight; // Out,taps,In
    char *shared;
    unsigned row, pitch; // bytes of a tap's input channels, in memory and in shared memory
    unsigned taps, slots, ahead;
    unsigned copied, step = 0; // steps that weights are copied for, and those taken

    // The first copies are under way when it is made, and what the thread began to copy before is among the first
    // step's.
    __device__ WeightRing(const char *weight, char *shared, unsigned row, unsigned pitch, unsigned taps, unsigned slots,
                          unsigned steps)
        : weight(weight), shared(shared), row(row), pitch(pitch), taps(taps), slots(slots) {
        ahead = stays() ? taps : slots - 1;
        copied = stays() ? taps : steps;
        for (unsigned s = 0; s < ahead; s++) copy(s);
    }

    __device__ bool stays() const { return slots == taps; }

    // wait returns when the thread's copies for the next step are there. As no copy is further ahead than a tile's taps,
    // those that it began at a tile's first step are there at the next tile's.
    __device__ void wait() const { copy_wait_for(ahead - 1); }

    // next waits for the next tap and returns its slot. The threads of the block meet in it wherever what one of them
    // copied or staged could otherwise be missed by another: at the first tap of a tile, and at each that was copied.
    __device__ const char *next() {
        const unsigned s = step++;
        if (!stays() || s < taps || s % taps == 0) {
            wait();
            __syncthreads();
        }
        copy(s + ahead); // where slots go round, into that of the step before, which all have done with
        return shared + s % slots * N * pitch;
    }

  private:
    // copy begins a step's group of copies.
    __device__ void copy(unsigned s) {
        if (s < copied) {
            const unsigned chunks = row / 16, down = blockDim.x / chunks, chunk = threadIdx.x % chunks * 16;
            const char *const from = weight + s % taps * row + chunk;
            char *const to = shared + s % slots * N * pitch + chunk;
            const unsigned start = threadIdx.x / chunks;
            for (unsigned n = start; start < down && n < N; n += down) {
                copy_async(to + n * pitch, from + int64_t(n) * taps * row);
            }
        }
        copy_commit();
    }
};

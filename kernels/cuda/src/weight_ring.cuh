// Copies a convolution's weights into shared memory, tap by tap, asynchronously while products are computed.
#pragma once

#include "mma.cuh"

// copy_wait_for waits until at most `pending`, 0 to 8, groups of copies of this thread are incomplete.
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

// WeightRing holds the weights of the block's N output channels in slots of shared memory. A slot has the weights of
// one tap: N rows of all input channels, `pitch` bytes apart. The block computes the taps of its tiles one after the
// other; each tap is a step. If there is a slot for every tap, each tap is copied once and stays. If there are fewer,
// the slots form a ring: all but the one in use are being filled for the next steps.
//
// Each step commits one group of copies, for the step that is `ahead` steps later. The group has the weights of that
// step, unless they stay or there is no such step, and all else that the thread has started to copy since the last
// step.
template <int N> struct WeightRing {
    const char *weight; // Out,taps,In
    char *shared;
    unsigned row, pitch; // bytes of a row of input channels, in memory and in shared memory
    unsigned taps, slots, ahead;
    unsigned copied, step = 0; // number of steps that weights are copied for, and of steps taken

    // The constructor starts the copies for the first step.
    __device__ WeightRing(const char *weight, char *shared, unsigned row, unsigned pitch, unsigned taps, unsigned slots,
                          unsigned steps)
        : weight(weight), shared(shared), row(row), pitch(pitch), taps(taps), slots(slots) {
        ahead = stays() ? taps : slots - 1;
        copied = stays() ? taps : steps;
        start(0);
    }

    // begin ends the first group of copies, which includes all that the thread has started to copy so far. It starts
    // the other copies for the first `ahead` steps.
    __device__ void begin() {
        copy_commit();
        for (unsigned s = 1; s < ahead; s++) copy(s);
    }

    __device__ bool stays() const { return slots == taps; }

    // wait waits for the thread's copies for the next step. `ahead` is at most the number of taps, so at the first step
    // of a tile this includes all that the thread started to copy by the first step of the tile before.
    __device__ void wait() const { copy_wait_for(ahead - 1); }

    // next waits for the weights of the next tap and returns their slot. It synchronises the block where threads need
    // what others have copied or staged: at the first tap of a tile, and at each tap that was copied.
    __device__ const char *next() {
        const unsigned s = step++;
        if (!stays() || s < taps || s % taps == 0) {
            wait();
            __syncthreads();
        }
        copy(s + ahead); // in a ring, into the slot of the last step, which no thread reads any more
        return shared + s % slots * N * pitch;
    }

  private:
    // copy starts and commits the group of copies for step s.
    __device__ void copy(unsigned s) {
        if (s < copied) start(s);
        copy_commit();
    }

    // start starts the copies for step s.
    __device__ void start(unsigned s) {
        const unsigned chunks = row / 16, down = blockDim.x / chunks, chunk = threadIdx.x % chunks * 16;
        const char *const from = weight + s % taps * row + chunk;
        char *const to = shared + s % slots * N * pitch + chunk;
        const unsigned first = threadIdx.x / chunks;
        for (unsigned n = first; first < down && n < N; n += down) {
            copy_async(to + n * pitch, from + int64_t(n) * taps * row);
        }
    }
};

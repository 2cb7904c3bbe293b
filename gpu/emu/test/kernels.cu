// Kernels for the emulation's own tests; kernels.h has what stands for their PTX.
#include "dependent.cu"
#include "tensor.cu"

KERNEL(scale, (float *y, const float *x, float a, int64_t n)) {
    for (int64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] = a * __ldg(x + i);
}

// where writes each thread's number, from its indices.
KERNEL(where, (int *y)) {
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    y[block * blockDim.x * blockDim.y * blockDim.z + thread] = 100 * block + thread;
}

// reverse turns each block of 64 values around through shared memory.
KERNEL(reverse, (int *y, const int *x)) {
    __shared__ int values[64];
    const unsigned at = blockIdx.x * 64;
    values[threadIdx.x] = x[at + threadIdx.x];
    __syncthreads();
    y[at + threadIdx.x] = values[63 - threadIdx.x];
}

// dynamic adds a block's values in dynamic shared memory, in a tree.
KERNEL(dynamic, (float *y, const float *x)) {
    DYNAMIC_SHARED(float, sums);
    sums[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) *y = sums[0];
}

// unset reads shared memory that nobody wrote.
KERNEL(unset, (float *y)) {
    __shared__ float value;
    DYNAMIC_SHARED(float, more);
    y[2 * blockIdx.x] = value;
    y[2 * blockIdx.x + 1] = more[0];
    value = more[0] = 1;
}

// warps adds values over each warp in three ways.
KERNEL(warps, (double *down, double *across, double *first, const double *x)) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    double d = x[i], a = x[i];
    for (unsigned step = 16; step > 0; step /= 2) d += __shfl_down_sync(0xffffffff, d, step);
    for (int bit = 1; bit < 32; bit *= 2) a += __shfl_xor_sync(0xffffffff, a, bit);
    down[i] = d;
    across[i] = a;
    first[i] = __shfl_sync(0xffffffff, x[i], 4, 8);
    __syncwarp();
}

// halves lets two halves of a warp exchange values at their own pace.
KERNEL(halves, (int *y)) {
    const bool upper = threadIdx.x >= 16;
    const unsigned mask = upper ? 0xffff0000 : 0xffff;
    int v = threadIdx.x;
    for (int i = 0; i < (upper ? 3 : 1); i++) v = __shfl_xor_sync(mask, v, 1);
    y[threadIdx.x] = v;
}

// count lets the last block see what all have added.
KERNEL(count, (int *sum, unsigned *done, int *total)) {
    atomicAdd(sum, 1);
    __syncthreads();
    if (threadIdx.x > 0) return;
    __threadfence();
    if (atomicAdd(done, 1u) == gridDim.x - 1) *total = *sum;
}

// The rest are mistakes.
KERNEL(leaves_early, (int which)) {
    if (static_cast<int>(threadIdx.x) == which) return;
    __syncthreads();
}

KERNEL(two_barriers, (int which)) {
    if (static_cast<int>(threadIdx.x) == which) {
        __syncthreads();
    } else {
        __syncthreads();
    }
}

KERNEL(asks_the_absent, (int *y)) { y[threadIdx.x] = __shfl_xor_sync(0xffffffff, 1, 1); }

KERNEL(not_in_its_mask, (int *y)) { *y = __shfl_sync(0xfffffffe, 1, 1); }

KERNEL(writes_at, (int *y, int64_t i)) { y[i] = 1; }

// only_here is in no PTX.
KERNEL(only_here, (int *y)) { *y = 1; }

// Kernels of launches that overlap. Each block has two warps.

// doubles doubles each value of its block in dynamic shared memory, before and after it has released the next kernel.
KERNEL(doubles, (int *y, const int *x)) {
    DYNAMIC_SHARED(int, values);
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    ::emu::wait_for_grid();
    values[threadIdx.x] = x[i];
    ::emu::release_next();
    __syncthreads();
    y[i] = 2 * values[blockDim.x - 1 - threadIdx.x];
}

// early does the same; what it finds in constant it has in shared memory before it waits.
KERNEL(early, (int *y, const int *x, const int *constant)) {
    DYNAMIC_SHARED(int, values);
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    values[threadIdx.x] = constant[threadIdx.x];
    __syncthreads();
    ::emu::wait_for_grid();
    y[i] = 2 * x[i] + values[blockDim.x - 1 - threadIdx.x];
    ::emu::release_next();
}

// The rest are mistakes.
KERNEL(reads_early, (int *y, const int *x)) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const int v = *const_cast<const volatile int *>(x + i);
    ::emu::wait_for_grid();
    y[i] = v;
}

KERNEL(writes_early, (int *y, int *x)) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    x[i] = -1;
    ::emu::wait_for_grid();
    y[i] = 0;
}

KERNEL(never_waits, (int *y)) {
    if (threadIdx.x != 3) ::emu::wait_for_grid();
    y[blockIdx.x * blockDim.x + threadIdx.x] = 0;
}

KERNEL(releases_first, (int *y)) {
    ::emu::release_next();
    ::emu::wait_for_grid();
    y[blockIdx.x * blockDim.x + threadIdx.x] = 0;
}

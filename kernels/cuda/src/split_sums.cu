// Adds up the splits of several vectors. A block computes 128 elements of one vector: each of its 8 warps adds up every
// eighth split, and then these sums are added in a fixed order.
KERNEL(split_sums, (SplitSums all, unsigned count)) {
    unsigned i = count - 1;
    while (blockIdx.x < all.first[i]) i--;
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32, size = all.size[i], splits = all.splits[i];
    const unsigned at = ((blockIdx.x - all.first[i]) * 32 + lane) * 4;
    const float *const part = all.part[i] + at;
    double sum[4] = {};
#pragma unroll 4
    for (unsigned s = warp; s < splits; s += 8) {
        const Floats<4> v = load<4>(part + int64_t(s) * size);
        for (int k = 0; k < 4; k++) sum[k] += v.e[k];
    }
    __shared__ double share[8][32][4];
    for (int k = 0; k < 4; k++) share[warp][lane][k] = sum[k];
    __syncthreads();
    if (threadIdx.x >= 128) return;
    double total = 0;
    for (int w = 0; w < 8; w++) total += share[w][threadIdx.x / 4][threadIdx.x % 4];
    all.sum[i][at - lane * 4 + threadIdx.x] = total;
}

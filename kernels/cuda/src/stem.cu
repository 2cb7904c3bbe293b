// The first convolution and its weight gradient. A block computes up to 32 channels, a thread 8 channels of one pixel
// at a time. Rows are the pixels of all images.

KERNEL_T(stem, (Stem a, T *y, NormForward f, float2 *part, unsigned *done)) {
    follow_previous();
    constexpr int V = StemShared::VECTOR, GROUP = StemShared::GROUP;
    __shared__ StemShared shared;
    __shared__ Floats<V> weight[StemShared::TAPS * StemShared::WIDTH / V]; // tap, channel
    __shared__ PartialSum partials[8 * StemShared::WIDTH];
    const unsigned width = a.width(), columns = width / V, column = threadIdx.x % columns * V;
    const unsigned first = blockIdx.y * width, rows = a.rows(), tile = blockDim.x / columns;
    shared.fill(a);
    for (unsigned i = threadIdx.x; i < StemShared::TAPS * width; i += blockDim.x) {
        const unsigned tap = i / width, channel = first + i % width;
        weight[i / V].e[i % V] = tap < a.taps() ? a.weight[channel * a.taps() + tap] : 0;
    }
    __syncthreads();

    ChannelSums<V> sums;
    for (unsigned row = blockIdx.x * tile + threadIdx.x / columns; row < rows; row += gridDim.x * tile) {
        float sum[V] = {};
        for (unsigned group = 0; group < a.taps(); group += GROUP) {
            const auto v = shared.values(a, row, group);
            for (int q = 0; q < GROUP; q++) {
                const Floats<V> w = weight[(group + q) * columns + threadIdx.x % columns];
                for (int k = 0; k < V; k++) sum[k] = fmaf(v.e[q], w.e[k], sum[k]);
            }
        }
        Vector<T, V> out;
        Floats<V> stored;
        for (int k = 0; k < V; k++) out.e[k] = narrow<T>(sum[k]), stored.e[k] = widen(out.e[k]);
        put(y + row * a.out + first + column, out);
        if (f.norm) sums.add_moments(stored);
    }

    if (!f.norm) return;
    sum_block<4>(sums, true, columns, column, width, threadIdx.x / 32, blockDim.x / 32, partials,
                 part + blockIdx.x * a.out + first);
    if (!last_block(done)) return;
    finish_forward(f, reinterpret_cast<const PartMoments *>(part), gridDim.x, a.out, rows,
                   RoundRobinRows{rows, tile, gridDim.x});
}

// dw = Σ gradient * value over rows. gradient is g or, with a norm, the gradient of its input. A block computes one
// group of taps for up to 32 channels: blockIdx.y counts groups of taps first, then groups of channels.
KERNEL_T(stem_backward, (Stem a, const T *g, const T *input, const float *norm, float *dw, float *part,
                         unsigned *done)) {
    follow_previous();
    constexpr int V = StemShared::VECTOR, GROUP = StemShared::GROUP;
    using Reduce = WarpReduce<V, 4>;
    using Group = StemShared::Group;
    __shared__ StemShared shared;
    __shared__ Group sums[8 * StemShared::WIDTH];
    const unsigned width = a.width(), columns = width / V, column = threadIdx.x % columns * V;
    const unsigned groups = (a.taps() + GROUP - 1) / GROUP, group = blockIdx.y % groups * GROUP;
    const unsigned first = blockIdx.y / groups * width, rows = a.rows(), tile = blockDim.x / columns;
    shared.fill(a);
    __syncthreads();

    Group sum[V] = {};
    auto walk = [&](auto gradient) {
        for (unsigned row = blockIdx.x * tile + threadIdx.x / columns; row < rows; row += gridDim.x * tile) {
            const Floats<V> d = gradient(row * a.out + first + column);
            const Group v = shared.values(a, row, group);
            for (int q = 0; q < GROUP; q++) {
                for (int k = 0; k < V; k++) sum[k].e[q] = fmaf(d.e[k], v.e[q], sum[k].e[q]);
            }
        }
    };
    if (norm) {
        const NormInputGradient<V> dx(norm, a.out, first + column);
        walk([=](unsigned at) {
            const Floats<V> d = load<V>(g + at), x = load<V>(input + at);
            Floats<V> v;
            for (int k = 0; k < V; k++) v.e[k] = widen(narrow<T>(dx(k, d.e[k], x.e[k])));
            return v;
        });
    } else {
        walk([=](unsigned at) { return load<V>(g + at); });
    }

    // Sum over the block; its partial sums have the layout of dw.
    Reduce::run(sum, columns, [](Group p, const Group &q) {
        for (int k = 0; k < GROUP; k++) p.e[k] += q.e[k];
        return p;
    });
    if (Reduce::owns(columns)) sums[threadIdx.x / 32 * width + column + Reduce::first()] = sum[0];
    __syncthreads();
    const unsigned values = a.out * a.taps();
    for (unsigned i = threadIdx.x; i < width * GROUP; i += blockDim.x) {
        const unsigned channel = i / GROUP, tap = i % GROUP;
        float total = 0;
        for (unsigned warp = 0; warp < blockDim.x / 32; warp++) total += sums[warp * width + channel].e[tap];
        if (group + tap < a.taps()) part[blockIdx.x * values + (first + channel) * a.taps() + group + tap] = total;
    }
    if (!last_block(done)) return;
    sum_rows(dw, part, gridDim.x, values);
}

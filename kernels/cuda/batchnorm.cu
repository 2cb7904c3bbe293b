// Batch normalisation's passes over activations; what happens between them, per channel, is in channel.cu.

// A chunk's moments by Welford's recurrence (Welford 1962) on x less the chunk's first row, so that neither a mean
// thousands of deviations from 0 nor a first row far from the rest loses the variance.
KERNEL_T(batchnorm_stats, (const T *x, Moments *part, unsigned rows, unsigned c, unsigned chunk)) {
    by_width<T>(c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        const unsigned j = first_channel<V>();
        const Chunk span(rows, chunk);
        Floats<V> origin = {};
        float mean[V] = {}, m2[V] = {}, n = 0;
        if (j < c) origin = load<V>(x + span.first * c + j);
        for (unsigned r = span.first + threadIdx.y; j < c && r < span.last; r += blockDim.y) {
            const Floats<V> v = load<V>(x + r * c + j);
            n++;
            const float share = 1 / n;
            for (int k = 0; k < V; k++) {
                const float u = v.e[k] - origin.e[k], d = u - mean[k];
                mean[k] = fmaf(d, share, mean[k]);
                m2[k] = fmaf(d, u - mean[k], m2[k]);
            }
        }
        // Join the threads: the mean of means, then m2 with each mean's distance from it.
        float sum[V];
        for (int k = 0; k < V; k++) sum[k] = n * mean[k];
        block_sum(sum, blockDim.x);
        for (int k = 0; k < V; k++) {
            sum[k] /= span.last - span.first;
            const float d = mean[k] - sum[k];
            m2[k] = fmaf(n * d, d, m2[k]);
        }
        block_sum(m2, blockDim.x);
        for (int k = 0; k < V && j < c && threadIdx.y == 0; k++) {
            part[blockIdx.y * c + j + k] = {double(origin.e[k]) + sum[k], m2[k]};
        }
    });
}

KERNEL_T(batchnorm_apply, (T *y, const T *x, const float *scale_shift, Flag relu, unsigned rows, unsigned c)) {
    each_row<T>(rows, c, [=](auto width, unsigned j) {
        constexpr int V = decltype(width)::n;
        const Floats<V> scale = load<V>(scale_shift + j), shift = load<V>(scale_shift + c + j);
        return [=](unsigned at) {
            const Floats<V> v = apply<V>(fmaf, load<V>(x + at), scale, shift);
            store(y + at, relu ? apply<V>(positive, v) : v);
        };
    });
}

// y is read with relu only.
KERNEL_T(batchnorm_reduce, (const T *dy, const T *x, const T *y, const float *mean, GradSums *part, Flag relu,
                            unsigned rows, unsigned c, unsigned chunk)) {
    by_width<T>(c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        const unsigned j = first_channel<V>();
        const Chunk span(rows, chunk);
        Floats<V> m = {};
        float g[V] = {}, gx[V] = {};
        if (j < c) m = load<V>(mean + j);
        for (unsigned r = span.first + threadIdx.y; j < c && r < span.last; r += blockDim.y) {
            const unsigned at = r * c + j;
            Floats<V> d = load<V>(dy + at);
            if (relu) d = apply<V>(masked, d, load<V>(y + at));
            const Floats<V> v = load<V>(x + at);
            for (int k = 0; k < V; k++) {
                g[k] += d.e[k];
                gx[k] = fmaf(d.e[k], v.e[k] - m.e[k], gx[k]);
            }
        }
        block_sum(g, blockDim.x);
        block_sum(gx, blockDim.x);
        for (int k = 0; k < V && j < c && threadIdx.y == 0; k++) part[blockIdx.y * c + j + k] = {g[k], gx[k]};
    });
}

// y is read with relu only.
KERNEL_T(batchnorm_backward, (T *dx, const T *dy, const T *x, const T *y, const float *mean, const float *coefficients,
                              Flag relu, Flag accumulate, unsigned rows, unsigned c)) {
    each_row<T>(rows, c, [=](auto width, unsigned j) {
        constexpr int V = decltype(width)::n;
        const Floats<V> m = load<V>(mean + j);
        const Floats<V> ca = load<V>(coefficients + j), cb = load<V>(coefficients + c + j);
        const Floats<V> ck = load<V>(coefficients + 2 * c + j);
        return [=](unsigned at) {
            Floats<V> g = load<V>(dy + at);
            if (relu) g = apply<V>(masked, g, load<V>(y + at));
            const Floats<V> v = load<V>(x + at);
            for (int k = 0; k < V; k++) g.e[k] = fmaf(g.e[k], ca.e[k], fmaf(v.e[k] - m.e[k], cb.e[k], ck.e[k]));
            if (accumulate) g = plus(load<V>(dx + at), g);
            store(dx + at, g);
        };
    });
}

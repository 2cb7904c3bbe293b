// The passes of batch normalisation over the activations. The steps between them, on vectors of channels, are in
// per_channel.cu.

KERNEL_T(batchnorm_stats, (const T *x, Moments *part, unsigned rows, unsigned c, unsigned chunk)) {
    follow_previous();
    by_width<T>(c, [=](auto width) {
        chunk_moments(width, x, Chunk(rows, chunk), c, [=](unsigned j, double mean, float m2) {
            part[blockIdx.y * c + j] = {mean, m2};
        });
    });
}

KERNEL_T(batchnorm_apply, (T *y, const T *x, const float *scale_shift, Flag relu, unsigned rows, unsigned c)) {
    follow_previous();
    each_row<T>(rows, c, [=](auto width, unsigned j) {
        constexpr int V = decltype(width)::n;
        const Floats<V> scale = load<V>(scale_shift + j), shift = load<V>(scale_shift + c + j);
        return [=](unsigned at) {
            const Floats<V> v = apply<V>(fmaf, load<V>(x + at), scale, shift);
            store(y + at, relu ? apply<V>(positive, v) : v);
        };
    });
}

// y is read only with relu.
KERNEL_T(batchnorm_reduce, (const T *dy, const T *x, const T *y, const float *mean, GradSums *part, Flag relu,
                            unsigned rows, unsigned c, unsigned chunk)) {
    follow_previous();
    by_width<T>(c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        auto gradient = [=](unsigned at, const Floats<V> &) {
            const Floats<V> g = load<V>(dy + at);
            return relu ? apply<V>(masked, g, load<V>(y + at)) : g;
        };
        chunk_sums(width, x, mean, part + blockIdx.y * c, Chunk(rows, chunk), c, gradient);
    });
}

// y is read only with relu.
KERNEL_T(batchnorm_backward, (T *dx, const T *dy, const T *x, const T *y, const float *mean, const float *coefficients,
                              Flag relu, Flag accumulate, unsigned rows, unsigned c)) {
    follow_previous();
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

// Convolution by its definition, of any window, stride, padding and number of channels. Weights are KRSC. Every sum has
// one order, which depends on the shapes alone, and no atomics.

// A thread computes one output channel of a pixel.
KERNEL_T(direct_convolution, (T *y, const T *x, const T *w, Pool p, unsigned out, unsigned n)) {
    follow_previous();
    by_width<T>(p.c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        for (unsigned at = thread_index(); at < n * p.oh * p.ow * out; at += thread_count()) {
            const Pixel o(at, p.oh, p.ow, out);
            const Window in = p.window(o.y, o.x);
            const int top = int(o.y) * p.stride_h - p.top, left = int(o.x) * p.stride_w - p.left;
            float sum = 0;
            for (int r = in.y0; r < in.y1; r++) {
                for (int s = in.x0; s < in.x1; s++) {
                    const T *const pixel = x + p.input(o.n, r, s, 0);
                    const T *const weight = w + p.weight(o.channel, r - top, s - left, 0);
                    for (int c = 0; c < p.c; c += V) {
                        const Floats<V> a = load<V>(pixel + c), b = load<V>(weight + c);
                        for (int k = 0; k < V; k++) sum = fmaf(a.e[k], b.e[k], sum);
                    }
                }
            }
            y[at] = narrow<T>(sum);
        }
    });
}

// A thread computes a vector of input channels of a pixel.
KERNEL_T(direct_data_gradient, (T *dx, const T *dy, const T *w, Pool p, unsigned out, Flag accumulate, unsigned n)) {
    follow_previous();
    each_pixel<T>(n, p.h, p.w, p.c, [=](auto width, Pixel i, unsigned at) {
        constexpr int V = decltype(width)::n;
        const Window outputs = p.outputs(i.y, i.x);
        Floats<V> sum = {};
        for (int oy = outputs.y0; oy < outputs.y1; oy++) {
            for (int ox = outputs.x0; ox < outputs.x1; ox++) {
                const int r = int(i.y) + p.top - oy * p.stride_h, s = int(i.x) + p.left - ox * p.stride_w;
                const T *const g = dy + ((i.n * p.oh + oy) * p.ow + ox) * out;
                for (unsigned k = 0; k < out; k++) {
                    const float gk = widen(g[k]);
                    const Floats<V> b = load<V>(w + p.weight(k, r, s, i.channel));
                    for (int j = 0; j < V; j++) sum.e[j] = fmaf(gk, b.e[j], sum.e[j]);
                }
            }
        }
        if (accumulate) sum = plus(load<V>(dx + at), sum);
        store(dx + at, sum);
    });
}

// A block computes blockDim.x neighbouring weights. Its threads of one weight share the rows of outputs among them: the
// sum over a row is float32, and the sum of all rows is float64.
KERNEL_T(direct_weight_gradient, (float *dw, const T *x, const T *dy, Pool p, unsigned out, unsigned n)) {
    follow_previous();
    const unsigned at = thread_index(), elements = out * p.kh * p.kw * p.c;
    double sum[1] = {};
    if (at < elements) {
        const Pixel tap(at, p.kh, p.kw, p.c); // its n is the output channel
        for (unsigned row = threadIdx.y; row < n * p.oh; row += blockDim.y) {
            const int r = int(row % p.oh) * p.stride_h - p.top + int(tap.y);
            if (r < 0 || r >= p.h) continue;
            float part = 0;
            for (int ox = 0; ox < p.ow; ox++) {
                const int s = ox * p.stride_w - p.left + int(tap.x);
                if (s < 0 || s >= p.w) continue;
                const T g = dy[(row * p.ow + ox) * out + tap.n];
                part = fmaf(widen(g), widen(x[p.input(row / p.oh, r, s, tap.channel)]), part);
            }
            sum[0] += part;
        }
    }
    block_sum(sum, blockDim.x);
    if (at < elements && threadIdx.y == 0) dw[at] = sum[0];
}

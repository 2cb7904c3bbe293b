// Max and average pooling. A thread computes a vector of channels of one pixel: of y forward and of dx backward. It
// adds up the gradients of all windows that contain the pixel, in a fixed order and without atomics.

KERNEL_T(maxpool, (T *y, int32_t *index, const T *x, Pool p, unsigned n)) {
    follow_previous();
    each_pixel<T>(n, p.oh, p.ow, p.c, [=](auto width, Pixel o, unsigned at) {
        constexpr int V = decltype(width)::n;
        const Window w = p.window(o.y, o.x);
        Floats<V> best = load<V>(x + p.input(o.n, w.y0, w.x0, o.channel));
        Vector<int32_t, V> winner = {};
        int place = 0;
        for (int r = w.y0; r < w.y1; r++) {
            for (int s = w.x0; s < w.x1; s++, place++) {
                const Floats<V> v = load<V>(x + p.input(o.n, r, s, o.channel));
                for (int k = 0; k < V; k++) {
                    if (v.e[k] > best.e[k] || v.e[k] != v.e[k]) best.e[k] = v.e[k], winner.e[k] = place;
                }
            }
        }
        store(y + at, best);
        if (index) put(index + at, winner);
    });
}

KERNEL_T(maxpool_backward, (T *dx, const T *dy, const int32_t *index, Pool p, Flag accumulate, unsigned n)) {
    follow_previous();
    each_pixel<T>(n, p.h, p.w, p.c, [=](auto width, Pixel i, unsigned at) {
        constexpr int V = decltype(width)::n;
        const Window outputs = p.outputs(i.y, i.x);
        Floats<V> sum = {};
        if (accumulate) sum = load<V>(dx + at);
        for (int r = outputs.y0; r < outputs.y1; r++) {
            for (int s = outputs.x0; s < outputs.x1; s++) {
                const Window w = p.window(r, s);
                const int place = (int(i.y) - w.y0) * (w.x1 - w.x0) + int(i.x) - w.x0;
                const unsigned o = p.output(i.n, r, s, i.channel);
                const Floats<V> g = load<V>(dy + o);
                const Vector<int32_t, V> winner = fetch<V>(index + o);
                for (int k = 0; k < V; k++) {
                    if (winner.e[k] == place) sum.e[k] += g.e[k];
                }
            }
        }
        store(dx + at, sum);
    });
}

KERNEL_T(avgpool, (T *y, const T *x, Pool p, unsigned n)) {
    follow_previous();
    const float scale = 1.0f / (p.kh * p.kw);
    each_pixel<T>(n, p.oh, p.ow, p.c, [=](auto width, Pixel o, unsigned at) {
        constexpr int V = decltype(width)::n;
        const Window w = p.window(o.y, o.x);
        Floats<V> sum = {};
        for (int r = w.y0; r < w.y1; r++) {
            for (int s = w.x0; s < w.x1; s++) {
                const Floats<V> v = load<V>(x + p.input(o.n, r, s, o.channel));
                for (int k = 0; k < V; k++) sum.e[k] += v.e[k];
            }
        }
        store(y + at, apply<V>([=](float v) { return scale * v; }, sum));
    });
}

// If y is not null, y is the input of the pool and the output of a ReLU, and dx becomes the gradient of its input.
KERNEL_T(avgpool_backward, (T *dx, const T *dy, const T *y, Pool p, Flag accumulate, unsigned n)) {
    follow_previous();
    const float scale = 1.0f / (p.kh * p.kw);
    each_pixel<T>(n, p.h, p.w, p.c, [=](auto width, Pixel i, unsigned at) {
        constexpr int V = decltype(width)::n;
        const Window outputs = p.outputs(i.y, i.x);
        Floats<V> sum = {};
        if (accumulate) sum = load<V>(dx + at);
        for (int r = outputs.y0; r < outputs.y1; r++) {
            for (int s = outputs.x0; s < outputs.x1; s++) {
                const Floats<V> g = load<V>(dy + p.output(i.n, r, s, i.channel));
                for (int k = 0; k < V; k++) sum.e[k] += scale * g.e[k];
            }
        }
        if (y) sum = apply<V>(masked, sum, load<V>(y + at));
        store(dx + at, sum);
    });
}

// Zero padding of images, and its gradient.

KERNEL_T(pad, (T *y, const T *x, Border b, unsigned n)) {
    follow_previous();
    each_pixel<T>(n, b.height(), b.width(), b.c, [=](auto width, Pixel o, unsigned at) {
        constexpr int V = decltype(width)::n;
        // Above or left of the image, these wrap around to large numbers.
        const unsigned r = o.y - b.top, s = o.x - b.left;
        Floats<V> v = {};
        if (r < b.h && s < b.w) v = load<V>(x + ((o.n * b.h + r) * b.w + s) * b.c + o.channel);
        store(y + at, v);
    });
}

KERNEL_T(crop, (T *dx, const T *dy, Border b, Flag accumulate, unsigned n)) {
    follow_previous();
    each_pixel<T>(n, b.h, b.w, b.c, [=](auto width, Pixel i, unsigned at) {
        constexpr int V = decltype(width)::n;
        const unsigned r = i.y + b.top, s = i.x + b.left;
        Floats<V> g = load<V>(dy + ((i.n * b.height() + r) * b.width() + s) * b.c + i.channel);
        if (accumulate) g = plus(load<V>(dx + at), g);
        store(dx + at, g);
    });
}

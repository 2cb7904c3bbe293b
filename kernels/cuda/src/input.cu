// Normalises the bytes of images by a table of 256 values per channel.

KERNEL_T(input, (T *y, const uint8_t *pixels, const float *table, unsigned c, unsigned n)) {
    follow_previous();
    each<Lanes<T>::n>(n, [=](auto width, unsigned i) {
        constexpr int V = decltype(width)::n;
        const Vector<uint8_t, V> p = fetch<V>(pixels + i);
        Floats<V> v;
        unsigned channel = i % c;
        for (int k = 0; k < V; k++) {
            v.e[k] = table[channel * 256 + p.e[k]];
            channel = channel + 1 == c ? 0 : channel + 1;
        }
        store(y + i, v);
    });
}

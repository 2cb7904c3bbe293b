// Adds the number of NaN and infinite elements to count.
KERNEL_T(not_finite, (const T *x, int32_t *count, unsigned n)) {
    follow_previous();
    int bad[1] = {};
    each<Lanes<T>::n>(n, [&](auto width, unsigned i) {
        constexpr int V = decltype(width)::n;
        const Floats<V> v = load<V>(x + i);
        for (int k = 0; k < V; k++) bad[0] += !is_finite(v.e[k]);
    });
    block_sum(bad, 1);
    if (threadIdx.x == 0 && bad[0]) atomicAdd(count, bad[0]);
}

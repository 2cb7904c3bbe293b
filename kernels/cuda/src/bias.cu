// Adds a bias per channel to every row. Its gradient is the sum over rows.

KERNEL_T(bias, (T *y, const float *bias, Flag relu, unsigned rows, unsigned c)) {
    follow_previous();
    each_row<T>(rows, c, [=](auto width, unsigned j) {
        constexpr int V = decltype(width)::n;
        const Floats<V> b = load<V>(bias + j);
        return [=](unsigned at) {
            const Floats<V> v = plus(load<V>(y + at), b);
            store(y + at, relu ? apply<V>(positive, v) : v);
        };
    });
}

// Sums each chunk of rows; bias_finish adds up the chunks.
KERNEL_T(bias_backward, (float *part, const T *dy, unsigned rows, unsigned c, unsigned chunk)) {
    follow_previous();
    by_width<T>(c, [=](auto width) {
        constexpr int V = decltype(width)::n;
        const unsigned j = first_channel<V>();
        const Chunk span(rows, chunk);
        float sum[V] = {};
        for (unsigned r = span.first + threadIdx.y; j < c && r < span.last; r += blockDim.y) {
            const Floats<V> g = load<V>(dy + r * c + j);
            for (int k = 0; k < V; k++) sum[k] += g.e[k];
        }
        block_sum(sum, blockDim.x);
        for (int k = 0; k < V && j < c && threadIdx.y == 0; k++) part[blockIdx.y * c + j + k] = sum[k];
    });
}

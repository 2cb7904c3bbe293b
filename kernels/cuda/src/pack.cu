// Copies of weights for the tensor cores: rounded, and for the data gradient turned round.

// A row of blocks copies one convolution's weights, out,taps,in. Transposed they become in,taps,out with the taps in
// reverse: the data gradient is the convolution with those.
KERNEL_T(pack_weights, (T *dst, const float *params, const PackedWeights *table)) {
    const PackedWeights w = table[blockIdx.y];
    const unsigned out = w.out, taps = w.taps, in = w.in;
    for (unsigned i = thread_index(); i < out * taps * in; i += thread_count()) {
        unsigned from = i;
        if (w.transposed) {
            const unsigned o = i % out, tap = i / out % taps, channel = i / out / taps;
            from = (o * taps + taps - 1 - tap) * in + channel;
        }
        dst[w.to + i] = product_factor<T>(params[w.from + from]);
    }
}

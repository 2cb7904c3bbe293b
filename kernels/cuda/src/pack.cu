// Copies of weights for the tensor cores: rounded and, for the data gradient, transposed.

// All blocks with the same blockIdx.y copy the weights of one convolution, out,taps,in. A transposed copy is
// in,taps,out with the taps in reverse order: the data gradient is a convolution with these weights.
KERNEL_T(pack_weights, (T *dst, const float *params, const PackedWeights *table)) {
    const PackedWeights w = table[blockIdx.y];
    const unsigned out = w.out, taps = w.taps, in = w.in;
    for (unsigned i = thread_index(); i < out * taps * in; i += thread_count()) {
        unsigned from = i;
        if (w.transposed) {
            const unsigned o = i % out, tap = i / out % taps, channel = i / out / taps;
            from = (o * taps + taps - 1 - tap) * in + channel;
        }
        dst[w.to + i] = round_weight<T>(params[w.from + from]);
    }
}

// A batch picked from a data set in device memory. Blocks with one blockIdx.x share an image.

// The step's scalars come along: hyper gets 4 of hypers, if there are any. Pixel (r, s) of the batch's image is pixel (r+dy, s+dx) of the set's; with flip, s counts from the right.
KERNEL(gather, (uint8_t *pixels, int32_t *labels, const uint8_t *set, const int32_t *set_labels, const Draw *draws,
                float *hyper, const float *hypers, unsigned h, unsigned w, unsigned c)) {
    const Draw d = draws[blockIdx.x];
    const unsigned size = h * w * c, first = blockIdx.y * blockDim.x + threadIdx.x;
    const uint8_t *from = set + int64_t(d.index) * size;
    uint8_t *to = pixels + int64_t(blockIdx.x) * size;
    for (unsigned i = first; i < size; i += gridDim.y * blockDim.x) {
        const Pixel p(i, h, w, c);
        // Above or left of the image these wrap around to large numbers.
        const unsigned r = p.y + d.dy, s = (d.flip ? w - 1 - p.x : p.x) + d.dx;
        to[i] = r < h && s < w ? from[(r * w + s) * c + p.channel] : 0;
    }
    if (first == 0) labels[blockIdx.x] = set_labels[d.index];
    if (hyper && blockIdx.x == 0 && first < 4) hyper[first] = hypers[first];
}

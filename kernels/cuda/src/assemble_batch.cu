// Assembles a batch from a data set in device memory. All blocks with the same blockIdx.x copy one image.

// Pixel (r, s) of an image in the batch is pixel (r+dy, s+dx) of the sample's image, 0 outside it; with flip, s counts
// from the right. The four step scalars are copied too, from step_params_src to step_params, unless that is null.
KERNEL(assemble_batch, (uint8_t *pixels, int32_t *labels, const uint8_t *dataset,
                        const int32_t *dataset_labels, const Sample *samples, float *step_params,
                        const float *step_params_src, unsigned h, unsigned w, unsigned c)) {
    const Sample sample = samples[blockIdx.x];
    const unsigned size = h * w * c, first = blockIdx.y * blockDim.x + threadIdx.x;
    const uint8_t *from = dataset + int64_t(sample.index) * size;
    uint8_t *to = pixels + int64_t(blockIdx.x) * size;
    for (unsigned i = first; i < size; i += gridDim.y * blockDim.x) {
        const Pixel p(i, h, w, c);
        // Above or left of the image, these wrap around to large numbers.
        const unsigned r = p.y + sample.dy, s = (sample.flip ? w - 1 - p.x : p.x) + sample.dx;
        to[i] = r < h && s < w ? from[(r * w + s) * c + p.channel] : 0;
    }
    if (first == 0) labels[blockIdx.x] = dataset_labels[sample.index];
    if (step_params && blockIdx.x == 0 && first < 4) step_params[first] = step_params_src[first];
}

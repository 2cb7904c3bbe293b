// Conversions between float32 and the element type.

KERNEL_T(cast, (T *dst, const float *src, unsigned n)) {
    follow_previous();
    map(n, dst, [](float v) { return v; }, src);
}

KERNEL_T(uncast, (float *dst, const T *src, unsigned n)) {
    follow_previous();
    map(n, dst, [](float v) { return v; }, src);
}

// ReLU and sums of whole tensors, with their gradients.

KERNEL_T(relu, (T *y, const T *x, unsigned n)) {
    follow_previous();
    map(n, y, positive, x);
}

KERNEL_T(relu_backward, (T *dx, const T *dy, const T *y, Flag accumulate, unsigned n)) {
    follow_previous();
    if (accumulate) {
        map(n, dx, [](float d, float g, float v) { return d + masked(g, v); }, dx, dy, y);
    } else {
        map(n, dx, masked, dy, y);
    }
}

KERNEL_T(add, (T *y, const T *a, const T *b, Flag relu, unsigned n)) {
    follow_previous();
    map(n, y, [=](float p, float q) { return relu ? positive(p + q) : p + q; }, a, b);
}

KERNEL_T(accumulate, (T *dx, const T *dy, unsigned n)) {
    follow_previous();
    map(n, dx, [](float d, float g) { return d + g; }, dx, dy);
}

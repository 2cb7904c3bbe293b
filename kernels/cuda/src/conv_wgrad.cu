// Weight gradients of convolutions on tensor cores, several of them in one launch.
//
// With R pixels and t taps, each takes 2*R*t*In*Out FLOP. It reads the gradient once per tile over input channels, and
// the input of the convolution once per tile over output channels. It writes splits*t*In*Out floats.

// Two blocks fit on a multiprocessor: one stores what it loaded while the other multiplies.
#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS __launch_bounds__(weight_threads, 2)

// The tile of a warp, output by input channels, is 32 x 64 for a 1x1 kernel; for a 3x3 kernel it is 32 x 16 or 64 x 16
// for each of the three taps of a row.
KERNEL_T(weight_gradient, (WeightTasks tasks, unsigned count)) {
    follow_previous();
    DYNAMIC_SHARED(char, shared);
    unsigned i = count - 1;
    while (blockIdx.x < tasks.task[i].first) i--;
    if (tasks.task[i].kernel == 1) {
        weight_block<T, 1, 2, 8, 2, 2>(tasks, i, shared);
    } else if (tasks.task[i].tall) {
        weight_block<T, 3, 4, 2, 2, 1>(tasks, i, shared);
    } else {
        weight_block<T, 3, 2, 2, 2, 1>(tasks, i, shared);
    }
}

#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS

// Weight gradients of convolutions on tensor cores, several in a launch.
//
// With R pixels and t taps a launch computes 2*R*t*In*Out FLOP for each. It reads the gradient once for each tile over
// inputs and what the convolution read once for each tile over outputs, in every split, and writes splits*t*In*Out floats.

// Two blocks can be on a multiprocessor: one stores what it loaded while the other multiplies.
#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS __launch_bounds__(weight_threads, 2)

// A warp's tile is, outputs by inputs, 32 x 64 of one tap, or 32 or 64 x 16 of a row of three.
KERNEL_T(weight_gradient, (WeightTasks tasks, unsigned count)) {
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

// Convolutions on tensor cores; a kernel's number is how many output channels a block makes.
//
// With R rows (pixels of the batch), b bytes an element and t taps, a launch computes 2*R*t*In*Out FLOP. It reads the
// operand Out/number times (twice as much for a gradient through a batch norm, and the rows that tiles of a 3x3 window
// share once more), writes R*Out*b bytes, and reads as many for each matrix that the end of it adds or masks by.
// Weights, t*In*Out*b bytes, come from the second level cache for each block or, where they do not fit beside a tile,
// each tile.

// Two blocks of the most threads can be on a multiprocessor: one has its loads under way while the other multiplies.
#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS __launch_bounds__(256, 2)

KERNEL_T(convolution_n16, (ConvolutionLaunch a)) { convolution<T, 16>(a); }
KERNEL_T(convolution_n32, (ConvolutionLaunch a)) { convolution<T, 32>(a); }
KERNEL_T(convolution_n64, (ConvolutionLaunch a)) { convolution<T, 64>(a); }
KERNEL_T(convolution_n128, (ConvolutionLaunch a)) { convolution<T, 128>(a); }

#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS

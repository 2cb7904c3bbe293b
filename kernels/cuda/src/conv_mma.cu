// Convolutions on tensor cores. convolution_nN computes N output channels per block.
//
// With R rows (pixels of the batch), b bytes per element and t taps, a launch computes 2*R*t*In*Out FLOP. It reads the
// operand Out/N times: two matrices for a gradient through a batch norm, and for a 3x3 window the rows around each tile
// once more. It writes R*Out*b bytes, and reads as many for each matrix that the epilogue adds or masks by. The
// weights, t*In*Out*b bytes, are read from the L2 cache once per block, or once per tile if they do not all fit
// into shared memory.

// Two blocks fit on a multiprocessor: one loads while the other multiplies.
#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS __launch_bounds__(256, 2)

KERNEL_T(convolution_n16, (ConvolutionLaunch a)) { convolution<T, 16>(a); }
KERNEL_T(convolution_n32, (ConvolutionLaunch a)) { convolution<T, 32>(a); }
KERNEL_T(convolution_n64, (ConvolutionLaunch a)) { convolution<T, 64>(a); }
KERNEL_T(convolution_n128, (ConvolutionLaunch a)) { convolution<T, 128>(a); }

#undef KERNEL_BOUNDS
#define KERNEL_BOUNDS

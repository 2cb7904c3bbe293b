// Package cuda has the CUDA kernels that a network runs on a GPU besides those of cuDNN and cuBLAS: input and
// augmentation, elementwise operations, batch normalisation, pooling, loss, optimisers, precision and checks; direct
// convolutions, the last resort where cuDNN refuses; and fused kernels, which do the work of several layers in one
// launch: the first convolution from bytes (Stem), convolutions with the batch norms around them, and all that follows
// the last hidden layer (Head).
//
// The sources are in src. generate.sh compiles them to modules in ptx: kernels.ptx and, for each element type,
// typed_*.ptx and tensor_*.ptx, which has the kernels that need tensor cores. Compute capability 9.0 and later have
// these from *.sm_90.ptx, where they can begin before the kernel in front has ended. The binary embeds all. The driver
// compiles those that a run needs for its GPU (compute capability 7.5 and later, 8.0 for tensor_*.ptx), unless
// assemble.sh has put machine code beside the program. Each kernel has a launcher in launchers.go, which gen writes
// from its declaration, and a method of [Kernels], which documents formula and shapes, and chooses grid and block.
//
// Activations are NHWC and of any [gpu.DataType]; arithmetic is float32, rounded once on storing. Vectors per channel,
// parameters, their gradients and optimiser state are float32; sums over activations are completed in float64. No sum
// uses atomics: results depend on the arguments alone, and are the same on every GPU except for exp and log. Where the
// last block of a grid adds up the partial sums of all blocks, results also depend on the number of multiprocessors,
// but never on timing.
//
// With the build tag nocuda the package is empty.
package cuda

//go:generate ./generate.sh

// Package cuda holds the kernels that a network runs on a GPU beside cuDNN's and cuBLAS': input and augmentation,
// elementwise operations, batch normalisation, pooling, loss, optimisers, precision and checks.
//
// The sources are the .cu files here. They are compiled to kernels.ptx, which the binary carries and the driver
// compiles for its GPU (compute capability 7.5 and later). Each kernel has a launcher in launchers.go, written by gen
// from its declaration, and a method of [Kernels] with formula and shapes, which chooses grid and block.
//
// Activations are NHWC and of any [gpu.DataType]; arithmetic is float32, rounded once on storing. Vectors per channel,
// parameters, gradients of parameters and optimiser state are float32, sums over activations end in float64. No sum
// uses atomics: a result is a function of the arguments alone, the same on every GPU but for exp and log.
//
// With the build tag nocuda the package is empty.
package cuda

//go:generate ./generate.sh

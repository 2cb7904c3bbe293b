// Package cuda holds the kernels that a network runs on a GPU beside cuDNN's and cuBLAS': input and augmentation,
// elementwise operations, batch normalisation, pooling, loss, optimisers, precision and checks; and kernels that do
// several layers' work in one launch: the first convolution from bytes (Stem), convolutions with the batch norms around
// them, and what follows the last hidden layer (Head).
//
// The sources are in src. They are compiled to ptx/kernels.ptx and, for each element type, typed_*.ptx and, with
// what needs tensor cores, tensor_*.ptx. The binary carries them all, and the driver compiles those that a run needs for
// its GPU (compute capability 7.5 and later, tensor_*.ptx 8.0), unless assemble.sh put machine code beside the program.
// Each kernel has a launcher in launchers.go, written by gen from its declaration, and a method of [Kernels] with formula
// and shapes, which chooses grid and block.
//
// Activations are NHWC and of any [gpu.DataType]; arithmetic is float32, rounded once on storing. Vectors per channel,
// parameters, gradients of parameters and optimiser state are float32, sums over activations end in float64. No sum
// uses atomics: a result is a function of the arguments alone, the same on every GPU but for exp and log. Where the last
// block of a grid adds up what the others left, it also depends on how many multiprocessors the GPU has, never on timing.
//
// With the build tag nocuda the package is empty.
package cuda

//go:generate ./generate.sh

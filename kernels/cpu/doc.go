// Package cpu holds the float32 kernels that a network runs on the CPU: matrix tiles, from which convolutions and
// matrix products are built, and vector kernels for normalisation, activation and optimisers. Beside them are those
// that convert and resample pictures of bytes on their way to it.
//
// Every kernel exists for AVX-512 (F, BW, DQ, VL), for AVX2 with FMA, and in portable Go; [Best] chooses at run time
// and [For] returns the kernels. A kernel runs on the calling goroutine and allocates nothing; its caller divides the
// work among threads. Results in float32 differ between instruction sets in the last bits, since the order of sums and
// the use of FMA differ. On one instruction set they depend on the arguments alone.
//
// To the vector kernels, activations (NHWC) are rows of channels: a slice of rows*c values, channels innermost. In the
// formulas p is the row and j the channel. Slices with one value per channel have length c.
package cpu

//go:generate go run -C gen . -dir ..

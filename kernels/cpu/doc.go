// Package cpu holds the float32 kernels that a network runs on the CPU: matrix tiles, from which convolutions and
// matrix products are built, and vector kernels for normalisation, activation and optimisers.
//
// Every kernel exists for AVX-512 (F, BW, DQ, VL), for AVX2 with FMA, and in portable Go; [Best] chooses at run time
// and [For] hands out the table. A kernel runs on the calling goroutine and allocates nothing; dividing work among
// threads is the caller's. Results differ between instruction sets in the last bits, since the order of sums and the
// use of FMA differ; on one instruction set they are a function of the arguments alone.
//
// Rows of channels are how activations (NHWC) look to the vector kernels: a slice per-channel of c values belongs to
// slices of rows*c, channels innermost.
package cpu

//go:generate go run -C gen . -dir ..

//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// The direct convolution computes every sum by its definition, of any window, stride, padding and number of channels.
// It is the last resort where cuDNN refuses a convolution, and not tuned: a thread reads whole windows from memory, and
// nothing is shared between threads. It is many times slower than cuDNN's algorithms, so it never wins against one that
// runs. Float32 is multiplied exactly, and not rounded to TF32.

// Direct is the geometry of a direct convolution: from x (n,H,W,C) by weight (Out,KH,KW,C) to y (n,OH,OW,Out).
type Direct struct {
	Input Pool // windows, with C channels
	Out   int
}

func (d Direct) in(n int) int  { return d.Input.in(n) }
func (d Direct) out(n int) int { return n * d.Input.OH * d.Input.OW * d.Out }
func (d Direct) weights() int  { return d.Out * d.Input.KH * d.Input.KW * d.Input.C }

// check returns an error for sizes that no convolution has. Windows may lie on padding alone.
func (d Direct) check(kernel string, n int, tensors ...gpu.Ptr) error {
	p := d.Input
	if min(p.H, p.W, p.C, p.OH, p.OW, p.KH, p.KW, p.StrideH, p.StrideW, d.Out) < 1 || min(p.Top, p.Left) < 0 {
		return fmt.Errorf("cuda: %s: %+v: want positive sizes and pads from 0", kernel, d)
	}
	return check(kernel, max(d.in(n), d.out(n), d.weights()), tensors...)
}

// DirectConvolution is y[k] = Σ x[c] weight[k,c] over the window, summed by FMA in float32.
func (k *Kernels) DirectConvolution(s *gpu.Stream, t gpu.DataType, y, x, weight gpu.Ptr, d Direct, n int) error {
	if err := d.check("direct_convolution", n, y, x, weight); err != nil || n == 0 {
		return err
	}
	return k.launchDirectConvolution(s, k.flat(d.out(n), 1), flatBlock, t, y, x, weight, d.Input, d.Out, n)
}

// DirectDataGradient is dx[c] = Σ dy[k] weight[k,c] over all windows that contain the pixel, summed by FMA in float32,
// and added to dx with accumulate.
func (k *Kernels) DirectDataGradient(s *gpu.Stream, t gpu.DataType, dx, dy, weight gpu.Ptr, d Direct, accumulate bool,
	n int) error {
	if err := d.check("direct_data_gradient", n, dx, dy, weight); err != nil || n == 0 {
		return err
	}
	grid := k.flat(d.in(n), width(t, d.Input.C))
	return k.launchDirectDataGradient(s, grid, flatBlock, t, dx, dy, weight, d.Input, d.Out, accumulate, n)
}

// directWeights is the block of the weight gradient: the weights that it computes, and the threads that share one.
var directWeights = gpu.Dim3{X: 32, Y: blockThreads / 32, Z: 1}

// DirectWeightGradient is dw[k,c] = Σ dy[k] x[c] over all windows, in float32: by FMA in float32 along a row of dy, and
// in float64 over the rows. The order of the sums is fixed.
func (k *Kernels) DirectWeightGradient(s *gpu.Stream, t gpu.DataType, dw, x, dy gpu.Ptr, d Direct, n int) error {
	if err := d.check("direct_weight_gradient", n, dw, x, dy); err != nil {
		return err
	}
	grid := gpu.Dim3{X: ceilDiv(d.weights(), directWeights.X), Y: 1, Z: 1}
	return k.launchDirectWeightGradient(s, grid, directWeights, t, dw, x, dy, d.Input, d.Out, n)
}

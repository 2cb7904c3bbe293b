//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Stem is the first convolution of a network, from bytes N,H,W,C to N,OH,OW,Out:
//
//	y[n,oy,ox,o] = Σ_rsc table[c][pixels[n, oy*Stride+r-Top, ox*Stride+s-Left, c]] * weight[o,r,s,c]
//
// Pixels outside the image count as 0. Table is float32[C][256], Weight float32 Out,Kernel,Kernel,C. The arithmetic is
// float32, and y is rounded once.
type Stem struct {
	N, H, W, C, OH, OW, Out   int
	Kernel, Stride, Top, Left int
	Pixels, Table, Weight, Y  gpu.Ptr
	Stats                     *NormForward // of y, for the batch norm that reads it; nil: none
	Scratch                   gpu.Ptr      // StemScratch bytes, zero before the first launch; reusable after it
}

const (
	stemTaps    = 32  // most inputs of an output
	stemGroup   = 9   // inputs that a thread computes at once
	stemColors  = 4   // most channels of an image
	stemWidth   = 32  // most channels of a block
	stemVector  = 8   // channels of a thread
	stemOut     = 128 // most channels
	stemThreads = 128 // of a block if there are few rows
)

// StemFits says whether the kernels support a convolution: images of up to 4 channels, up to 32 inputs per output, and
// 8, 16, 32, 64, 96 or 128 output channels.
func StemFits(c, kernel, out int) bool {
	wide := out == stemVector || out == 2*stemVector || out%stemWidth == 0
	return 0 < c && c <= stemColors && 0 < kernel && kernel*kernel*c <= stemTaps && 0 < out && out <= stemOut && wide
}

// push adds the fields in the order of the kernels' struct.
func (a Stem) push(args *gpu.Args) {
	for _, p := range [...]gpu.Ptr{a.Pixels, a.Table, a.Weight} {
		args.Ptr(p)
	}
	for _, v := range [...]int{a.N, a.H, a.W, a.C, a.OH, a.OW, a.Out, a.Kernel, a.Stride, a.Top, a.Left} {
		args.Int32(int32(v))
	}
}

func (a Stem) rows() int { return a.N * a.OH * a.OW }
func (a Stem) taps() int { return a.Kernel * a.Kernel * a.C }

// launch is the grid and block for a number of groups of channels or taps. Blocks are large only where they fill the
// device. There are at most `most` blocks per multiprocessor, as its registers suffice for no more.
func (a Stem) launch(k *Kernels, groups, most int) (grid, block gpu.Dim3) {
	multiprocessors := max(k.blocks*blockThreads/residentThreads, 1)
	tiles := func(threads int) int { return ceilDiv(a.rows(), threads/(min(a.Out, stemWidth)/stemVector)) }
	threads := blockThreads
	if tiles(threads)*groups <= multiprocessors {
		threads = stemThreads
	}
	down := min(tiles(threads), max(multiprocessors*most/groups, 1))
	return gpu.Dim3{X: down, Y: groups, Z: 1}, gpu.Dim3{X: threads, Y: 1, Z: 1}
}

func (a Stem) forward(k *Kernels) (grid, block gpu.Dim3) {
	return a.launch(k, ceilDiv(a.Out, stemWidth), 3)
}

func (a Stem) backward(k *Kernels) (grid, block gpu.Dim3) {
	return a.launch(k, ceilDiv(a.Out, stemWidth)*ceilDiv(a.taps(), stemGroup), 1)
}

// StemScratch is the size of Scratch in bytes.
func (k *Kernels) StemScratch(a *Stem) int64 {
	const part = 8 // bytes: two floats
	grid, _ := a.forward(k)
	return doneBytes + part*int64(grid.X)*int64(a.Out)
}

// Stem computes the convolution.
func (k *Kernels) Stem(s *gpu.Stream, t gpu.DataType, a *Stem) error {
	if err := a.check("stem", a.Y, a.Scratch); err != nil || a.rows() == 0 {
		return err
	}
	var stats NormForward
	if a.Stats != nil {
		stats = *a.Stats
	}
	grid, block := a.forward(k)
	return k.launchStem(s, grid, block, t, *a, a.Y, stats, a.Scratch.Add(doneBytes), a.Scratch)
}

// StemGradientScratch is the size of StemWeightGradient's scratch in bytes. It must be zero before the first launch;
// each launch leaves it ready for the next.
func (k *Kernels) StemGradientScratch(a *Stem) int64 {
	grid, _ := a.backward(k)
	return doneBytes + 4*int64(grid.X)*int64(a.Out)*int64(a.taps())
}

// StemWeightGradient is dw = Σ gradient * table[pixels] over rows, float32 like the weight. gradient is that of y, rows
// x Out, Plain or NormGradient. Blocks sum in float32, and their sums are added up in float64.
func (k *Kernels) StemWeightGradient(s *gpu.Stream, t gpu.DataType, a *Stem, gradient Operand,
	dw, scratch gpu.Ptr) error {
	if gradient.Kind == Normalized {
		return fmt.Errorf("cuda: stem_backward: gradient is Normalized, want Plain or NormGradient")
	}
	if err := gradient.check("stem_backward"); err != nil {
		return err
	}
	if err := a.check("stem_backward", gradient.X, gradient.Input, dw, scratch); err != nil || a.rows() == 0 {
		return err
	}
	if gradient.Kind == Plain {
		gradient.Norm = 0
	}
	grid, block := a.backward(k)
	return k.launchStemBackward(s, grid, block, t, *a, gradient.X, gradient.Input, gradient.Norm, dw,
		scratch.Add(doneBytes), scratch)
}

// check returns an error for sizes that the kernels do not support.
func (a *Stem) check(kernel string, tensors ...gpu.Ptr) error {
	if !StemFits(a.C, a.Kernel, a.Out) || min(a.H, a.W, a.OH, a.OW, a.Stride) < 1 || a.N < 0 {
		return fmt.Errorf("cuda: %s: kernel %dx%d stride %d from %dx%dx%d to %dx%dx%d: want what StemFits takes, "+
			"and positive sizes",
			kernel, a.Kernel, a.Kernel, a.Stride, a.H, a.W, a.C, a.OH, a.OW, a.Out)
	}
	return check(kernel, max(a.rows()*a.Out, a.N*a.H*a.W*a.C), tensors...)
}

//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
)

// Convolution is a convolution of stride 1 with a 1x1 or 3x3 kernel, zero-padded to the same size, fused with the
// operations before and after it into one launch. Matrices are rows x channels, where rows are the N*H*W pixels. The
// product is summed in float32 and rounded to the element type. Then these operations follow, in this order:
//
//	y = product + Add                                sum of two branches
//	y = product + G*a + (Input-mean)*b + k  (Join)   sum of two gradients, the second one through its batch norm
//	y = max(0, y)                           (ReLU)
//	y = 0 where Input*scale + shift <= 0    (Grad)   with Grad.ReLU
//	y = 0 where Mask <= 0
//
// The result is rounded once more. Stats computes statistics of y as the input of a batch norm, and Grad computes sums
// of y as the gradient of a batch norm's output. Join excludes Add, ReLU, Stats and Grad; Grad excludes ReLU and Stats.
type Convolution struct {
	N, H, W, In, Out, Kernel int // In and Out are multiples of 16

	Operand Operand
	Weight  gpu.Ptr // Out,Kernel,Kernel,In of the element type, by PackWeights: otherwise float32 is truncated to TF32
	Y       gpu.Ptr // rows x Out; it may be Add, or Join's G, but not a matrix of the operand

	Add   gpu.Ptr // rows x Out; 0: none
	ReLU  bool
	Stats *NormForward

	Grad *NormBackward
	Join *NormGradientTerm
	Mask gpu.Ptr // rows x Out, the output of a ReLU, of which y is the gradient; 0: none

	Plan    string  // one of ConvolutionPlans; empty: the first. It changes the order of sums for Stats and Grad, not y
	Scratch gpu.Ptr // ConvolutionScratch bytes, zero before the first launch
}

// NormGradientTerm is the gradient of another branch, which passes back through a batch norm: G is the gradient of its
// output and Input its input, both rows x c; Norm is its state.
type NormGradientTerm struct{ G, Input, Norm gpu.Ptr }

// push adds the fields in the order of the kernels' struct.
func (j NormGradientTerm) push(args *gpu.Args) {
	args.Ptr(j.G)
	args.Ptr(j.Input)
	args.Ptr(j.Norm)
}

func (c *Convolution) rows() int { return c.N * c.H * c.W }

// sums says whether the launch computes sums for a batch norm.
func (c *Convolution) sums() bool { return c.Stats != nil || c.Grad != nil }

// Convolution runs c on matrices of type t; float32 is multiplied as TF32. [Kernels.ConvolutionFits] says which sizes
// it supports.
func (k *Kernels) Convolution(s *gpu.Stream, t gpu.DataType, c *Convolution) error {
	if err := c.check(); err != nil || c.rows() == 0 {
		return err
	}
	plan, err := k.planConvolution(t, c)
	if err != nil {
		return err
	}
	return k.launchConvolution(s, t, ConvolutionLaunch{c, plan})
}

func (k *Kernels) launchConvolution(s *gpu.Stream, t gpu.DataType, l ConvolutionLaunch) error {
	launch := k.launchConvolutionN128
	switch l.plan.channels {
	case 16:
		launch = k.launchConvolutionN16
	case 32:
		launch = k.launchConvolutionN32
	case 64:
		launch = k.launchConvolutionN64
	}
	return launch(s, l.plan.grid, gpu.Dim3{X: l.plan.threads(), Y: 1, Z: 1}, l.plan.shared, t, l)
}

// ConvolutionScratch is the size of c.Scratch in bytes.
func (k *Kernels) ConvolutionScratch(t gpu.DataType, c *Convolution) int64 {
	plan, err := k.planConvolution(t, c)
	if err != nil || !c.sums() {
		return 0
	}
	return plan.scratch(c)
}

// ConvolutionFits says whether Convolution supports these sizes on this device. The device must have tensor cores for
// TF32 and bfloat16 (compute capability 8.0), and enough shared memory for a tile.
func (k *Kernels) ConvolutionFits(t gpu.DataType, in, out, kernel, h, w int) bool {
	c := &Convolution{N: 1, H: h, W: w, In: in, Out: out, Kernel: kernel}
	_, err := k.planConvolution(t, c)
	return c.checkSizes() == nil && err == nil
}

func (c *Convolution) check() error {
	if err := c.checkSizes(); err != nil {
		return err
	}
	if err := c.Operand.check("convolution"); err != nil {
		return err
	}
	switch {
	case c.Join != nil && (c.Add != 0 || c.ReLU || c.Stats != nil || c.Grad != nil):
		return errors.New("cuda: convolution: Join together with Add, ReLU, Stats or Grad")
	case c.Grad != nil && (c.ReLU || c.Stats != nil):
		return errors.New("cuda: convolution: Grad together with ReLU or Stats")
	case c.sums() && c.Scratch == 0:
		return errors.New("cuda: convolution: sums but no scratch: want ConvolutionScratch bytes")
	}
	tensors := []gpu.Ptr{c.Operand.X, c.Operand.Input, c.Operand.Norm, c.Weight, c.Y, c.Add, c.Mask, c.Scratch}
	if c.Stats != nil {
		tensors = append(tensors, c.Stats.Norm)
	}
	if c.Grad != nil {
		tensors = append(tensors, c.Grad.Norm, c.Grad.Input)
	}
	if c.Join != nil {
		tensors = append(tensors, c.Join.G, c.Join.Input, c.Join.Norm)
	}
	return check("convolution", c.rows()*max(c.In, c.Out), tensors...)
}

func (c *Convolution) checkSizes() error {
	const multiple = 16
	if c.Kernel != 1 && c.Kernel != 3 {
		return fmt.Errorf("cuda: convolution: kernel %dx%d, want 1x1 or 3x3", c.Kernel, c.Kernel)
	}
	if c.In <= 0 || c.Out <= 0 || c.In%multiple != 0 || c.Out%multiple != 0 {
		return fmt.Errorf("cuda: convolution: %d channels to %d, want multiples of %d", c.In, c.Out, multiple)
	}
	return nil
}

// ConvolutionLaunch is the argument of the kernels.
type ConvolutionLaunch struct {
	*Convolution
	plan convolutionPlan
}

// push adds the fields in the order of the kernels' struct.
func (l ConvolutionLaunch) push(args *gpu.Args) {
	l.Operand.push(args)
	orZero(l.Stats).push(args)
	orZero(l.Grad).push(args)
	orZero(l.Join).push(args)
	for _, p := range [...]gpu.Ptr{l.Add, l.Mask, l.Y, l.Scratch.Add(doneBytes), l.Scratch} {
		args.Ptr(p)
	}
	args.Uint32(uint32(l.Out))
	args.Uint32(flag(l.ReLU))
	args.Ptr(l.Weight)
	p, taps := l.plan, l.Kernel*l.Kernel
	const fill = 0 // padding after the last field
	before := reach(l.Convolution)
	for _, n := range [...]int{l.rows(), l.H, l.W, l.In, taps, p.slots, before, p.staged, p.raw, fill} {
		args.Uint32(uint32(n))
	}
}

// orZero is *p, or the zero value if p is nil.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

package nn

import "fmt"

// AvgPool is the mean over Kernel x Kernel windows. Padding pixels count as zeros in the sum and in the divisor, as in
// PyTorch's default.
type AvgPool struct {
	Kernel, Stride int // Stride 0 means Kernel
	Pad            Pad
}

// MaxPool is the largest value of Kernel x Kernel windows; padding is never the largest. The gradient goes to the first
// largest pixel in row order.
type MaxPool struct {
	Kernel, Stride int // Stride 0 means Kernel
	Pad            Pad
}

// GlobalAvgPool is the mean over all of H x W.
type GlobalAvgPool struct{}

func (AvgPool) Kind() string       { return "avgpool" }
func (MaxPool) Kind() string       { return "maxpool" }
func (GlobalAvgPool) Kind() string { return "globalavgpool" }

func (op AvgPool) Describe([]Type, Type) string {
	window, stride := describeWindow(op.Kernel, op.Stride, op.Kernel)
	return "average pool " + window + stride
}

func (op MaxPool) Describe([]Type, Type) string {
	window, stride := describeWindow(op.Kernel, op.Stride, op.Kernel)
	return "max pool " + window + stride
}

func (GlobalAvgPool) Describe([]Type, Type) string { return "global average pool" }

func pooled(x Shape, kernel, stride int, p Pad) (Shape, error) {
	h, w := x.H+p.Top+p.Bottom, x.W+p.Left+p.Right
	if kernel < 1 || stride < 0 || min(p.Top, p.Left, p.Bottom, p.Right) < 0 ||
		max(p.Top, p.Left, p.Bottom, p.Right) >= kernel {
		return Shape{}, fmt.Errorf("pool of kernel %d, stride %d, pad %v: want positive sizes and pads below the "+
			"kernel", kernel, stride, p)
	}
	if kernel > h || kernel > w {
		return Shape{}, fmt.Errorf("pool kernel %dx%d with pad %v exceeds input %dx%d", kernel, kernel, p, x.H, x.W)
	}
	if stride == 0 {
		stride = kernel
	}
	return Shape{x.N, x.C, (h-kernel)/stride + 1, (w-kernel)/stride + 1}, nil
}

func (op AvgPool) Infer(in []Type) (Signature, error) {
	out, err := pooled(in[0].Shape, op.Kernel, op.Stride, op.Pad)
	return Signature{Out: Type{Shape: out}}, err
}

func (op AvgPool) FLOPs(in []Type) int64 {
	out, _ := pooled(in[0].Shape, op.Kernel, op.Stride, op.Pad)
	return product(out.Elems(), op.Kernel, op.Kernel)
}

func (op MaxPool) Infer(in []Type) (Signature, error) {
	out, err := pooled(in[0].Shape, op.Kernel, op.Stride, op.Pad)
	// Saved: the index of the window's largest pixel, counted row by row over those inside the image.
	return Signature{Out: Type{Shape: out}, Saved: []Saved{{Type: Type{out, Int32}, PerImage: true}}}, err
}

func (op MaxPool) FLOPs(in []Type) int64 {
	out, _ := pooled(in[0].Shape, op.Kernel, op.Stride, op.Pad)
	return product(out.Elems(), op.Kernel, op.Kernel)
}

func (GlobalAvgPool) Infer(in []Type) (Signature, error) {
	x := in[0].Shape
	return Signature{Out: Type{Shape: Shape{x.N, x.C, 1, 1}}}, nil
}

func (GlobalAvgPool) FLOPs(in []Type) int64 { return int64(in[0].Shape.Elems()) }

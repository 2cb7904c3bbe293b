package nn

import "fmt"

// Pad is the zero padding of an image's four sides, in pixels.
type Pad struct{ Top, Left, Bottom, Right int }

// Padding is the same padding on all four sides, as PyTorch has it.
func Padding(p int) Pad { return Pad{p, p, p, p} }

// Same is TensorFlow's "same" padding: the output has ceil(size/stride) rows, and an odd pixel of padding goes to the
// bottom and right.
func Same(h, w, kernel, stride int) Pad {
	total := func(size int) int {
		out := (size + stride - 1) / stride
		return max(0, (out-1)*stride+kernel-size)
	}
	v, u := total(h), total(w)
	return Pad{v / 2, u / 2, v - v/2, u - u/2}
}

// Conv is a two-dimensional convolution (cross-correlation, as everywhere in the field): y[k] = bias[k] + Σ_{c,r,s}
// x[c, y*stride+r-top, x*stride+s-left] * weight[k,c,r,s].
type Conv struct {
	Out    int // K, output channels
	Kernel int // R = S
	Stride int // 0 means 1
	Pad    Pad
	Bias   bool
	Init   Init // of the weight; the zero value is HeNormal
}

func (Conv) Kind() string { return "conv2d" }

func (op Conv) Describe(in []Type, _ Type) string {
	window, stride := describeWindow(op.Kernel, op.Stride, 1)
	return fmt.Sprintf("conv %s, %d → %d%s", window, in[0].Shape.C, op.Out, stride)
}

// EffectiveStride is Stride, or 1 where it is 0.
func (op Conv) EffectiveStride() int { return max(1, op.Stride) }

func (op Conv) Infer(in []Type) (Signature, error) {
	x := in[0].Shape
	if op.Out < 1 || op.Kernel < 1 || op.Stride < 0 || min(op.Pad.Top, op.Pad.Left, op.Pad.Bottom, op.Pad.Right) < 0 {
		return Signature{}, fmt.Errorf("conv of %d channels, kernel %d, stride %d, pad %v: want positive sizes", op.Out,
			op.Kernel, op.Stride, op.Pad)
	}
	h, w := x.H+op.Pad.Top+op.Pad.Bottom, x.W+op.Pad.Left+op.Pad.Right
	if op.Kernel > h || op.Kernel > w {
		return Signature{}, fmt.Errorf("kernel %dx%d with pad %v exceeds input %dx%d", op.Kernel, op.Kernel, op.Pad,
			x.H, x.W)
	}
	s := op.EffectiveStride()
	params := []Param{{Name: "weight", Shape: Shape{op.Out, x.C, op.Kernel, op.Kernel}, Dims: 4, Init: op.Init,
		Trainable: true, Decay: true}}
	if op.Bias {
		params = append(params, vector("bias", op.Out, Zeros, true))
	}
	out := Shape{x.N, op.Out, (h-op.Kernel)/s + 1, (w-op.Kernel)/s + 1}
	return Signature{Out: Type{Shape: out}, Params: params, ReadsX: true, Product: true}, nil
}

func (op Conv) FLOPs(in []Type) int64 {
	sig, err := op.Infer(in)
	if err != nil {
		return 0
	}
	return product(2, sig.Out.Shape.Elems(), in[0].Shape.C, op.Kernel, op.Kernel)
}

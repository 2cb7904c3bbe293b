//go:build !nocuda

package gpu

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// convCase is a convolution; x is N, H, W, C and w is K, R, S, C.
type convCase struct {
	n, c, h, w, k, r, s          int
	padH, padW, strideH, strideW int
	t                            DataType
	math                         Math
	deterministic                bool
}

func (c convCase) String() string {
	return fmt.Sprintf("%dx%dx%dx%d w %dx%dx%d pad %dx%d stride %dx%d %s %s deterministic %v",
		c.n, c.c, c.h, c.w, c.k, c.r, c.s, c.padH, c.padW, c.strideH, c.strideW, c.t, c.math, c.deterministic)
}

func (c convCase) out() (oh, ow int) {
	return (c.h+2*c.padH-c.r)/c.strideH + 1, (c.w+2*c.padW-c.s)/c.strideW + 1
}

// each calls f for every product with its indices: element x of the image, w of the weights, y of the result.
func (c convCase) each(f func(x, w, y int)) {
	oh, ow := c.out()
	for n := range c.n {
		for i := range oh {
			for j := range ow {
				for k := range c.k {
					for r := range c.r {
						for s := range c.s {
							p, q := i*c.strideH-c.padH+r, j*c.strideW-c.padW+s
							if p < 0 || p >= c.h || q < 0 || q >= c.w {
								continue
							}
							for ch := range c.c {
								f(((n*c.h+p)*c.w+q)*c.c+ch, ((k*c.r+r)*c.s+s)*c.c+ch, ((n*oh+i)*ow+j)*c.k+k)
							}
						}
					}
				}
			}
		}
	}
}

// sum adds out[to] += a[from a] b[from b] over all products, and the same with magnitudes.
func (c convCase) sum(a, b, old []float64, beta float64, at func(x, w, y int) (a, b, to int)) (out, scale []float64) {
	out, scale = make([]float64, len(old)), make([]float64, len(old))
	for i, v := range old {
		out[i] = beta * v
	}
	c.each(func(x, w, y int) {
		i, j, to := at(x, w, y)
		out[to] += a[i] * b[j]
		scale[to] += math.Abs(a[i] * b[j])
	})
	return out, scale
}

var convCases = []convCase{
	{n: 2, c: 5, h: 9, w: 7, k: 6, r: 3, s: 3, padH: 1, padW: 1, strideH: 1, strideW: 1},
	{n: 3, c: 3, h: 11, w: 6, k: 5, r: 3, s: 2, padH: 1, strideH: 2, strideW: 1},
	{n: 1, c: 1, h: 8, w: 9, k: 4, r: 5, s: 3, padH: 2, padW: 1, strideH: 1, strideW: 3},
	{n: 2, c: 7, h: 5, w: 5, k: 3, r: 1, s: 1, strideH: 2, strideW: 2},
	{n: 2, c: 16, h: 7, w: 6, k: 32, r: 3, s: 3, padH: 1, padW: 1, strideH: 1, strideW: 1, math: TF32},
	{n: 2, c: 8, h: 6, w: 7, k: 16, r: 3, s: 3, padH: 1, padW: 1, strideH: 1, strideW: 1, t: Float16, math: TensorOp},
	{n: 2, c: 16, h: 6, w: 5, k: 8, r: 1, s: 1, strideH: 1, strideW: 1, t: BFloat16, math: TensorOp},
	{n: 2, c: 8, h: 6, w: 7, k: 8, r: 3, s: 3, padH: 1, padW: 1, strideH: 2, strideW: 2, t: BFloat16, math: TensorOp},
	{n: 3, c: 8, h: 9, w: 9, k: 8, r: 3, s: 3, padH: 1, padW: 1, strideH: 1, strideW: 1, deterministic: true},
}

// slack returns the tolerance relative to the sum of the magnitudes: 64 roundings of float32, for sums in any order and
// for Winograd's transforms, and one rounding of each factor to 10 bits where tensor cores may round.
func (c convCase) slack() float64 {
	if c.math == FMA {
		return 0x1p-18
	}
	return 0x1p-9
}

func TestConvolution(t *testing.T) {
	b := onGPU(t)
	h := b.dnn()
	for _, c := range convCases {
		b.sub(c.String(), func(b bench) { testConvolution(b, h, c) })
	}
}

// convPass is a pass of a convolution, and its expected result.
type convPass struct {
	result     string // y, dx or dw
	unsteady   []int  // algorithms that add in no fixed order, by cuDNN's documentation
	algorithms []Algorithm
	elements   int // of the result
	run        func(a Algorithm, result, workspace Ptr, beta float32) error
	want       func(old []float64, beta float64) (out, scale []float64)
}

// testConvolution tests every algorithm of every pass. On a real GPU the first of each list must be right; what is
// wrong with others is logged.
func testConvolution(b bench, h *DNN, c convCase) {
	search := Search{WorkspaceLimit: 64 << 20, Deterministic: c.deterministic}
	passes := b.passes(h, c, search)
	var space int64
	for _, p := range passes {
		b.checkAlgorithms(c, p, search)
		for _, a := range p.algorithms {
			space = max(space, a.Workspace)
		}
	}
	workspace := b.alloc(space)
	for _, beta := range []float32{0, 1} {
		for _, p := range passes {
			for rank, a := range p.algorithms {
				wrong := b.try(c, p, a, workspace, beta)
				switch {
				case wrong == "":
				case rank == 0 || b.emulated():
					b.Error(wrong)
				default: // cuDNN may list algorithms that fail when they run
					b.Logf("number %d of cuDNN's list: %s", rank+1, wrong)
				}
			}
		}
	}
}

// passes makes the three passes with random operands.
func (b bench) passes(h *DNN, c convCase, search Search) []convPass {
	b.Helper()
	oh, ow := c.out()
	xd := must(NewTensor(c.t, c.n, c.c, c.h, c.w))(b)
	yd := must(NewTensor(c.t, c.n, c.k, oh, ow))(b)
	wd := must(NewFilter(c.t, c.k, c.c, c.r, c.s))(b)
	conv := must(NewConvolution(c.padH, c.padW, c.strideH, c.strideW, c.math))(b)
	for _, x := range []interface{ Close() error }{xd, yd, wd, conv} {
		b.closing(x)
	}
	draw := small
	if c.math == FMA {
		draw = fine // reveals products that were rounded for tensor cores
	}
	x := b.array(c.t, draw(c.n*c.h*c.w*c.c, 1))
	w := b.array(c.t, draw(c.k*c.r*c.s*c.c, 2))
	dy := b.array(c.t, draw(c.n*oh*ow*c.k, 3))
	tensors := func(x, w, y Ptr) ConvolutionTensors {
		return ConvolutionTensors{X: xd, W: wd, Y: yd, XPtr: x, WPtr: w, YPtr: y}
	}
	return []convPass{{
		result: "y", elements: len(dy.values),
		algorithms: must(h.ForwardAlgorithms(conv, xd, wd, yd, search))(b),
		run: func(a Algorithm, y, workspace Ptr, beta float32) error {
			return h.ConvolutionForward(conv, a, tensors(x.Ptr, w.Ptr, y), workspace, beta)
		},
		want: func(old []float64, beta float64) (out, scale []float64) {
			return c.sum(x.values, w.values, old, beta, func(x, w, y int) (int, int, int) { return x, w, y })
		},
	}, {
		result: "dx", elements: len(x.values), unsteady: []int{0},
		algorithms: must(h.BackwardDataAlgorithms(conv, wd, yd, xd, search))(b),
		run: func(a Algorithm, dx, workspace Ptr, beta float32) error {
			return h.ConvolutionBackwardData(conv, a, tensors(dx, w.Ptr, dy.Ptr), workspace, beta)
		},
		want: func(old []float64, beta float64) (out, scale []float64) {
			return c.sum(w.values, dy.values, old, beta, func(x, w, y int) (int, int, int) { return w, y, x })
		},
	}, {
		result: "dw", elements: len(w.values), unsteady: []int{0, 3},
		algorithms: must(h.BackwardFilterAlgorithms(conv, xd, yd, wd, search))(b),
		run: func(a Algorithm, dw, workspace Ptr, beta float32) error {
			return h.ConvolutionBackwardFilter(conv, a, tensors(x.Ptr, dw, dy.Ptr), workspace, beta)
		},
		want: func(old []float64, beta float64) (out, scale []float64) {
			return c.sum(x.values, dy.values, old, beta, func(x, w, y int) (int, int, int) { return x, y, w })
		},
	}}
}

// checkAlgorithms checks that the algorithms of a pass are within the limits of the search, and each there once.
func (b bench) checkAlgorithms(c convCase, p convPass, search Search) {
	b.Helper()
	names := map[string]bool{}
	for _, a := range p.algorithms {
		if a.Workspace > search.WorkspaceLimit || (c.deterministic && !a.Deterministic) ||
			(c.math == FMA && a.Math != FMA) {
			b.Errorf("algorithm %+v is outside %+v", a, search)
		}
		if a.Deterministic && slices.Contains(p.unsteady, a.ID) {
			b.Errorf("%v is not deterministic for %s", a, p.result)
		}
		if names[a.String()] {
			b.Errorf("%v is there twice", a)
		}
		names[a.String()] = true
	}
}

// try runs a pass with an algorithm, and says what is wrong with the result, or is "".
func (b bench) try(c convCase, p convPass, a Algorithm, workspace Ptr, beta float32) (wrong string) {
	b.Helper()
	what := fmt.Sprintf("%s, %v, beta %v: ", p.result, a, beta)
	result := b.array(c.t, small(p.elements, 4))
	if err := p.run(a, result.Ptr, workspace, beta); err != nil {
		return what + err.Error()
	}
	want, scale := p.want(result.values, float64(beta))
	if wrong = compare(c.t, b.fetch(result), want, scale, c.slack()); wrong != "" {
		return what + wrong
	}
	return ""
}

// If no algorithm meets the limits, the error names the pass, the shapes and the math, and says why for each algorithm:
// which there are is up to cuDNN.
func TestNoAlgorithm(t *testing.T) {
	b := onGPU(t)
	h := b.dnn()
	xd := must(NewTensor(Float32, 1, 3, 8, 8))(b)
	yd := must(NewTensor(Float32, 1, 4, 8, 8))(b)
	wd := must(NewFilter(Float32, 4, 3, 3, 3))(b)
	conv := must(NewConvolution(1, 1, 1, 1, FMA))(b)
	for _, x := range []interface{ Close() error }{xd, yd, wd, conv} {
		b.closing(x)
	}
	want := regexp.MustCompile(`^gpu: cuDNN has no Forward convolution for x float32 1x3x8x8, w float32 4x3x3x3, ` +
		`y float32 1x4x8x8 with FMA math: .*\balgorithm \d+ needs .* of workspace, limit `)
	_, err := h.ForwardAlgorithms(conv, xd, wd, yd, Search{WorkspaceLimit: -1})
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got %v, want it to match %s", err, want)
	}
}

// A result of the wrong shape is refused with an error that has the shapes.
func TestWrongShape(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	h := b.dnn()
	xd := must(NewTensor(Float32, 1, 3, 8, 8))(b)
	wd := must(NewFilter(Float32, 4, 3, 3, 3))(b)
	conv := must(NewConvolution(1, 1, 1, 1, FMA))(b)
	for _, x := range []interface{ Close() error }{xd, wd, conv} {
		b.closing(x)
	}
	_, err := h.ForwardAlgorithms(conv, xd, wd, xd, Search{WorkspaceLimit: 1 << 20})
	for _, part := range []string{"Forward", "x float32 1x3x8x8, w float32 4x3x3x3, y float32 1x3x8x8"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("a result of 3 channels from 4 filters gave %v, want it to say %s", err, part)
		}
	}
}

// An algorithm runs with math that the convolution allows.
func TestGrant(t *testing.T) {
	const defaultMath, tensorOp, conversion, fma = 0, 1, 2, 3 // cuDNN's numbers
	for _, c := range []struct {
		asked    Math
		proposed int
		granted  Math
		allowed  bool
	}{
		{FMA, defaultMath, FMA, true},
		{FMA, fma, FMA, true},
		{FMA, tensorOp, 0, false},
		{FMA, conversion, 0, false},
		{TF32, defaultMath, TF32, true},
		{TF32, fma, FMA, true},
		{TF32, tensorOp, TensorOp, true},
		{TF32, conversion, 0, false},
		{TensorOp, defaultMath, TF32, true},
		{TensorOp, tensorOp, TensorOp, true},
		{TensorOp, conversion, 0, false},
	} {
		got, allowed := c.asked.grant(c.proposed)
		if allowed != c.allowed || allowed && got != c.granted {
			t.Errorf("%v with a proposal of %d runs with %v (%v), want %v (%v)",
				c.asked, c.proposed, got, allowed, c.granted, c.allowed)
		}
	}
}

func TestDescriptorErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		make func() error
		want string
	}{
		{"no channels", func() error { _, err := NewTensor(Float32, 1, 0, 2, 2); return err }, "gpu: tensor 1x0x2x2"},
		{"too large", func() error { _, err := NewTensor(Float32, 70000, 64, 32, 32); return err },
			"gpu: tensor 70000x64x32x32"},
		{"negative", func() error { _, err := NewFilter(Float32, 1, 1, -3, 3); return err }, "gpu: filter 1x1x-3x3"},
		{"no stride", func() error { _, err := NewConvolution(0, 0, 0, 1, FMA); return err }, "stride 0x1"},
		{"negative pad", func() error { _, err := NewConvolution(0, -1, 1, 1, FMA); return err }, "pad 0x-1"},
		{"no window", func() error { _, err := NewAvgPool(0, 2, 0, 0, 1, 1); return err }, "kernel 0x2"},
	} {
		if err := c.make(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s gave %v, want %q", c.what, err, c.want)
		}
	}
}

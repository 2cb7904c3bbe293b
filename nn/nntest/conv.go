package nntest

import (
	"fmt"

	"resnet/nn"
)

func init() {
	forward := func(op nn.Conv, s step) {
		var bias []float64
		if op.Bias {
			bias = s.param(1)
		}
		convForward(op, s.y, s.x(0), s.param(0), bias, s.n)
	}
	backward := func(op nn.Conv, s step) {
		var dbias []float64
		if op.Bias {
			dbias = s.dparam(1)
		}
		convBackward(op, s.dx(0), s.dparam(0), dbias, s.dy, s.x(0), s.param(0), s.n)
	}
	register(forward, backward, convCases)
}

// window is the range of input rows (or columns) that an output row depends on: start+lo to start+hi-1, without those
// in the padding around size.
func window(out, stride, pad, kernel, size int) (start, lo, hi int) {
	start = out*stride - pad
	return start, max(0, -start), min(kernel, size-start)
}

// strideOr is an op's stride, or other where that is 0.
func strideOr(stride, other int) int {
	if stride == 0 {
		return other
	}
	return stride
}

// convForward: x (N,H,W,C), w (K,C,R,S), bias (K) or nil -> y (N,P,Q,K).
func convForward(op nn.Conv, y, x images, w, bias []float64, n int) {
	stride := strideOr(op.Stride, 1)
	for i := range n {
		for p := range y.H {
			for q := range y.W {
				y0, r0, r1 := window(p, stride, op.Pad.Top, op.Kernel, x.H)
				x0, s0, s1 := window(q, stride, op.Pad.Left, op.Kernel, x.W)
				for k := range y.C {
					sum := 0.0
					if bias != nil {
						sum = bias[k]
					}
					for r := r0; r < r1; r++ {
						for s := s0; s < s1; s++ {
							wat := (k*x.C*op.Kernel+r)*op.Kernel + s // w[k,c,r,s]
							for _, v := range x.pixel(i, y0+r, x0+s) {
								sum += v * w[wat]
								wat += op.Kernel * op.Kernel
							}
						}
					}
					y.v[y.at(i, p, q, k)] = sum
				}
			}
		}
	}
}

// convBackward: dy (N,P,Q,K) -> dx (N,H,W,C) unless dx.v is nil, dw (K,C,R,S), dbias (K).
func convBackward(op nn.Conv, dx images, dw, dbias []float64, dy, x images, w []float64, n int) {
	stride := strideOr(op.Stride, 1)
	for i := range n {
		for p := range dy.H {
			for q := range dy.W {
				y0, r0, r1 := window(p, stride, op.Pad.Top, op.Kernel, x.H)
				x0, s0, s1 := window(q, stride, op.Pad.Left, op.Kernel, x.W)
				for k := range dy.C {
					g := dy.v[dy.at(i, p, q, k)]
					if dbias != nil {
						dbias[k] += g
					}
					for r := r0; r < r1; r++ {
						for s := s0; s < s1; s++ {
							wat := (k*x.C*op.Kernel+r)*op.Kernel + s
							var dpixel []float64
							if dx.v != nil {
								dpixel = dx.pixel(i, y0+r, x0+s)
							}
							for c, v := range x.pixel(i, y0+r, x0+s) {
								dw[wat] += g * v
								if dpixel != nil {
									dpixel[c] += g * w[wat]
								}
								wat += op.Kernel * op.Kernel
							}
						}
					}
				}
			}
		}
	}
}

func convCases() []*testCase {
	same := func(k int) nn.Pad { return nn.Padding(k / 2) }
	var list []*testCase
	for _, c := range []struct {
		in, h, w, out, kernel, stride, batch int
		pad                                  nn.Pad
		bias                                 bool
	}{
		{1, 28, 28, 3, 3, 1, 2, same(3), false},
		{3, 5, 7, 1, 3, 1, 5, same(3), true},
		{5, 9, 30, 7, 3, 2, 3, nn.Same(9, 30, 3, 2), false},
		{7, 14, 14, 16, 1, 1, 8, nn.Pad{}, false},
		{10, 14, 14, 20, 1, 2, 5, nn.Pad{}, true},
		{16, 9, 30, 24, 1, 3, 2, nn.Pad{}, false},
		{20, 5, 7, 33, 3, 3, 5, nn.Pad{}, false},
		{24, 7, 5, 10, 5, 1, 2, same(5), true},
		{33, 5, 7, 48, 3, 2, 3, same(3), false},
		{48, 5, 7, 64, 3, 1, 2, same(3), false},
		{64, 7, 7, 16, 1, 1, 5, nn.Pad{}, false},
		{16, 1, 1, 64, 1, 1, 33, nn.Pad{}, true},
		{64, 1, 1, 33, 3, 1, 8, same(3), false},
		{16, 14, 14, 16, 3, 1, 1, same(3), true},
		{32, 14, 14, 32, 3, 1, 2, same(3), false},
		{130, 3, 3, 17, 1, 1, 5, nn.Pad{}, false},
		{17, 3, 3, 130, 3, 1, 2, same(3), false},
		{3, 28, 28, 10, 7, 2, 2, nn.Padding(3), false},
		{3, 28, 28, 10, 7, 2, 1, nn.Pad{Top: 3, Left: 2, Bottom: 1, Right: 4}, false},
		{5, 9, 30, 5, 7, 1, 2, same(7), true},
		{4, 8, 8, 6, 2, 1, 5, nn.Pad{}, false},
		{6, 9, 11, 4, 2, 3, 5, nn.Pad{}, true},
		{3, 7, 9, 5, 4, 2, 3, nn.Pad{Top: 1, Left: 2, Right: 1}, false},
		{5, 6, 6, 7, 3, 2, 8, nn.Pad{Bottom: 1, Right: 1}, false},
		{5, 6, 6, 7, 3, 2, 8, nn.Pad{Top: 1, Left: 1}, false},
		{3, 8, 8, 4, 3, 2, 5, nn.Pad{}, false}, // the last row and column are not read
		// Even outputs of odd inputs, and the reverse, by padding one side.
		{16, 9, 7, 24, 3, 1, 3, nn.Pad{Top: 1, Left: 1}, false},
		{16, 9, 7, 24, 3, 1, 3, nn.Pad{Top: 1, Left: 2, Bottom: 2, Right: 1}, true},
		{16, 8, 6, 24, 3, 1, 3, nn.Pad{Bottom: 1, Right: 1}, false},
		{16, 10, 8, 24, 3, 1, 3, nn.Pad{}, false},
		{16, 6, 4, 24, 3, 1, 3, nn.Padding(2), true},
		{8, 13, 11, 12, 5, 3, 2, nn.Pad{Top: 2, Bottom: 1, Right: 2}, true},
		{2, 5, 5, 3, 3, 1, 3, nn.Padding(3), true}, // some windows contain only padding
		{4, 5, 7, 6, 1, 2, 3, nn.Padding(1), true},
		{8, 3, 3, 24, 3, 1, 33, same(3), false},
	} {
		name := fmt.Sprintf("conv2d/%dx%dx%d to %d kernel %d stride %d pad %d,%d,%d,%d batch %d", c.in, c.h, c.w, c.out,
			c.kernel, c.stride, c.pad.Top, c.pad.Left, c.pad.Bottom, c.pad.Right, c.batch)
		op := nn.Conv{Out: c.out, Kernel: c.kernel, Stride: c.stride, Pad: c.pad, Bias: c.bias}
		list = append(list, opCase(name, c.in, c.h, c.w, c.batch, func(b *builder, x nn.Value) nn.Value {
			return b.add(op, x)
		}))
	}
	for _, op := range []nn.Conv{{Out: 16, Kernel: 3, Stride: 2, Pad: nn.Same(28, 28, 3, 2)},
		{Out: 5, Kernel: 7, Stride: 2, Pad: nn.Padding(3), Bias: true}} {
		g := network(1, 28, 28, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
			return b.add(op, x)
		})
		list = append(list, newCase(fmt.Sprintf("conv2d/on images kernel %d", op.Kernel), g, 3))
	}
	return list
}

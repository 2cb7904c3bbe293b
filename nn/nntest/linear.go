package nntest

import (
	"fmt"

	"resnet/nn"
)

func init() {
	forward := func(op nn.Linear, s step) { linearForward(op, s.y, s.x(0), s.param(0), s.param(1), s.n) }
	register(forward, linearBackward, linearCases)
}

// linearForward: x (N,H,W,C), w (O, C*H*W), bias (O) -> y (N,O).
func linearForward(op nn.Linear, y, x images, w, bias []float64, n int) {
	features := x.Elems()
	for i := range n {
		for o := range op.Out {
			sum := bias[o]
			for f := range features {
				sum += x.v[x.flat(i, f)] * w[o*features+f]
			}
			if op.ReLU {
				sum = max(sum, 0)
			}
			y.v[i*op.Out+o] = sum
		}
	}
}

// linearBackward: dy (N,O) -> dx (N,H,W,C) unless dx.v is nil, dw (O, C*H*W), dbias (O).
func linearBackward(op nn.Linear, s step) {
	x, dx, w, dw, dbias := s.x(0), s.dx(0), s.param(0), s.dparam(0), s.dparam(1)
	features := x.Elems()
	for i := range s.n {
		for o := range op.Out {
			g := s.dy.v[i*op.Out+o]
			if op.ReLU && s.y.v[i*op.Out+o] <= 0 {
				continue
			}
			dbias[o] += g
			for f := range features {
				at := x.flat(i, f)
				dw[o*features+f] += g * x.v[at]
				if dx.v != nil {
					dx.v[at] += g * w[o*features+f]
				}
			}
		}
	}
}

// flat is the index of feature f of image n, where features count in C, H, W order.
func (t images) flat(n, f int) int {
	return t.at(n, f/t.W%t.H, f%t.W, f/(t.H*t.W))
}

func linearCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		c, h, w, batch int
		hidden         []int
	}{
		{1, 1, 1, 2, nil}, {16, 7, 7, 5, nil}, {16, 14, 14, 2, []int{32}}, {3, 5, 7, 33, []int{33}},
		{24, 1, 1, 8, []int{130, 7}}, {64, 2, 2, 1, []int{1}}, {5, 9, 30, 3, []int{16, 10, 5}},
		{33, 3, 3, 32, []int{64}},
	} {
		for _, relu := range []bool{false, true} {
			if !relu && len(c.hidden) == 0 {
				continue
			}
			name := fmt.Sprintf("linear/%dx%dx%d hidden %v relu %t batch %d", c.c, c.h, c.w, c.hidden, relu, c.batch)
			list = append(list, opCase(name, c.c, c.h, c.w, c.batch, func(b *builder, x nn.Value) nn.Value {
				for _, out := range c.hidden {
					x = b.add(nn.Linear{Out: out, ReLU: relu}, x)
				}
				return x
			}))
		}
	}
	branches := opCase("linear/two of one value", 5, 3, 4, 5, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.Add{}, b.add(nn.Linear{Out: 9, ReLU: true}, x), b.add(nn.Linear{Out: 9}, x))
	})
	padded := opCase("linear/of a value that a convolution reads", 5, 6, 6, 3, func(b *builder, x nn.Value) nn.Value {
		y := b.add(nn.GlobalAvgPool{}, b.add(nn.Conv{Out: 9, Kernel: 3, Pad: nn.Padding(1)}, x))
		return b.add(nn.Add{}, b.add(nn.Linear{Out: 9, ReLU: true}, x), y)
	})
	return append(list, branches, padded)
}

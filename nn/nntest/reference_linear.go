package nntest

import "resnet/nn"

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
func linearBackward(op nn.Linear, dx images, dw, dbias []float64, dy, y, x images, w []float64, n int) {
	features := x.Elems()
	for i := range n {
		for o := range op.Out {
			g := dy.v[i*op.Out+o]
			if op.ReLU && y.v[i*op.Out+o] <= 0 {
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

package nntest

import (
	"math"

	"resnet/nn"
)

// avgPoolForward: x (N,H,W,C) -> y (N,P,Q,C), sums over windows / Kernel².
func avgPoolForward(op nn.AvgPool, y, x images, n int) {
	eachWindow(op.Kernel, op.Stride, op.Pad, y, x, n, func(out int, in []int, _ []int) {
		sum := 0.0
		for _, at := range in {
			sum += x.v[at]
		}
		y.v[out] = sum / float64(op.Kernel*op.Kernel)
	})
}

func avgPoolBackward(op nn.AvgPool, dx, dy images, n int) {
	if dx.v == nil {
		return
	}
	eachWindow(op.Kernel, op.Stride, op.Pad, dy, dx, n, func(out int, in []int, _ []int) {
		for _, at := range in {
			dx.v[at] += dy.v[out] / float64(op.Kernel*op.Kernel)
		}
	})
}

// maxPoolForward: x (N,H,W,C) -> y (N,P,Q,C) and index (N,P,Q,C), the place within its window (row*Kernel+column) of
// each output's first largest pixel; a pixel that is not a number is the largest.
func maxPoolForward(op nn.MaxPool, y, x images, index []float64, n int) {
	eachWindow(op.Kernel, op.Stride, op.Pad, y, x, n, func(out int, in, place []int) {
		best := math.Inf(-1)
		for i, at := range in {
			if x.v[at] > best || math.IsNaN(x.v[at]) {
				best = x.v[at]
				index[out] = float64(place[i])
			}
		}
		y.v[out] = best
	})
}

func maxPoolBackward(op nn.MaxPool, dx, dy images, index []float64, n int) {
	if dx.v == nil {
		return
	}
	eachWindow(op.Kernel, op.Stride, op.Pad, dy, dx, n, func(out int, in, place []int) {
		for i, at := range in {
			if float64(place[i]) == index[out] {
				dx.v[at] += dy.v[out]
			}
		}
	})
}

// eachWindow calls f for every output element with the indices of the input pixels that it sees and their places within
// the window.
func eachWindow(kernel, stride int, pad nn.Pad, y, x images, n int, f func(out int, in, place []int)) {
	stride = strideOr(stride, kernel)
	var in, place []int
	for i := range n {
		for p := range y.H {
			for q := range y.W {
				y0, r0, r1 := window(p, stride, pad.Top, kernel, x.H)
				x0, s0, s1 := window(q, stride, pad.Left, kernel, x.W)
				for c := range y.C {
					in, place = in[:0], place[:0]
					for r := r0; r < r1; r++ {
						for s := s0; s < s1; s++ {
							in, place = append(in, x.at(i, y0+r, x0+s, c)), append(place, r*kernel+s)
						}
					}
					f(y.at(i, p, q, c), in, place)
				}
			}
		}
	}
}

// globalAvgPoolForward: x (N,H,W,C) -> y (N,1,1,C), means over H, W.
func globalAvgPoolForward(y, x images, n int) {
	clear(y.batch(n))
	for at, v := range x.batch(n) {
		y.v[at/x.Elems()*x.C+at%x.C] += v / float64(x.H*x.W)
	}
}

func globalAvgPoolBackward(dx, dy images, n int) {
	if dx.v == nil {
		return
	}
	for at := range dx.batch(n) {
		dx.v[at] += dy.v[at/dx.Elems()*dx.C+at%dx.C] / float64(dx.H*dx.W)
	}
}

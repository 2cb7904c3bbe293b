package nntest

import (
	"fmt"
	"math"

	"resnet/nn"
)

func init() {
	register(func(op nn.AvgPool, s step) { avgPoolForward(op, s.y, s.x(0), s.n) },
		func(op nn.AvgPool, s step) { avgPoolBackward(op, s.dx(0), s.dy, s.n) }, poolCases)
	register(func(op nn.MaxPool, s step) { maxPoolForward(op, s.y, s.x(0), s.saved(0), s.n) },
		func(op nn.MaxPool, s step) { maxPoolBackward(op, s.dx(0), s.dy, s.saved(0), s.n) }, nil)
	register(func(_ nn.GlobalAvgPool, s step) { globalAvgPoolForward(s.y, s.x(0), s.n) },
		func(_ nn.GlobalAvgPool, s step) { globalAvgPoolBackward(s.dx(0), s.dy, s.n) }, nil)
}

// avgPoolForward: x (N,H,W,C) -> y (N,P,Q,C), the sum over each window / Kernel².
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

// maxPoolForward: x (N,H,W,C) -> y (N,P,Q,C) and index (N,P,Q,C), the position (row*Kernel+column) of the first largest
// pixel in the window of each output; NaN counts as the largest.
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

// eachWindow calls f for every output element with the indices of the input elements in its window and their positions
// in it.
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

// globalAvgPoolForward: x (N,H,W,C) -> y (N,1,1,C), the mean over H, W.
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

func poolCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		c, h, w, kernel, stride, batch int
		pad                            nn.Pad
	}{
		{16, 14, 14, 2, 0, 3, nn.Pad{}}, {3, 5, 7, 2, 0, 5, nn.Pad{}}, {10, 9, 30, 3, 2, 2, nn.Padding(1)},
		{24, 7, 7, 3, 1, 2, nn.Padding(1)}, {7, 5, 7, 3, 2, 3, nn.Pad{Bottom: 1, Right: 1}},
		{5, 9, 8, 2, 3, 1, nn.Pad{}}, {33, 4, 4, 4, 0, 8, nn.Pad{}},
		{1, 28, 28, 5, 3, 2, nn.Pad{Top: 2, Left: 1, Right: 3}},
	} {
		what := fmt.Sprintf("%dx%dx%d kernel %d stride %d pad %d,%d,%d,%d batch %d", c.c, c.h, c.w, c.kernel, c.stride,
			c.pad.Top, c.pad.Left, c.pad.Bottom, c.pad.Right, c.batch)
		pool := func(op nn.Op) func(b *builder, x nn.Value) nn.Value {
			return func(b *builder, x nn.Value) nn.Value { return b.add(op, x) }
		}
		avg := nn.AvgPool{Kernel: c.kernel, Stride: c.stride, Pad: c.pad}
		list = append(list, opCase("avgpool/"+what, c.c, c.h, c.w, c.batch, pool(avg)))
		op := nn.MaxPool{Kernel: c.kernel, Stride: c.stride, Pad: c.pad}
		list = append(list, opCase("maxpool/"+what, c.c, c.h, c.w, c.batch, pool(op)))
		// Behind a ReLU many windows are all zeros: the gradient goes to the first pixel.
		rectified := func(b *builder, x nn.Value) nn.Value { return b.add(op, b.add(nn.ReLU{}, x)) }
		list = append(list, opCase("maxpool/of relu "+what, c.c, c.h, c.w, c.batch, rectified))
	}
	for _, c := range []struct{ c, h, w, batch int }{{64, 7, 7, 2}, {5, 1, 1, 3}, {3, 9, 30, 5}, {130, 2, 3, 1}} {
		name := fmt.Sprintf("globalavgpool/%dx%dx%d batch %d", c.c, c.h, c.w, c.batch)
		list = append(list, opCase(name, c.c, c.h, c.w, c.batch, func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.GlobalAvgPool{}, x)
		}))
	}
	pools := opCase("pool/three of one value", 6, 6, 6, 3, func(b *builder, x nn.Value) nn.Value {
		y := b.add(nn.Add{}, b.add(nn.AvgPool{Kernel: 2}, x), b.add(nn.MaxPool{Kernel: 2}, x))
		return b.add(nn.Add{}, b.add(nn.GlobalAvgPool{}, y), b.add(nn.GlobalAvgPool{}, x))
	})
	images := network(3, 8, 8, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		x = b.add(nn.AvgPool{Kernel: 2}, b.add(nn.MaxPool{Kernel: 3, Stride: 1, Pad: nn.Padding(1)}, x))
		return b.add(nn.Conv{Out: 4, Kernel: 3, Pad: nn.Padding(1)}, x)
	})
	return append(list, pools, newCase("pool/on images", images, 3))
}

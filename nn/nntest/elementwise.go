package nntest

import "resnet/nn"

func init() {
	register(func(_ nn.ReLU, s step) { reluForward(s.y, s.x(0), s.n) },
		func(_ nn.ReLU, s step) { reluBackward(s.dx(0), s.dy, s.y, s.n) }, elementwiseCases)
	register(func(op nn.Add, s step) { addForward(op, s.y, s.x(0), s.x(1), s.n) },
		func(op nn.Add, s step) { addBackward(op, s.dx(0), s.dx(1), s.dy, s.y, s.n) }, nil)
}

func reluForward(y, x images, n int) {
	for at, v := range x.batch(n) {
		y.v[at] = max(v, 0)
	}
}

func reluBackward(dx, dy, y images, n int) {
	if dx.v == nil {
		return
	}
	for at, v := range y.batch(n) {
		if v > 0 {
			dx.v[at] += dy.v[at]
		}
	}
}

func addForward(op nn.Add, y, a, b images, n int) {
	for at := range y.batch(n) {
		y.v[at] = a.v[at] + b.v[at]
		if op.ReLU {
			y.v[at] = max(y.v[at], 0)
		}
	}
}

func addBackward(op nn.Add, da, db, dy, y images, n int) {
	for at, v := range y.batch(n) {
		if op.ReLU && v <= 0 {
			continue
		}
		for _, dx := range []images{da, db} {
			if dx.v != nil {
				dx.v[at] += dy.v[at]
			}
		}
	}
}

func elementwiseCases() []*testCase {
	conv := func(b *builder, x nn.Value, out, kernel int) nn.Value {
		return b.add(nn.Conv{Out: out, Kernel: kernel, Pad: nn.Padding(kernel / 2)}, x)
	}
	bodies := []struct {
		name string
		body func(b *builder, x nn.Value) nn.Value
	}{
		{"relu", func(b *builder, x nn.Value) nn.Value { return b.add(nn.ReLU{}, x) }},
		{"relu of relu", func(b *builder, x nn.Value) nn.Value { return b.add(nn.ReLU{}, b.add(nn.ReLU{}, x)) }},
		{"relu read twice", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.ReLU{}, x)
			return b.add(nn.Add{}, conv(b, y, 6, 3), conv(b, y, 6, 1))
		}},
		{"relu beside its input", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{}, b.add(nn.ReLU{}, x), x)
		}},
		{"add of branches", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{}, conv(b, x, 7, 3), conv(b, x, 7, 1))
		}},
		{"add and relu of branches", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{ReLU: true}, conv(b, x, 7, 3), conv(b, x, 7, 1))
		}},
		{"add of a value and itself", func(b *builder, x nn.Value) nn.Value { return b.add(nn.Add{}, x, x) }},
		{"add and relu of a value and itself", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{ReLU: true}, x, x)
		}},
		{"identity shortcut", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.BatchNorm{ReLU: true}, conv(b, x, 5, 3))
			return b.add(nn.Add{ReLU: true}, conv(b, y, 5, 3), x)
		}},
		{"identity shortcut first", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.BatchNorm{}, conv(b, x, 5, 3))
			return b.add(nn.Add{ReLU: true}, x, y)
		}},
		{"value of three readers", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.BatchNorm{ReLU: true}, x)
			s := b.add(nn.Add{}, conv(b, y, 5, 3), conv(b, y, 5, 1))
			return b.add(nn.Add{ReLU: true}, s, y)
		}},
		{"batch norm and convolution of one value", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{}, b.add(nn.BatchNorm{ReLU: true}, x), conv(b, x, 5, 3))
		}},
		{"batch norm twice of one value", func(b *builder, x nn.Value) nn.Value {
			return b.add(nn.Add{}, b.add(nn.BatchNorm{ReLU: true}, x), b.add(nn.BatchNorm{}, x))
		}},
		{"batch norm of a sum whose inputs are read again", func(b *builder, x nn.Value) nn.Value {
			y := conv(b, x, 5, 1)
			s := b.add(nn.BatchNorm{ReLU: true}, b.add(nn.Add{}, x, y))
			return b.add(nn.Add{}, s, y)
		}},
		{"sum of sums", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.Add{}, conv(b, x, 5, 3), conv(b, x, 5, 1))
			z := b.add(nn.Add{}, b.add(nn.ReLU{}, y), b.add(nn.BatchNorm{}, conv(b, x, 5, 3)))
			return b.add(nn.Add{ReLU: true}, z, conv(b, y, 5, 1))
		}},
		// The mask of the inner sum must not apply to the other input of the outer sum, whichever is built first.
		{"sum of a rectified sum and a convolution", func(b *builder, x nn.Value) nn.Value {
			inner := b.add(nn.Add{ReLU: true}, conv(b, x, 8, 3), conv(b, x, 8, 1))
			return b.add(nn.Add{ReLU: true}, inner, conv(b, x, 8, 3))
		}},
		{"sum of a convolution and a rectified sum", func(b *builder, x nn.Value) nn.Value {
			c := conv(b, x, 8, 3)
			return b.add(nn.Add{ReLU: true}, c, b.add(nn.Add{ReLU: true}, conv(b, x, 8, 3), conv(b, x, 8, 1)))
		}},
		{"sum of relu and batch norm", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.ReLU{}, conv(b, x, 8, 1))
			return b.add(nn.ReLU{}, b.add(nn.Add{}, y, b.add(nn.BatchNorm{ReLU: true}, conv(b, x, 8, 3))))
		}},
		{"batch norm of batch norm of a sum", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.Add{}, conv(b, x, 8, 3), conv(b, x, 8, 1))
			return conv(b, b.add(nn.ReLU{}, b.add(nn.BatchNorm{}, b.add(nn.BatchNorm{ReLU: true}, y))), 5, 3)
		}},
		{"padded and strided readers", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.Conv{Out: 4, Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
			return b.add(nn.Add{ReLU: true}, y, b.add(nn.Conv{Out: 4, Kernel: 1, Stride: 2}, x))
		}},
		{"branches of convolutions with different pads", func(b *builder, x nn.Value) nn.Value {
			y := b.add(nn.Conv{Out: 4, Kernel: 5, Pad: nn.Padding(2)}, x)
			return b.add(nn.Add{}, b.add(nn.BatchNorm{ReLU: true}, y),
				b.add(nn.Conv{Out: 4, Kernel: 3, Pad: nn.Padding(1)}, x))
		}},
	}
	var list []*testCase
	for i, c := range bodies {
		h, w := 5, 7
		if i%2 == 0 {
			h, w = 6, 6
		}
		list = append(list, opCase("elementwise/"+c.name, 5, h, w, 1+i%5, c.body))
	}
	g := network(5, 5, 7, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.Add{ReLU: true}, x, conv(b, b.add(nn.ReLU{}, x), 5, 3))
	})
	return append(list, newCase("elementwise/add of images", g, 3))
}

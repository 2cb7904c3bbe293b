package nntest

import (
	"fmt"

	"resnet/nn"
)

func batchNormCases() []*testCase {
	var list []*testCase
	for i, c := range []struct{ c, h, w, batch int }{
		{1, 28, 28, 2}, {3, 5, 7, 5}, {5, 9, 30, 1}, {7, 14, 14, 3}, {10, 1, 1, 8}, {16, 14, 14, 2}, {20, 5, 7, 33},
		{24, 7, 5, 2}, {33, 3, 3, 5}, {48, 2, 2, 8}, {64, 5, 7, 2}, {130, 3, 3, 5}, {6, 1, 1, 1},
	} {
		for _, relu := range []bool{false, true} {
			op := nn.BatchNorm{ReLU: relu}
			if i%2 == 0 {
				op.Eps, op.Momentum = 1e-3, 0.01
			}
			list = append(list, opCase(fmt.Sprintf("batchnorm/%dx%dx%d relu %t batch %d", c.c, c.h, c.w, relu, c.batch),
				c.c, c.h, c.w, c.batch,
				func(b *builder, x nn.Value) nn.Value { return b.add(op, x) }))
		}
	}
	g := network(3, 5, 7, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.BatchNorm{ReLU: true}, x)
	})
	return append(list, newCase("batchnorm/on images", g, 5))
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
		// The inner sum's mask must not reach the outer sum's other branch, whichever is built first.
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

func poolCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		c, h, w, kernel, stride, batch int
		pad                            nn.Pad
	}{
		{16, 14, 14, 2, 0, 3, nn.Pad{}}, {3, 5, 7, 2, 0, 5, nn.Pad{}}, {10, 9, 30, 3, 2, 2, nn.Padding(1)},
		{24, 7, 7, 3, 1, 2, nn.Padding(1)},
		{7, 5, 7, 3, 2, 3, nn.Pad{Bottom: 1, Right: 1}}, {5, 9, 8, 2, 3, 1, nn.Pad{}}, {33, 4, 4, 4, 0, 8, nn.Pad{}},
		{1, 28, 28, 5, 3, 2, nn.Pad{Top: 2, Left: 1, Right: 3}},
	} {
		what := fmt.Sprintf("%dx%dx%d kernel %d stride %d pad %d,%d,%d,%d batch %d", c.c, c.h, c.w, c.kernel, c.stride,
			c.pad.Top, c.pad.Left, c.pad.Bottom, c.pad.Right, c.batch)
		pool := func(op nn.Op) func(b *builder, x nn.Value) nn.Value {
			return func(b *builder, x nn.Value) nn.Value { return b.add(op, x) }
		}
		list = append(list,
			opCase("avgpool/"+what, c.c, c.h, c.w, c.batch,
				pool(nn.AvgPool{Kernel: c.kernel, Stride: c.stride, Pad: c.pad})))
		op := nn.MaxPool{Kernel: c.kernel, Stride: c.stride, Pad: c.pad}
		list = append(list, opCase("maxpool/"+what, c.c, c.h, c.w, c.batch, pool(op)))
		// Behind a ReLU many windows are all zeros: the first one takes the gradient.
		list = append(list, opCase("maxpool/of relu "+what, c.c, c.h, c.w, c.batch,
			func(b *builder, x nn.Value) nn.Value {
				return b.add(op, b.add(nn.ReLU{}, x))
			}))
	}
	for _, c := range []struct{ c, h, w, batch int }{{64, 7, 7, 2}, {5, 1, 1, 3}, {3, 9, 30, 5}, {130, 2, 3, 1}} {
		list = append(list, opCase(fmt.Sprintf("globalavgpool/%dx%dx%d batch %d", c.c, c.h, c.w, c.batch), c.c, c.h,
			c.w, c.batch,
			func(b *builder, x nn.Value) nn.Value { return b.add(nn.GlobalAvgPool{}, x) }))
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

func linearCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		c, h, w, batch int
		hidden         []int
	}{
		{1, 1, 1, 2, nil}, {16, 7, 7, 5, nil}, {16, 14, 14, 2, []int{32}}, {3, 5, 7, 33, []int{33}},
		{24, 1, 1, 8, []int{130, 7}},
		{64, 2, 2, 1, []int{1}}, {5, 9, 30, 3, []int{16, 10, 5}}, {33, 3, 3, 32, []int{64}},
	} {
		for _, relu := range []bool{false, true} {
			if !relu && len(c.hidden) == 0 {
				continue
			}
			list = append(list,
				opCase(fmt.Sprintf("linear/%dx%dx%d hidden %v relu %t batch %d", c.c, c.h, c.w, c.hidden, relu,
					c.batch), c.c, c.h, c.w, c.batch,
					func(b *builder, x nn.Value) nn.Value {
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

func lossCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		classes, batch int
		smoothing      float32
	}{{2, 5, 0}, {10, 33, 0.1}, {33, 8, 0.3}, {100, 3, 0}} {
		g := network(1, 5, 7, c.classes, nn.SoftmaxCrossEntropy{Smoothing: c.smoothing},
			func(b *builder, x nn.Value) nn.Value { return x })
		list = append(list,
			newCase(fmt.Sprintf("loss/%d classes smoothing %g batch %d", c.classes, c.smoothing, c.batch), g, c.batch))
	}
	return list
}

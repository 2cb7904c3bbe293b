package nntest

import "resnet/nn"

// wideCases are networks of channels in multiples of 16, which tensor cores take: a backend may let their nodes share
// kernels. Each is a way in which convolutions, batch norms and sums can meet.
func wideCases() []*testCase {
	var list []*testCase
	add := func(name string, batch int, opt nn.Optimizer, body func(b *builder, x nn.Value) nn.Value) {
		g := network(1, 10, 9, 5, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
			return body(b, b.add(nn.Conv{Out: 16, Kernel: 3, Stride: 2, Pad: nn.Same(10, 9, 3, 2)}, x))
		})
		list = append(list, &testCase{name: "net/wide: " + name, graph: g, batch: batch, opt: opt,
			script: training(batch)})
	}
	adam := nn.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-3}
	add("blocks with a batch norm on the shortcut", 4, adam, func(b *builder, x nn.Value) nn.Value {
		x = b.preBlock(b.preBlock(x, 16), 32)
		return b.add(nn.Linear{Out: 24, ReLU: true}, b.add(nn.AvgPool{Kernel: 2}, x))
	})
	add("basic blocks", 5, nn.SGD{Momentum: 0.9}, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.GlobalAvgPool{}, b.basicBlock(b.basicBlock(x, 16, 1), 32, 1))
	})
	add("batch norms in a row of convolutions", 3, adam, func(b *builder, x nn.Value) nn.Value {
		for i, relu := range []bool{true, false, true} {
			x = b.add(nn.BatchNorm{ReLU: relu}, x)
			x = b.add(nn.Conv{Out: 16, Kernel: 1 + 2*(i%2), Pad: nn.Padding(i % 2)}, x)
		}
		return x
	})
	add("two batch norms of one tensor", 4, adam, func(b *builder, x nn.Value) nn.Value {
		y := b.add(nn.Conv{Out: 32, Kernel: 1}, b.add(nn.BatchNorm{ReLU: true}, x))
		z := b.add(nn.Conv{Out: 32, Kernel: 3, Pad: nn.Padding(1)}, b.add(nn.BatchNorm{}, x))
		return b.add(nn.Add{}, y, z)
	})
	add("a sum with what was there, read twice", 4, adam, func(b *builder, x nn.Value) nn.Value {
		y := b.add(nn.Add{ReLU: true}, x, b.add(nn.Conv{Out: 16, Kernel: 3, Pad: nn.Padding(1)}, x))
		z := b.add(nn.Conv{Out: 16, Kernel: 1}, b.add(nn.BatchNorm{ReLU: true}, y))
		return b.add(nn.Add{}, b.add(nn.Conv{Out: 16, Kernel: 1}, y), b.add(nn.Add{ReLU: true}, z, y))
	})
	return list
}

// preBlock is the seed network's: conv(bn conv(bn conv x)) + conv(relu bn x).
func (b *builder) preBlock(x nn.Value, width int) nn.Value {
	s := b.add(nn.Conv{Out: width, Kernel: 1}, b.add(nn.BatchNorm{ReLU: true}, x))
	y := b.add(nn.BatchNorm{ReLU: true}, b.add(nn.Conv{Out: width, Kernel: 1}, x))
	y = b.add(nn.BatchNorm{ReLU: true}, b.add(nn.Conv{Out: 2 * width, Kernel: 3, Pad: nn.Padding(1)}, y))
	return b.add(nn.Add{ReLU: true}, b.add(nn.Conv{Out: width, Kernel: 1}, y), s)
}

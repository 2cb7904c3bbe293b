package nntest

import (
	"fmt"

	"resnet/nn"
	"resnet/nn/models"
)

// training is a script that mixes modes and batch sizes.
func training(batch int) []action {
	return []action{
		{nn.Train, batch}, {nn.Eval, batch}, {nn.Train, batch/2 + 1}, {nn.Eval, 1}, {nn.Gradient, batch},
		{nn.Train, batch},
	}
}

func networkCases() []*testCase {
	var list []*testCase
	add := func(name string, g *nn.Graph, batch int, opt nn.Optimizer, script []action) {
		list = append(list, &testCase{name: "net/" + name, graph: g, batch: batch, opt: opt, script: script})
	}
	sgd := nn.SGD{Momentum: 0.9, Nesterov: true}
	adam := nn.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-3} // a large eps keeps rounding errors small where g is about 0
	for _, c := range []models.Config{
		{Channels: 1, Height: 28, Width: 28, Classes: 10, Options: "base_channels=4 hidden=16"},
		{Channels: 3, Height: 15, Width: 18, Classes: 7, Options: "base_channels=3", Smoothing: 0.1},
		{Channels: 3, Height: 32, Width: 32, Classes: 10, Options: "base_channels=8", // which the fused stem takes
			Mean: "0.4914 0.4822 0.4465", Std: "0.247 0.2435 0.2616"},
		{Channels: 3, Height: 64, Width: 24, Classes: 300, Options: "base_channels=2"},
	} {
		c.Model = "fashion-resnet"
		g, err := models.Build(c)
		if err != nil {
			panic(err)
		}
		batch := 3
		if c.Height > 28 {
			batch = 2 // an emulated device is slow
		}
		add(fmt.Sprintf("fashion-resnet %dx%dx%d hidden %d", c.Channels, c.Height, c.Width, c.Options.Get("hidden")), g,
			batch, adam, training(batch))
	}
	basic := network(3, 16, 16, 10, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		x = b.convBN(x, 6, 3, 1, true)
		for _, width := range []int{6, 10, 16} {
			x = b.basicBlock(b.basicBlock(x, width, 1+b2i(width > 6)), width, 1)
		}
		return b.add(nn.GlobalAvgPool{}, x)
	})
	add("three stages of basic blocks", basic, 4, sgd, training(4))
	bottleneck := network(3, 18, 14, 5, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		x = b.convBN(x, 8, 7, 2, true)
		x = b.add(nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
		for _, width := range []int{4, 5, 6} {
			x = b.bottleneck(b.bottleneck(x, width, 1+b2i(width > 4)), width, 1)
		}
		return b.add(nn.GlobalAvgPool{}, x)
	})
	add("three stages of bottlenecks", bottleneck, 6, adam, training(6))
	add("batch larger than the images", basic, 8, sgd, []action{{nn.Train, 3}, {nn.Eval, 3}, {nn.Train, 3}})
	add("batch of one", basic, 1, adam, []action{{nn.Eval, 1}, {nn.Gradient, 1}, {nn.Train, 1}, {nn.Eval, 1}})
	return list
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// convBN is a convolution without bias and a batch norm.
func (b *builder) convBN(x nn.Value, out, kernel, stride int, relu bool) nn.Value {
	x = b.add(nn.Conv{Out: out, Kernel: kernel, Stride: stride, Pad: nn.Padding(kernel / 2)}, x)
	return b.add(nn.BatchNorm{ReLU: relu}, x)
}

// basicBlock is that of ResNet-18: relu(bn(conv(relu bn(conv x))) + shortcut).
func (b *builder) basicBlock(x nn.Value, width, stride int) nn.Value {
	y := b.convBN(b.convBN(x, width, 3, stride, true), width, 3, 1, false)
	return b.add(nn.Add{ReLU: true}, y, b.shortcut(x, width, stride))
}

// bottleneck is that of ResNet-50: convolutions 1x1, 3x3, and 1x1 to four times the width.
func (b *builder) bottleneck(x nn.Value, width, stride int) nn.Value {
	y := b.convBN(b.convBN(x, width, 1, 1, true), width, 3, stride, true)
	return b.add(nn.Add{ReLU: true}, b.convBN(y, 4*width, 1, 1, false), b.shortcut(x, 4*width, stride))
}

func (b *builder) shortcut(x nn.Value, out, stride int) nn.Value {
	if stride == 1 && b.Type(x).Shape.C == out {
		return x
	}
	return b.convBN(x, out, 1, stride, false)
}

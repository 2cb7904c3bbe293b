package models

import (
	"fmt"

	"resnet/nn"
)

// fashionResNet is the published Fashion-MNIST network, with Keras' eps and momentum in batch norm. With 16 base
// channels and 512 hidden features it has 1,749,210 parameters for images of 1x28x28, of which 1,056 are running
// statistics. It takes images of any size from 3x3 on: its maps have half their sides.
var fashionResNet = Model{
	Name: "fashion-resnet", About: "four residual blocks at one resolution, for small images",
	Input: nn.Shape{N: 1, C: 1, H: 28, W: 28}, Classes: 10,
	Options: []Option{
		{"base-channels", 16, "width of the first block"},
		{"hidden", 512, "width of the hidden layer; 0 leaves it out"},
	},
	Recipes: []Recipe{
		{"seed", "as published: 30 epochs of Adam at a constant rate",
			`{"epochs": 30, "batch_size": 32, "opt": "adam"}`},
		{"strong", "20 epochs of AdamW in one cycle, shifted and mirrored images, label smoothing", `{
			"epochs": 20, "batch_size": 128, "opt": "adamw", "lr": 4e-3, "sched": "onecycle",
			"crop_padding": 2, "hflip": 0.5, "smoothing": 0.05}`},
	},
	build: buildFashionResNet,
}

// buildFashionResNet adds a stem, four residual blocks of base, 2*base, 2*base and 4*base channels at one resolution,
// 2x2 average pooling, an optional hidden layer and a classifier.
func buildFashionResNet(g *nn.Graph, x nn.Value, c Config) {
	b, hidden := c.Options.Get("base_channels"), c.Options.Get("hidden")
	if b < 1 || hidden < 0 {
		g.Fail("nn: %s: base channels %d and hidden %d, want at least 1 and 0", c.Model, b, hidden)
		return
	}
	weight := nn.Normal(0.05)
	x = g.Apply("stem", nn.Conv{Out: b, Kernel: 3, Stride: 2, Pad: nn.Same(c.Height, c.Width, 3, 2), Init: weight}, x)
	for i, out := range []int{b, 2 * b, 2 * b, 4 * b} {
		x = fashionBlock(g, fmt.Sprintf("blocks.%d", i), x, out, weight)
	}
	x = g.Apply("pool", nn.AvgPool{Kernel: 2}, x)
	if hidden > 0 {
		x = g.Apply("fc1", nn.Linear{Out: hidden, ReLU: true, Init: nn.GlorotUniform}, x)
	}
	x = g.Apply("fc2", nn.Linear{Out: c.Classes, Init: nn.GlorotUniform}, x)
	g.Loss(nn.SoftmaxCrossEntropy{Smoothing: c.Smoothing}, x)
}

// fashionBlock is relu(conv3(bnrelu2(conv2(bnrelu1(conv1 x)))) + shortcut), where the shortcut is conv(bnrelu x). conv2
// is 3x3 with twice as many channels as the block.
func fashionBlock(g *nn.Graph, name string, x nn.Value, out int, weight nn.Init) nn.Value {
	conv := func(part string, out, kernel int, x nn.Value) nn.Value {
		return g.Apply(name+"."+part, nn.Conv{Out: out, Kernel: kernel, Pad: nn.Padding(kernel / 2), Init: weight}, x)
	}
	bnReLU := func(part string, x nn.Value) nn.Value {
		return g.Apply(name+"."+part, nn.BatchNorm{Eps: 1e-3, Momentum: 0.01, ReLU: true}, x)
	}
	s := bnReLU("shortcut.bn", x)
	s = conv("shortcut.conv", out, 1, s)
	y := conv("conv1", out, 1, x)
	y = bnReLU("bn1", y)
	y = conv("conv2", 2*out, 3, y)
	y = bnReLU("bn2", y)
	y = conv("conv3", out, 1, y)
	return g.Apply(name+".add", nn.Add{ReLU: true}, y, s)
}

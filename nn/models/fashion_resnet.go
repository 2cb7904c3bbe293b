package models

import (
	"fmt"
	"resnet/nn"
)

// fashionResNet is the seed network: a stem, four pre-activated-shortcut
// residual blocks of base, 2*base, 2*base and 4*base channels at one
// resolution, 2x2 average pooling, an optional hidden layer, a classifier.
// With 28x28x1 images, base 16 and hidden 512 it has 1,749,210 parameters, of
// which 1,056 are running statistics. Numerics are Keras'.
func fashionResNet(c Config) *nn.Graph {
	g := nn.NewGraph(c.Model, c.Channels, c.Height, c.Width, c.Classes)
	if c.BaseChannels < 1 || c.Hidden < 0 {
		g.Fail("nn: %s: base channels %d and hidden %d, want at least 1 and 0", c.Model, c.BaseChannels, c.Hidden)
		return g
	}
	b := c.BaseChannels
	weight := nn.Normal(0.05)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: b, Kernel: 3, Stride: 2, Pad: nn.Same(c.Height, c.Width, 3, 2), Init: weight}, x)
	for i, out := range []int{b, 2 * b, 2 * b, 4 * b} {
		x = seedBlock(g, fmt.Sprintf("blocks.%d", i), x, out, weight)
	}
	x = g.Apply("pool", nn.AvgPool{Kernel: 2}, x)
	if c.Hidden > 0 {
		x = g.Apply("fc1", nn.Linear{Out: c.Hidden, ReLU: true, Init: nn.GlorotUniform}, x)
	}
	x = g.Apply("fc2", nn.Linear{Out: c.Classes, Init: nn.GlorotUniform}, x)
	g.Loss(nn.SoftmaxCrossEntropy{Smoothing: c.Smoothing}, x)
	return g
}

// seedBlock is relu(conv3(bnrelu2(conv2(bnrelu1(conv1 x)))) + shortcut), where
// the shortcut is conv(bnrelu x). conv2 is 3x3 and twice as wide as the block.
func seedBlock(g *nn.Graph, name string, x nn.Value, out int, weight nn.Init) nn.Value {
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

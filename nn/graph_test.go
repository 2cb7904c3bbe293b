package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/models"
)

// fashionResNet is the fashion-resnet model on its 28x28 images.
func fashionResNet(t *testing.T, base, hidden int) *nn.Graph {
	t.Helper()
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: models.Options("").With("base_channels", base).With("hidden", hidden)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestParameters: the counts are those of the published model, the names and shapes those of its weights file.
func TestParameters(t *testing.T) {
	g := fashionResNet(t, 16, 512)
	var got []string
	total, statistics := 0, 0
	for _, v := range g.Parameters() {
		p := g.Param(v)
		got = append(got, g.ValueName(v))
		total += p.Shape.Elems()
		if !p.Trainable {
			statistics += p.Shape.Elems()
		}
		if running := strings.Contains(g.ValueName(v), ".running_"); running == p.Trainable {
			t.Errorf("%s: trainable %v", g.ValueName(v), p.Trainable)
		}
		// Weights of convolutions and linear layers decay, vectors do not.
		if p.Decay != (p.Dims > 1) {
			t.Errorf("%s: of %d dimensions, decays: %v", g.ValueName(v), p.Dims, p.Decay)
		}
	}
	if total != 1_749_210 || statistics != 1_056 {
		t.Errorf("%d parameters, %d of them running statistics, want 1749210 and 1056", total, statistics)
	}
	var want []string
	norm := func(name string) {
		for _, p := range []string{"weight", "bias", "running_mean", "running_var"} {
			want = append(want, name+"."+p)
		}
	}
	want = append(want, "stem.weight")
	for i := range 4 {
		block := fmt.Sprintf("blocks.%d.", i)
		norm(block + "shortcut.bn")
		want = append(want, block+"shortcut.conv.weight", block+"conv1.weight", block+"conv2.weight",
			block+"conv3.weight")
		norm(block + "bn1")
		norm(block + "bn2")
	}
	want = append(want, "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("parameters\n%v\nwant\n%v", got, want)
	}
	shapes := map[string]nn.Shape{
		"stem.weight": {N: 16, C: 1, H: 3, W: 3}, "blocks.2.shortcut.conv.weight": {N: 32, C: 32, H: 1, W: 1},
		"blocks.3.conv2.weight": {N: 128, C: 64, H: 3, W: 3}, "blocks.3.conv3.weight": {N: 64, C: 128, H: 1, W: 1},
		"blocks.1.bn2.running_var": {N: 64, C: 1, H: 1, W: 1}, "fc1.weight": {N: 512, C: 3136, H: 1, W: 1},
		"fc2.bias": {N: 10, C: 1, H: 1, W: 1},
	}
	for _, v := range g.Parameters() {
		if want, ok := shapes[g.ValueName(v)]; ok && g.Type(v).Shape != want {
			t.Errorf("%s is %v, want %v", g.ValueName(v), g.Type(v).Shape, want)
		}
	}
	flat := fashionResNet(t, 16, 0)
	for _, v := range flat.Parameters() {
		if strings.HasPrefix(flat.ValueName(v), "fc1") {
			t.Error("fc1 without a hidden layer")
		}
	}
}

// TestCost: the multiply-adds of an image by hand. For each of 14x14 pixels a block of i input channels and b channels
// does i*b in the shortcut and in conv1 each, 9*b*2b in conv2 and 2b*b in conv3; the stem does 9*16; then come the
// linear layers.
func TestCost(t *testing.T) {
	want := int64(14*14*9*16 + 3136*512 + 512*10)
	in := int64(16)
	for _, b := range []int64{16, 32, 32, 64} {
		want += 14 * 14 * (2*in*b + 9*b*2*b + 2*b*b)
		in = b
	}
	g := fashionResNet(t, 16, 512)
	var products, all int64
	for i := range g.Nodes {
		n := &g.Nodes[i]
		flops := n.Op.FLOPs(g.InTypes(n))
		all += flops
		switch n.Op.(type) {
		case nn.Conv, nn.Linear:
			products += flops
		}
	}
	if products != 2*want {
		t.Errorf("convolutions and linear layers cost %d FLOPs, want 2*%d", products, want)
	}
	// Two a pixel and channel for batch norms of i, b and 2b channels and for sums with ReLU of b, four a window of the
	// pool, two a pixel of the image, five a class.
	rest := int64(2*28*28 + 4*7*7*64 + 5*10)
	in = 16
	for _, b := range []int64{16, 32, 32, 64} {
		rest += 14 * 14 * 2 * (in + b + 2*b + b)
		in = b
	}
	if all-products != rest {
		t.Errorf("batch norms, sums and the like cost %d FLOPs, want %d", all-products, rest)
	}
}

func TestShapes(t *testing.T) {
	g := nn.NewGraph("shapes", 3, 9, 30, 5)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	for i, c := range []struct {
		op   nn.Op
		want nn.Shape // by hand: floor((size + pads - kernel) / stride) + 1
	}{
		{nn.Conv{Out: 7, Kernel: 3}, nn.Shape{N: 1, C: 7, H: 7, W: 28}},
		{nn.Conv{Out: 7, Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, nn.Shape{N: 1, C: 7, H: 5, W: 15}},
		{nn.Conv{Out: 2, Kernel: 1, Stride: 3}, nn.Shape{N: 1, C: 2, H: 3, W: 10}},
		{nn.Conv{Out: 2, Kernel: 7, Stride: 2, Pad: nn.Pad{Top: 1, Left: 2, Bottom: 3, Right: 4}},
			nn.Shape{N: 1, C: 2, H: 4, W: 15}},
		{nn.BatchNorm{}, nn.Shape{N: 1, C: 3, H: 9, W: 30}},
		{nn.AvgPool{Kernel: 2}, nn.Shape{N: 1, C: 3, H: 4, W: 15}},
		{nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, nn.Shape{N: 1, C: 3, H: 5, W: 15}},
		{nn.GlobalAvgPool{}, nn.Shape{N: 1, C: 3, H: 1, W: 1}},
		{nn.Linear{Out: 4}, nn.Shape{N: 1, C: 4, H: 1, W: 1}},
	} {
		v := g.Apply(fmt.Sprint("op", i), c.op, x)
		if got := g.Type(v).Shape; got != c.want {
			t.Errorf("%s %+v of 1x3x9x30 is %v, want %v", c.op.Kind(), c.op, got, c.want)
		}
	}
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

// TestSame against TensorFlow's definition by hand: ceil(size/stride) outputs, the odd pixel at the bottom and right.
func TestSame(t *testing.T) {
	for _, c := range []struct {
		h, w, kernel, stride int
		want                 nn.Pad
	}{
		{28, 28, 3, 1, nn.Padding(1)},
		{28, 28, 3, 2, nn.Pad{Bottom: 1, Right: 1}},
		{7, 9, 3, 2, nn.Padding(1)},
		{7, 8, 2, 1, nn.Pad{Bottom: 1, Right: 1}},
		{28, 27, 7, 2, nn.Pad{Top: 2, Left: 3, Bottom: 3, Right: 3}},
		{14, 14, 1, 2, nn.Pad{}},
		{5, 6, 2, 3, nn.Pad{}},
		{9, 10, 5, 3, nn.Pad{Top: 1, Left: 2, Bottom: 1, Right: 2}},
	} {
		got := nn.Same(c.h, c.w, c.kernel, c.stride)
		if got != c.want {
			t.Errorf("same padding of %dx%d, kernel %d, stride %d: %+v, want %+v", c.h, c.w, c.kernel, c.stride, got,
				c.want)
		}
		if rows := (c.h+got.Top+got.Bottom-c.kernel)/c.stride + 1; rows != (c.h+c.stride-1)/c.stride {
			t.Errorf("same padding of %d rows, kernel %d, stride %d: %d outputs, want size/stride rounded up", c.h,
				c.kernel, c.stride, rows)
		}
	}
}

func TestGraphErrors(t *testing.T) {
	apply := func(op nn.Op, names ...string) func(g *nn.Graph, x nn.Value) {
		return func(g *nn.Graph, x nn.Value) { g.Apply("node", op, x) }
	}
	for _, c := range []struct {
		build func(g *nn.Graph, x nn.Value)
		want  []string
	}{
		{apply(nn.Conv{Out: 4, Kernel: 7}), []string{"nn: node: ", "kernel 7x7", "exceeds input 2x3"}},
		{apply(nn.Conv{Out: 4, Kernel: 3}), []string{"kernel 3x3", "exceeds input 2x3"}},
		{apply(nn.Conv{Kernel: 1}), []string{"0 channels"}},
		{apply(nn.Conv{Out: 1}), []string{"kernel 0"}},
		{apply(nn.Conv{Out: 1, Kernel: 1, Stride: -2}), []string{"stride -2"}},
		{apply(nn.Conv{Out: 1, Kernel: 1, Pad: nn.Pad{Left: -1}}), []string{"-1"}},
		{apply(nn.MaxPool{Kernel: 4}), []string{"kernel 4x4", "exceeds input 2x3"}},
		{apply(nn.MaxPool{Kernel: 2, Pad: nn.Padding(2)}), []string{"kernel 2", "pads below the kernel"}},
		{apply(nn.AvgPool{}), []string{"kernel 0"}},
		{apply(nn.Linear{}), []string{"0 outputs"}},
		{apply(nn.Normalize{}), []string{"float32", "uint8"}},
		{func(g *nn.Graph, _ nn.Value) {
			g.Apply("in", nn.Normalize{Mean: []float32{1, 2}}, g.Images)
		}, []string{"nn: in: ", "2 values for 3 channels"}},
		{func(g *nn.Graph, x nn.Value) {
			g.Apply("sum", nn.Add{}, x, g.Apply("pool", nn.GlobalAvgPool{}, x))
		}, []string{"nn: sum: ", "1x3x2x3", "1x3x1x1"}},
		{func(g *nn.Graph, x nn.Value) {
			g.Loss(nn.SoftmaxCrossEntropy{}, x)
		}, []string{"nn: loss: ", "1x3x2x3", "1x4x1x1"}},
		{func(g *nn.Graph, x nn.Value) {
			g.Loss(nn.SoftmaxCrossEntropy{Smoothing: 1}, g.Apply("fc", nn.Linear{Out: 4}, x))
		}, []string{"nn: loss: ", "smoothing 1"}},
		// The first error is kept, and calls after it do not panic.
		{func(g *nn.Graph, x nn.Value) {
			x = g.Apply("first", nn.Linear{}, x)
			x = g.Apply("second", nn.Conv{}, x)
			g.Loss(nn.SoftmaxCrossEntropy{}, x)
		}, []string{"nn: first: "}},
	} {
		g := nn.NewGraph("errors", 3, 2, 3, 4)
		c.build(g, g.Apply("input", nn.Normalize{}, g.Images))
		checkError(t, g.Err(), c.want...)
	}
	checkError(t, nn.NewGraph("tiny", 1, 0, 28, 10).Err(), "nn: tiny: ", "0x28")
	checkError(t, nn.NewGraph("sole", 1, 28, 28, 1).Err(), "nn: sole: ", "1 classes")
	good := models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"}
	for _, c := range []struct {
		change func(c *models.Config)
		want   []string
	}{
		{func(c *models.Config) { c.Model = "resnet9000" }, append(models.Names(), `no model "resnet9000"`)},
		{func(c *models.Config) {
			c.Options = c.Options.With("base_channels", 0)
		}, []string{"nn: fashion-resnet: ", "base channels 0"}},
		{func(c *models.Config) {
			c.Options = c.Options.With("hidden", -1)
		}, []string{"nn: fashion-resnet: ", "hidden -1"}},
		{func(c *models.Config) { c.Height = 1 }, []string{"nn: pool: ", "exceeds input 1x14"}},
		{func(c *models.Config) { c.Smoothing = -0.5 }, []string{"nn: loss: ", "-0.5"}},
	} {
		config := good
		c.change(&config)
		_, err := models.Build(config)
		checkError(t, err, c.want...)
	}
}

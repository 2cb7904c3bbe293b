package onnx

import (
	"fmt"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/models"
	"resnet/nn/nntest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func build(t testing.TB, c models.Config) *nn.Graph {
	t.Helper()
	g, err := models.Build(c)
	must(t, err)
	return g
}

// seedNetwork builds the network of the README.
func seedNetwork(t testing.TB) *nn.Graph {
	return build(t, models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"})
}

// everyOp has every op, asymmetric padding, a convolution into which the batch norm after it can be folded and one
// where it cannot, and a linear layer whose output is added to an image of one pixel.
func everyOp(t testing.TB) *nn.Graph {
	g := nn.NewGraph("every-op", 2, 6, 5, 3)
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.25, 0.5}, Std: []float32{0.5, 0.75}}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 3, Kernel: 3, Pad: nn.Pad{Top: 2, Right: 1}, Bias: true}, x)
	x = g.Apply("bn", nn.BatchNorm{Eps: 1e-3, ReLU: true}, x)
	y := g.Apply("conv", nn.Conv{Out: 3, Kernel: 1}, x)
	x = g.Apply("add", nn.Add{ReLU: true}, x, g.Apply("relu", nn.ReLU{}, y))
	x = g.Apply("other", nn.Add{}, x, y)
	x = g.Apply("maxpool", nn.MaxPool{Kernel: 2, Pad: nn.Pad{Top: 1, Bottom: 1, Right: 1}}, x)
	x = g.Apply("avgpool", nn.AvgPool{Kernel: 2, Stride: 1, Pad: nn.Pad{Left: 1, Bottom: 1}}, x)
	y = g.Apply("mean", nn.GlobalAvgPool{}, x)
	x = g.Apply("fc1", nn.Linear{Out: 3, ReLU: true}, x)
	x = g.Apply("sum", nn.Add{}, x, y)
	x = g.Apply("norm", nn.BatchNorm{}, x)
	x = g.Apply("fc2", nn.Linear{Out: 3}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, x)
	must(t, g.Err())
	return g
}

// bottlenecks is a ResNet-50 of few channels: a stem of 7x7 and max pooling, stages of which two halve the image, and
// global average pooling.
func bottlenecks(t testing.TB) *nn.Graph {
	g := nn.NewGraph("bottlenecks", 3, 38, 30, 5)
	convBN := func(name string, x nn.Value, out, kernel, stride int, relu bool) nn.Value {
		x = g.Apply(name, nn.Conv{Out: out, Kernel: kernel, Stride: stride, Pad: nn.Padding(kernel / 2)}, x)
		return g.Apply(name+".bn", nn.BatchNorm{ReLU: relu}, x)
	}
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}, g.Images)
	x = convBN("conv1", x, 8, 7, 2, true)
	x = g.Apply("maxpool", nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
	for i, width := range []int{4, 6, 8} {
		for j := range 2 {
			name, stride := fmt.Sprintf("layer%d.%d", i+1, j), 1
			if i > 0 && j == 0 {
				stride = 2
			}
			y := convBN(name+".conv1", x, width, 1, 1, true)
			y = convBN(name+".conv2", y, width, 3, stride, true)
			y = convBN(name+".conv3", y, 4*width, 1, 1, false)
			if j == 0 {
				x = convBN(name+".downsample", x, 4*width, 1, stride, false)
			}
			x = g.Apply(name+".add", nn.Add{ReLU: true}, y, x)
		}
	}
	x = g.Apply("avgpool", nn.GlobalAvgPool{}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 5}, x))
	must(t, g.Err())
	return g
}

// noLinear ends with a convolution and global average pooling.
func noLinear(t testing.TB) *nn.Graph {
	g := nn.NewGraph("no-linear", 1, 9, 7, 4)
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.5}}, g.Images)
	x = g.Apply("conv", nn.Conv{Out: 4, Kernel: 3, Stride: 3}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("mean", nn.GlobalAvgPool{}, x))
	must(t, g.Err())
	return g
}

// random returns different random values for every parameter and running statistic.
func random(g *nn.Graph) Parameters {
	return func(v nn.Value) ([]float32, error) { return nntest.Values(g, v), nil }
}

// eighths returns small multiples of 1/8, which are exact in float32.
func eighths(g *nn.Graph) Parameters {
	return func(v nn.Value) ([]float32, error) {
		p := g.Param(v)
		w := make([]float32, p.Shape.Elems())
		for i := range w {
			w[i] = float32(7*i%11-5) / 8
			if p.Init == nn.Ones {
				w[i] = float32(5+i) / 8
			}
		}
		return w, nil
	}
}

// executor compiles a network for the CPU and up to n images, with the given parameters.
func executor(t testing.TB, g *nn.Graph, params Parameters, n int) nn.Executor {
	t.Helper()
	backend, err := cpu.New(cpu.Config{Threads: 1, NoPin: true})
	must(t, err)
	e, err := backend.Compile(g, nn.PlanConfig{Batch: n})
	must(t, err)
	t.Cleanup(func() { e.Close(); backend.Close() })
	for _, v := range g.Parameters() {
		w, err := params(v)
		must(t, err)
		must(t, e.Write(nn.Ref{Value: v}, nn.Bytes(w)))
	}
	return e
}

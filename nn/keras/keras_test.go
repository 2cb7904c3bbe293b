package keras

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/models"
)

var update = flag.Bool("update", false, "write testdata/written.* (then run with RESNET_REQUIRE_PYTHON=1)")

var formats = []Format{H5, Archive, Weights}

// small builds the network of testdata/fixtures.py.
func small(t testing.TB) *nn.Graph {
	g := nn.NewGraph("small", 2, 9, 8, 3)
	conv := func(name string, out, kernel int, x nn.Value) nn.Value {
		return g.Apply(name, nn.Conv{Out: out, Kernel: kernel, Pad: nn.Padding(kernel / 2)}, x)
	}
	bnReLU := func(name string, x nn.Value) nn.Value {
		return g.Apply(name, nn.BatchNorm{Eps: 1e-3, Momentum: 0.01, ReLU: true}, x)
	}
	x := g.Apply("input", nn.Normalize{}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 4, Kernel: 3, Stride: 2, Pad: nn.Same(9, 8, 3, 2), Bias: true}, x)
	x = bnReLU("bn", x)
	y := conv("block.conv1", 3, 1, x)
	y = conv("block.conv2", 6, 3, bnReLU("block.bn1", y))
	y = conv("block.conv3", 3, 1, bnReLU("block.bn2", y))
	s := conv("block.shortcut.conv", 3, 1, bnReLU("block.shortcut.bn", x))
	x = g.Apply("block.add", nn.Add{ReLU: true}, y, s)
	x = g.Apply("maxpool", nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Same(5, 4, 3, 2)}, x)
	x = g.Apply("pool", nn.AvgPool{Kernel: 2, Stride: 1}, x)
	x = g.Apply("fc1", nn.Linear{Out: 5, ReLU: true}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc2", nn.Linear{Out: 3}, x))
	return checked(t, g)
}

// seed builds the network of the README in its full size.
func seed(t testing.TB) *nn.Graph {
	g, err := models.Build(models.Config{
		Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10, Options: "base_channels=16 hidden=512",
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// bottlenecks builds a small ResNet-50 like PyTorch's: normalised input, symmetric padding, default batch norm, a
// padded max pool. It ends with a padded average pool and a convolution as its classifier, so that every kind of layer
// is tested.
func bottlenecks(t testing.TB) *nn.Graph {
	g := nn.NewGraph("bottlenecks", 3, 34, 30, 7)
	convBN := func(name string, x nn.Value, out, kernel, stride int, relu bool) nn.Value {
		x = g.Apply(name+".conv", nn.Conv{Out: out, Kernel: kernel, Stride: stride, Pad: nn.Padding(kernel / 2)}, x)
		return g.Apply(name+".bn", nn.BatchNorm{ReLU: relu}, x)
	}
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}, g.Images)
	x = convBN("stem", x, 8, 7, 2, true)
	x = g.Apply("maxpool", nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
	for i, name := range []string{"layer1.0", "layer1.1", "layer2.0", "layer2.1"} {
		width, stride, shortcut := 4+2*(i/2), 1+i/2*(1-i%2), x
		y := convBN(name+".1", x, width, 1, 1, true)
		y = convBN(name+".2", y, width, 3, stride, true)
		y = convBN(name+".3", y, 4*width, 1, 1, false)
		if i%2 == 0 {
			shortcut = convBN(name+".downsample", x, 4*width, 1, stride, false)
		}
		x = g.Apply(name+".relu", nn.ReLU{}, g.Apply(name+".add", nn.Add{}, y, shortcut))
	}
	x = g.Apply("avgpool", nn.AvgPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
	x = g.Apply("global", nn.GlobalAvgPool{}, x)
	x = g.Apply("head.bn", nn.BatchNorm{}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("head.conv", nn.Conv{Out: 7, Kernel: 1, Bias: true}, x))
	return checked(t, g)
}

func checked(t testing.TB, g *nn.Graph) *nn.Graph {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

// random returns parameters with which every layer affects the predictions, which are not all close to 0 or 1: scales
// and variances are 0.5 to 1.5, kernels uniform with a variance of 1/fan_in.
func random(g *nn.Graph) map[nn.Value][]float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	params := map[nn.Value][]float32{}
	for _, v := range g.Parameters() {
		p := g.Param(v)
		x := make([]float32, p.Shape.Elems())
		for i := range x {
			u := 2*rng.Float64() - 1
			switch {
			case p.Dims > 1:
				u *= math.Sqrt(3 / float64(p.Shape.C*p.Shape.H*p.Shape.W))
			case p.Init == nn.Ones:
				u = 1 + u/2
			}
			x[i] = float32(u)
		}
		params[v] = x
	}
	return params
}

func source(params map[nn.Value][]float32) func(nn.Value) ([]float32, error) {
	return func(v nn.Value) ([]float32, error) { return params[v], nil }
}

func written(t testing.TB, f Format, g *nn.Graph, params map[nn.Value][]float32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, g, source(params)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// predict returns the probabilities that the CPU backend computes.
func predict(t *testing.T, g *nn.Graph, params map[nn.Value][]float32, images []byte) []float32 {
	t.Helper()
	n := len(images) / g.Type(g.Images).Shape.Elems()
	backend, err := cpu.New(cpu.Config{Threads: 2, NoPin: true})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	e, err := backend.Compile(g, nn.PlanConfig{Batch: n})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for v, x := range params {
		if err := e.Write(nn.Ref{Value: v}, nn.Bytes(x)); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]float32, n*g.Classes)
	for _, err := range []error{
		e.Write(nn.Ref{Value: g.Images}, images),
		e.Write(nn.Ref{Value: g.Labels}, nn.Bytes(make([]int32, n))),
		e.Run(nn.Eval, n),
		e.Read(nn.Ref{Value: g.Probabilities}, nn.Bytes(p)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// expectVaried checks that predictions are not close to 0 or 1.
func expectVaried(t *testing.T, p []float32) {
	t.Helper()
	if m := slices.Max(p); m > 0.999 {
		t.Errorf("a prediction of %g, which says little about the network", m)
	}
}

// distance returns the largest difference between two predictions.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// tolerance of a probability: Keras adds in another order. The largest difference seen on JAX, TensorFlow and PyTorch
// was 5e-7.
const tolerance = 1e-5

// Read reads files that Keras wrote of its own model. If the predictions are those of Keras, every weight is in its
// place.
func TestReadKeras(t *testing.T) {
	b, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	var keras struct {
		Images      []int
		Predictions []float32
	}
	if err := json.Unmarshal(b, &keras); err != nil {
		t.Fatal(err)
	}
	images := make([]byte, len(keras.Images))
	for i, v := range keras.Images {
		images[i] = byte(v)
	}
	g := small(t)
	for _, f := range formats {
		params, err := Read("testdata/small"+f.String(), g)
		if err != nil {
			t.Error(err)
			continue
		}
		ours := predict(t, g, params, images)
		expectVaried(t, ours)
		d := distance(ours, keras.Predictions)
		t.Logf("%s: distance %.2g", f, d)
		if !(d < tolerance) {
			t.Errorf("%s: predictions differ by %.2g, want at most %g", f, d, tolerance)
		}
	}
}

func TestWriteReadsBack(t *testing.T) {
	for _, g := range []*nn.Graph{small(t), seed(t), bottlenecks(t)} {
		params := random(g)
		for _, f := range formats {
			path := filepath.Join(t.TempDir(), "m"+f.String())
			if err := os.WriteFile(path, written(t, f, g, params), 0o644); err != nil {
				t.Fatal(err)
			}
			expectSame(t, path, g, params)
		}
	}
}

// expectSame reads a file and expects exactly the given parameters.
func expectSame(t *testing.T, path string, g *nn.Graph, want map[nn.Value][]float32) {
	t.Helper()
	got, err := Read(path, g)
	if err != nil {
		t.Error(err)
		return
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d parameters, want %d", path, len(got), len(want))
	}
	for v, x := range want {
		if !slices.Equal(got[v], x) {
			t.Errorf("%s: %s differs", path, g.ValueName(v))
		}
	}
}

// TestPython lets Keras read these bytes.
func TestWriteBytes(t *testing.T) {
	g := small(t)
	params := random(g)
	for _, f := range formats {
		got := written(t, f, g, params)
		path := "testdata/written" + f.String()
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("wrote %d bytes that differ from the %d of %s (%v)", len(got), len(want), path, err)
		}
	}
}

package keras

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"resnet/nn"
)

// unknown is an op without a Keras layer.
type unknown struct{ nn.ReLU }

func (unknown) Kind() string                       { return "unknown" }
func (unknown) Describe([]nn.Type, nn.Type) string { return "unknown" }

func TestWriteRefuses(t *testing.T) {
	build := func(add func(g *nn.Graph, x nn.Value) nn.Value) *nn.Graph {
		g := nn.NewGraph("net", 3, 8, 8, 3)
		x := add(g, g.Apply("input", nn.Normalize{}, g.Images))
		g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("last", nn.GlobalAvgPool{}, x))
		return checked(t, g)
	}
	lossless := nn.NewGraph("net", 3, 8, 8, 3)
	broken := nn.NewGraph("net", 3, 8, 8, 3)
	broken.Apply("conv", nn.Conv{Out: -1, Kernel: 1}, broken.Images)
	for _, c := range []struct {
		g    *nn.Graph
		want string
	}{
		{lossless, "keras: net: no loss"},
		{broken, "keras: nn: conv: conv of -1 channels"},
		{build(func(g *nn.Graph, x nn.Value) nn.Value { return g.Apply("odd", unknown{}, x) }),
			"keras: odd: no Keras layer for op unknown"},
		{build(func(g *nn.Graph, x nn.Value) nn.Value {
			return g.Apply("max", nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
		}), "keras: max: max pooling with pad {1 1 1 1} of values below zero"},
		{build(func(g *nn.Graph, x nn.Value) nn.Value {
			return g.Apply("a_b", nn.ReLU{}, g.Apply("a.b", nn.ReLU{}, x))
		}), "keras: a_b: two layers of this name"},
		{build(func(g *nn.Graph, x nn.Value) nn.Value {
			y := g.Apply("pixel", nn.Conv{Out: 3, Kernel: 8}, x)
			return g.Apply("sum", nn.Add{}, g.Apply("mean", nn.GlobalAvgPool{}, x), y)
		}), "keras: sum: add of Keras shapes [3] and [1 1 3]"},
	} {
		var b bytes.Buffer
		err := Write(&b, H5, c.g, source(random(c.g)))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("error %v with %d bytes written, want none and %q", err, b.Len(), c.want)
		}
		if _, again := Config(c.g); again == nil || again.Error() != err.Error() {
			t.Errorf("the configuration: %v, want %v", again, err)
		}
	}

	g := small(t)
	gone := errors.New("gone")
	for want, params := range map[string]func(nn.Value) ([]float32, error){
		"keras: stem: kernel: gone":              func(nn.Value) ([]float32, error) { return nil, gone },
		"keras: stem: kernel: 1 values, want 72": func(nn.Value) ([]float32, error) { return make([]float32, 1), nil },
	} {
		if err := Write(&bytes.Buffer{}, H5, g, params); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := Write(&bytes.Buffer{}, 7, g, source(random(g))); err == nil ||
		err.Error() != "keras: format 7 is not known" {
		t.Errorf("an unknown format: %v", err)
	}
}

// The element o, c, h, w of a kernel has the indices h, w, c, o in Keras.
func TestKernelLayout(t *testing.T) {
	w := weight{shape: []int{2, 3, 4, 5}, kernel: nn.Shape{N: 5, C: 4, H: 2, W: 3}}
	ours := make([]float32, 120)
	for i := range ours {
		ours[i] = float32(i)
	}
	keras, err := w.toKeras(ours)
	if err != nil {
		t.Fatal(err)
	}
	const o, c, h, x = 4, 2, 1, 2
	if got, want := keras[((h*3+x)*4+c)*5+o], ours[((o*4+c)*2+h)*3+x]; got != want {
		t.Errorf("kernel[%d][%d][%d][%d] in Keras is %g, want %g", h, x, c, o, got, want)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{"a.h5": H5, "a.weights.h5": Weights, "b/c.keras": Archive,
		"a.hdf5": H5, "A.HDF5": H5, "A.Weights.H5": Weights, "M.KERAS": Archive} {
		if f, err := FormatOf(path); f != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", path, f, err, want)
		}
	}
	const want = "a.hdf: want a name that ends in .h5, .hdf5, .keras or .weights.h5"
	if _, err := FormatOf("a.hdf"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("another name: %v", err)
	}
}

// The names of Keras' layers in its files.
func TestSnakeCase(t *testing.T) {
	for class, want := range map[string]string{
		"Conv2D": "conv2d", "BatchNormalization": "batch_normalization", "InputLayer": "input_layer", "ReLU": "re_lu",
		"GlobalAveragePooling2D": "global_average_pooling2d", "ZeroPadding2D": "zero_padding2d", "Add": "add",
	} {
		if got := snakeCase(class); got != want {
			t.Errorf("%s is %s, want %s", class, got, want)
		}
	}
}

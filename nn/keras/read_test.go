package keras

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/hdf5"
)

// chain describes a network of one convolution, one batch norm and one classifier.
type chain struct {
	conv, bn, fc string // names of the layers
	width        int
	bias, hidden bool // a convolution with a bias, another linear layer
}

var plainChain = chain{conv: "conv", bn: "bn", fc: "fc", width: 4}

func (c chain) graph(t testing.TB) *nn.Graph {
	g := nn.NewGraph("chain", 1, 6, 6, 2)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	x = g.Apply(c.conv, nn.Conv{Out: c.width, Kernel: 3, Bias: c.bias}, x)
	x = g.Apply("mean", nn.GlobalAvgPool{}, g.Apply(c.bn, nn.BatchNorm{}, x))
	if c.hidden {
		x = g.Apply("fc0", nn.Linear{Out: 4}, x)
	}
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply(c.fc, nn.Linear{Out: 2}, x))
	return checked(t, g)
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hdf := func(g *hdf5.Group) []byte {
		var b bytes.Buffer
		if err := hdf5.Write(&b, g); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	archive := func(method uint16, members map[string]string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, content := range members {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
			if err == nil {
				_, err = io.WriteString(w, content)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	g := plainChain.graph(t)
	wide, renamed, biased, deeper := plainChain, chain{conv: "a", bn: "b", fc: "c", width: 5}, plainChain, plainChain
	wide.width, biased.bias, deeper.hidden = 5, true, true
	save := func(g *nn.Graph, name string, f Format) string { return put(name, written(t, f, g, random(g))) }
	odd := &hdf5.Group{}
	odd.Group("layers/conv2d/vars").Put("0", hdf5.Dataset{Shape: []int{1, 1, 1}, Data: []float32{1}})
	missing := &hdf5.Group{Lists: map[string][]string{layerNames: {"conv"}}}
	for _, c := range []struct{ path, want string }{
		{"model.txt", "keras: model.txt: want a name that ends in"},
		{filepath.Join(folder, "none.h5"), "none.h5: no such file"},
		{filepath.Join(folder, "none.keras"), "none.keras: no such file"},
		{put("text.h5", []byte("text")), "hdf5: "},
		{put("text.keras", []byte("text")), "text.keras: zip: not a valid zip file"},
		{put("empty.keras", archive(zip.Store, nil)), "no config.json (not a Keras archive?)"},
		{put("half.keras", archive(zip.Store, map[string]string{configMember: "{}"})), "no model.weights.h5"},
		{put("small.keras", archive(zip.Deflate, map[string]string{configMember: "{}"})), "no model.weights.h5"},
		{put("bad.keras", archive(zip.Store, map[string]string{configMember: "{}", weightsMember: "{}"})),
			"bad.keras/model.weights.h5: no HDF5 signature"},
		{put("empty.h5", hdf(&hdf5.Group{})), "no layers (not a file that Keras wrote?)"},
		{put("missing.h5", hdf(missing)), "no conv (there are 0 other names)"},
		{put("odd.weights.h5", hdf(odd)),
			"conv2d: weights of shapes [[1 1 1]], want those of Conv2D, BatchNormalization or Dense"},
		{save(wide.graph(t), "wide.h5", H5), "conv: kernel: shape [3 3 1 5], want [3 3 1 4] (another model?)"},
		{save(renamed.graph(t), "names.h5", H5), "conv (a in the file): kernel: shape [3 3 1 5], want [3 3 1 4]"},
		{save(seed(t), "seed.weights.h5", Weights), "12 layers of class BatchNormalization, want 1 (another model?)"},
		{save(biased.graph(t), "bias.h5", H5), "conv: weights of shapes [[3 3 1 4] [4]], want 1: [kernel]"},
		{save(deeper.graph(t), "more.keras", Archive), "fc0: weights of shapes [[4 4] [4]] that no layer here has"},
	} {
		_, err := Read(c.path, g)
		if err == nil || !strings.HasPrefix(err.Error(), "keras: ") || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one with %q", c.path, err, c.want)
		}
	}
}

// Layers with other names, in a list that Keras split into two attributes.
func TestReadCutAttribute(t *testing.T) {
	g := plainChain.graph(t)
	m, err := convert(chain{conv: "x", bn: "y", fc: "z", width: 4}.graph(t))
	if err != nil {
		t.Fatal(err)
	}
	params := random(g)
	values, err := m.values(source(params))
	if err != nil {
		t.Fatal(err)
	}
	root := m.wholeModel(nil, values)
	layers := root.Group(modelWeights)
	names := layers.Lists[layerNames]
	layers.Lists = map[string][]string{layerNames + "0": names[:3], layerNames + "1": names[3:]}
	var b bytes.Buffer
	if err := hdf5.Write(&b, root); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.h5")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	expectSame(t, path, g, params)
}

// More than ten layers of a class: the third is conv2d_2, and conv2d_10 follows conv2d_9.
func TestReadNumberedLayers(t *testing.T) {
	deep := func(prefix string) *nn.Graph {
		g := nn.NewGraph("deep", 1, 4, 4, 2)
		x := g.Apply("input", nn.Normalize{}, g.Images)
		for i := range 12 {
			x = g.Apply(fmt.Sprint(prefix, i), nn.Conv{Out: 2, Kernel: 3, Pad: nn.Padding(1)}, x)
		}
		g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("mean", nn.GlobalAvgPool{}, x))
		return checked(t, g)
	}
	g := deep("conv")
	params := random(g)
	path := filepath.Join(t.TempDir(), "deep.weights.h5")
	if err := os.WriteFile(path, written(t, Weights, g, params), 0o644); err != nil {
		t.Fatal(err)
	}
	expectSame(t, path, deep("other"), params)
}

func TestParseConfig(t *testing.T) {
	many := make([]string, 100_001)
	for i := range many {
		many[i] = fmt.Sprintf(`{"name": "%d"}`, i)
	}
	for _, c := range []struct {
		name, config string
		want         []string // nil: parseConfig or sequence fails
	}{
		{"Keras 3", `{"class_name": "Functional", "config": {"layers": [
			{"name": "i", "inbound_nodes": []},
			{"name": "a", "inbound_nodes": [{"kwargs": {"mask": null},
				"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["i", 0, 0]}}]}]},
			{"name": "b", "inbound_nodes": [{"kwargs": {},
				"args": [[{"config": {"keras_history": ["i", 0, 0]}}, {"config": {"keras_history": ["a", 0, 0]}}]]}]}],
			"output_layers": ["b", 0, 0]}}`, []string{"i", "a", "b"}},
		{"Keras 2", `{"class_name": "Functional", "config": {"layers": [
			{"name": "i", "inbound_nodes": []},
			{"name": "a", "inbound_nodes": [[["i", 0, 0, {}]]]},
			{"name": "b", "inbound_nodes": [[["i", 0, 0, {}], ["a", 0, 0, {}]]]}],
			"output_layers": [["b", 0, 0]]}}`, []string{"i", "a", "b"}},
		{"sequential", `{"class_name": "Sequential", "config": {"layers": [
			{"config": {"name": "a"}}, {"config": {"name": "b"}}]}}`, []string{"a", "b"}},
		{"a model in a model", `{"class_name": "Sequential", "config": {"layers": [
			{"config": {"name": "a"}},
			{"name": "m", "config": {"layers": [
				{"class_name": "InputLayer", "config": {"name": "i"}, "inbound_nodes": []},
				{"name": "c", "inbound_nodes": [[["i", 0, 0, {}]]]}], "output_layers": [["c", 0, 0]]}},
			{"config": {"name": "b"}}]}}`, []string{"a", "m", "b"}},
		{"a layer of layers", `{"class_name": "Sequential", "config": {"layers": [
			{"class_name": "Pipeline", "config": {"name": "p", "layers": [{"config": {"name": "x"}}]}},
			{"config": {"name": "b"}}]}}`, []string{"p", "b"}},
		{"two outputs", `{"config": {"layers": [{"name": "a"}, {"name": "b"}],
			"output_layers": [["a", 0, 0], ["b", 0, 0]]}}`, nil},
		{"a loop", `{"config": {"layers": [{"name": "a", "inbound_nodes": [[["a", 0, 0, {}]]]}],
			"output_layers": ["a", 0, 0]}}`, nil},
		{"a layer that is not there", `{"config": {"layers": [{"name": "a", "inbound_nodes": [[["b", 0, 0, {}]]]}],
			"output_layers": ["a", 0, 0]}}`, nil},
		{"an output that is not there", `{"config": {"layers": [{"name": "a"}], "output_layers": ["b", 0, 0]}}`, nil},
		{"no layers", `{"class_name": "Sequential"}`, nil},
		{"no JSON", ``, nil},
		{"too many layers",
			`{"class_name": "Sequential", "config": {"layers": [` + strings.Join(many, ", ") + `]}}`, nil},
	} {
		network, ok := parseConfig([]byte(c.config))
		var got []string
		if ok {
			for _, j := range network.byName {
				j.weighted = true
			}
			got, ok = namesInSequence(network.byName, network.output)
		}
		if ok != (c.want != nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %.80q, %v, want %q", c.name, got, ok, c.want)
		}
	}
}

// namesInSequence names the layers that sequence lists.
func namesInSequence(layers map[string]*node, output *node) (names []string, ok bool) {
	name := map[*node]string{}
	for s, j := range layers {
		name[j] = s
	}
	list, ok := sequence(output)
	for _, j := range list {
		names = append(names, name[j])
	}
	return names, ok
}

// Of two paths that join, the one with more weights comes first, whatever their lengths and the order of the inputs.
// The layers of the other one follow.
func TestSequence(t *testing.T) {
	network := map[string]*node{}
	for _, l := range []struct {
		name     string
		weighted bool
		in       []string
	}{
		{"stem", true, nil},
		{"a1", true, []string{"stem"}}, {"a2", true, []string{"a1"}},
		{"b1", true, []string{"stem"}}, {"relu", false, []string{"b1"}}, {"drop", false, []string{"relu"}},
		{"add", false, []string{"drop", "a2"}}, {"fc", true, []string{"add"}}, {"apart", true, nil},
	} {
		j := &node{weighted: l.weighted}
		for _, x := range l.in {
			j.in = append(j.in, network[x])
		}
		network[l.name] = j
	}
	got, ok := namesInSequence(network, network["fc"])
	if want := []string{"stem", "a1", "a2", "b1", "fc"}; !ok || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, ok, want)
	}
}

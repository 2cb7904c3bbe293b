package keras

import (
	"bytes"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn"
	"resnet/nn/hdf5"
)

// tiny is a network of one dense layer, whose files are small. Go cuts down every input that it finds interesting, in
// all the ways that there are, so that large ones would take the time of all others; the targets pass over them.
func tiny(t testing.TB) *nn.Graph {
	g := nn.NewGraph("tiny", 1, 1, 1, 2)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 2}, x))
	return checked(t, g)
}

// load reads weights as Read does. The error is not of interest.
func load(g *nn.Graph, m *model, read func(s *saved) error) {
	s := &saved{}
	if read(s) != nil {
		return
	}
	pairs, err := m.match(s)
	if err != nil {
		return
	}
	values := map[nn.Value][]float32{}
	for _, p := range pairs {
		_ = p.load("f", g, values)
	}
}

// No file may make the reader panic, or take much more memory than it has bytes.
func FuzzRead(f *testing.F) {
	g := tiny(f)
	m, err := convert(g)
	if err != nil {
		f.Fatal(err)
	}
	plain := &hdf5.Group{}
	plain.Put("layers/dense/vars/0", hdf5.Dataset{Shape: []int{1, 2}, Data: []float32{1, 2}})
	plain.Put("layers/dense/vars/1", hdf5.Dataset{Shape: []int{2}, Data: []float32{3, 4}})
	f.Add(encoded(f, plain))
	named := &hdf5.Group{Lists: map[string][]string{layerNames: {"fc"}}}
	named.Group("fc").Lists = map[string][]string{weightNames: {"k"}}
	named.Put("fc/k", hdf5.Dataset{Shape: []int{1, 2}, Data: []float32{1, 2}})
	f.Add(encoded(f, named))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		memorytest.Limit(t, 64*uint64(len(b))+1<<20, func() {
			file, err := hdf5.New(bytes.NewReader(b), int64(len(b)), "f")
			if err == nil {
				load(g, m, func(s *saved) error { return s.read(file) })
			}
		})
	})
}

// The same of files that are valid HDF5. A line of the text is an array, its path and a digit for each extent, or a
// list of strings, the path of its group, an at sign, its name and the strings.
func FuzzLayers(f *testing.F) {
	g := tiny(f)
	m, err := convert(g)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		"layers/dense/vars/0 12\nlayers/dense/vars/1 2",
		"layers/functional/layers/dense/vars/0 12\nlayers/functional/layers/dense/vars/1 2\noptimizer/vars/0 ",
		"net/a/vars/0 12\nnet/b/vars/0 12\nnet/vars/1 2",
		"@layer_names fc\nfc@weight_names a/k a/b\nfc/a/k 12\nfc/a/b 2",
		"m@layer_names m\nm/m@weight_names a/k b/k\nm/m/a/k 12\nm/m/b/k 2",
		"model_weights@layer_names0 f\nmodel_weights/f@weight_names0 k b\nmodel_weights/f/k 12\nmodel_weights/f/b 2",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		if len(text) > 300 || hdf5.Write(&b, groups(text)) != nil {
			return
		}
		memorytest.Limit(t, 64*uint64(b.Len())+1<<20, func() {
			file, err := hdf5.New(bytes.NewReader(b.Bytes()), int64(b.Len()), "f")
			if err != nil {
				t.Fatal(err)
			}
			load(g, m, func(s *saved) error { return s.read(file) })
		})
	})
}

// groups builds the content of a file from the lines of FuzzLayers.
func groups(text string) *hdf5.Group {
	root := &hdf5.Group{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if path, ok := strings.CutSuffix(words[0], "@"+words[0][strings.LastIndexByte(words[0], '@')+1:]); ok {
			g := root
			if path != "" {
				g = root.Group(path)
			}
			if g.Lists == nil {
				g.Lists = map[string][]string{}
			}
			g.Lists[words[0][len(path)+1:]] = words[1:]
			continue
		}
		d, n := hdf5.Dataset{}, 1
		for _, digit := range strings.Join(words[1:], "") {
			extent := int(digit) & 7
			d.Shape, n = append(d.Shape, extent), n*extent
			if n > 1000 {
				return root
			}
		}
		d.Data = make([]float32, n)
		root.Put(words[0], d)
	}
	return root
}

// The same of an archive. What is deflated may have a thousand times the bytes.
func FuzzArchive(f *testing.F) {
	g := tiny(f)
	m, err := convert(g)
	if err != nil {
		f.Fatal(err)
	}
	plain := &hdf5.Group{}
	plain.Put("layers/dense/vars/0", hdf5.Dataset{Shape: []int{1, 2}, Data: []float32{1, 2}})
	var archive bytes.Buffer
	if err := writeArchive(&archive, []byte(`{"class_name":"Sequential","config":{"layers":[]}}`), plain); err != nil {
		f.Fatal(err)
	}
	f.Add(deflated(f, archive.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2<<10 {
			return
		}
		memorytest.Limit(t, 3*deflateRatio*uint64(len(b))+1<<20, func() {
			load(g, m, func(s *saved) error {
				return s.readArchive(bytes.NewReader(b), int64(len(b)), m.largestFile(), "f")
			})
		})
	})
}

// No configuration may make the reader panic or take too much memory.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"class_name":"Functional","config":{"layers":[{"name":"i","inbound_nodes":[]},` +
		`{"name":"a","class_name":"Dense","inbound_nodes":[[["i",0,0,{}]]]}],"output_layers":[["a",0,0]]}}`))
	f.Add([]byte(`{"class_name":"Sequential","config":{"layers":[{"class_name":"Sequential","config":{"name":"s",` +
		`"layers":[{"config":{"name":"a"}}]}}]}}`))
	f.Add([]byte(`{"config":{"layers":[{"name":"a","inbound_nodes":[{"args":[{"config":` +
		`{"keras_history":["a",0,0]}}]}]}],"output_layers":["a",0,0]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<10 {
			return
		}
		memorytest.Limit(t, 256*uint64(len(b))+1<<20, func() {
			n, ok := parseConfig(b)
			if !ok {
				return
			}
			for name, j := range n.within {
				if j != nil && n.find([]level{{name: name}}) != nil {
					j.weighted = true
				}
			}
			sequence(n.output)
		})
	})
}

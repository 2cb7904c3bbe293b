package keras

import (
	"bytes"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn"
	"resnet/nn/hdf5"
)

// tiny is a network of one dense layer, whose files are small: Go cuts down every input that it finds interesting, a
// byte at a time.
func tiny(t testing.TB) *nn.Graph {
	g := nn.NewGraph("tiny", 1, 1, 1, 2)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 2}, x))
	return checked(t, g)
}

// load reads weights as Read does. The error is not of interest.
func load(m *model, read func(s *saved) error) {
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
		_ = p.load("f", values)
	}
}

// No file may make the reader panic, or take much more memory than it has bytes.
func FuzzRead(f *testing.F) {
	m, err := convert(tiny(f))
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
		memorytest.Limit(t, 64*uint64(len(b))+1<<20, func() {
			file, err := hdf5.New(bytes.NewReader(b), int64(len(b)), "f")
			if err == nil {
				load(m, func(s *saved) error { return s.read(file) })
			}
		})
	})
}

// The same of an archive. What is deflated may have a thousand times the bytes.
func FuzzArchive(f *testing.F) {
	m, err := convert(tiny(f))
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
		memorytest.Limit(t, 3*deflateRatio*uint64(len(b))+1<<20, func() {
			load(m, func(s *saved) error {
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
		memorytest.Limit(t, 256*uint64(len(b))+1<<20, func() {
			n, ok := parseConfig(b)
			if !ok {
				return
			}
			for name, j := range n.within {
				if j != nil && n.find([]step{{name: name}}) != nil {
					j.weighted = true
				}
			}
			sequence(n.output)
		})
	})
}

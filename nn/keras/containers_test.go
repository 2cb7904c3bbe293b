package keras

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"resnet/nn/hdf5"
	"resnet/nn/models"
)

// The network of the README, but narrower, in the files that others make of it. Their layers have no names that ours
// have.
func TestReadContainers(t *testing.T) {
	g, err := models.Build(models.Config{
		Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=4 hidden=16",
	})
	if err != nil {
		t.Fatal(err)
	}
	params := random(g)
	m, err := convert(g)
	if err != nil {
		t.Fatal(err)
	}
	values, err := m.values(source(params))
	if err != nil {
		t.Fatal(err)
	}
	network := func() *hdf5.Group { // as Keras 3.4 and older write it
		root := m.weightsAlone(values)
		for _, l := range root.Groups[layersGroup].Groups {
			l.Groups[varsGroup].Strings = nil
		}
		return root
	}
	in := func(path string, others ...string) *hdf5.Group {
		root := &hdf5.Group{}
		outer, last := root.Group(filepath.Dir(path)), filepath.Base(path)
		outer.Group(last)
		outer.Groups[last] = network()
		for _, other := range append(others, varsGroup) {
			root.Group(other)
		}
		return root
	}
	fitted := network()
	fitted.Put("optimizer/vars/0", hdf5.Dataset{Data: []float32{1}})
	fitted.Put("loss_tracker/vars/0", hdf5.Dataset{Data: []float32{1}})
	fitted.Put("layers/conv2d/seed_generator/vars/0", hdf5.Dataset{Shape: []int{2}, Data: []float32{1, 2}})

	dir, whole, archive := t.TempDir(), written(t, H5, g, params), written(t, Archive, g, params)
	for name, b := range map[string][]byte{
		"nested.weights.h5":     encoded(t, in("layers/functional", "layers/rescaling/vars")),
		"subclass.weights.h5":   encoded(t, in("net/x")),
		"fitted.weights.h5":     encoded(t, fitted),
		"two-levels.weights.h5": encoded(t, in("layers/sequential/layers/functional", "layers/sequential/vars")),
		"model.hdf5":            whole,
		"UPPER.H5":              whole,
		"archive.h5":            archive,
		"hdf5.keras":            whole,
		"weights":               whole,
		"deflated.keras":        deflated(t, archive),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		expectSame(t, path, g, params)
	}
}

func encoded(t testing.TB, g *hdf5.Group) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := hdf5.Write(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// deflated compresses the members of an archive.
func deflated(t testing.TB, archive []byte) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	to := zip.NewWriter(&b)
	for _, m := range from.File {
		r, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		w, err := to.Create(m.Name)
		if err == nil {
			_, err = io.Copy(w, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Files that testdata/containers.py wrote with Keras: the network small in other types and in models that are layers of
// models. Their predictions are those of Keras, but that it computes in 16 bits where the weights have them: the
// rounding of a bfloat16 is 2e-3 of a number, of a float16 2e-4.
func TestReadKerasContainers(t *testing.T) {
	b, err := os.ReadFile("testdata/containers.json")
	if err != nil {
		t.Fatal(err)
	}
	var keras struct {
		Images      []int
		Predictions map[string][]float32
	}
	if err := json.Unmarshal(b, &keras); err != nil {
		t.Fatal(err)
	}
	images := make([]byte, len(keras.Images))
	for i, v := range keras.Images {
		images[i] = byte(v)
	}
	g := small(t)
	for name, tolerance := range map[string]float64{
		"bfloat16.keras": 4e-3, "bfloat16.h5": 4e-3, "float16.weights.h5": 4e-4, "nested.keras": tolerance,
		"nested.h5": tolerance,
	} {
		params, err := Read("testdata/"+name, g)
		if err != nil {
			t.Error(err)
			continue
		}
		ours := predict(t, g, params, images)
		expectVaried(t, ours)
		if d := distance(ours, keras.Predictions[name]); !(d < tolerance) {
			t.Errorf("%s: predictions differ by %.2g, want at most %g", name, d, tolerance)
		}
	}
}

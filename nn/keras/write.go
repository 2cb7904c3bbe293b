package keras

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"resnet/nn"
	"resnet/nn/hdf5"
)

// Format is a file format of Keras.
type Format int

// The formats: the whole model in HDF5, as a zip archive, and weights alone.
const (
	H5 Format = iota
	Archive
	Weights
)

var suffixes = map[Format]string{H5: ".h5", Archive: ".keras", Weights: ".weights.h5"}

func (f Format) String() string { return suffixes[f] }

// Names inside the files.
const (
	modelConfig   = "model_config"
	modelWeights  = "model_weights"
	topLevel      = "top_level_model_weights"
	layerNames    = "layer_names"
	weightNames   = "weight_names"
	layersGroup   = "layers"
	varsGroup     = "vars"
	configMember  = "config.json"
	weightsMember = "model.weights.h5"
)

// FormatOf returns the format of a file by the ending of its name.
func FormatOf(path string) (Format, error) {
	name := strings.ToLower(path)
	switch {
	case strings.HasSuffix(name, suffixes[Weights]):
		return Weights, nil
	case strings.HasSuffix(name, suffixes[H5]), strings.HasSuffix(name, ".hdf5"):
		return H5, nil
	case strings.HasSuffix(name, suffixes[Archive]):
		return Archive, nil
	}
	return 0, fmt.Errorf("keras: %s: want a name that ends in .h5, .hdf5, .keras or .weights.h5, as Keras does", path)
}

// Write writes a network. params returns a parameter or running statistic in the layout of nn.Ref. Equal arguments give
// equal bytes.
func Write(w io.Writer, f Format, g *nn.Graph, params func(nn.Value) ([]float32, error)) error {
	if err := write(w, f, g, params); err != nil {
		return fmt.Errorf("keras: %w", err)
	}
	return nil
}

func write(w io.Writer, f Format, g *nn.Graph, params func(nn.Value) ([]float32, error)) error {
	m, err := convert(g)
	if err != nil {
		return err
	}
	config, err := json.Marshal(m.config())
	if err != nil {
		return err
	}
	values, err := m.values(params)
	if err != nil {
		return err
	}
	switch f {
	case H5:
		return hdf5.Write(w, m.wholeModel(config, values))
	case Weights:
		return hdf5.Write(w, m.weightsAlone(values))
	case Archive:
		return writeArchive(w, config, m.weightsAlone(values))
	}
	return fmt.Errorf("format %d is not known", f)
}

// values returns the weights of each layer in the layout of Keras.
func (m *model) values(params func(nn.Value) ([]float32, error)) ([][]hdf5.Dataset, error) {
	values := make([][]hdf5.Dataset, len(m.layers))
	for i := range m.layers {
		l := &m.layers[i]
		for k := range l.weights {
			x, err := params(l.weights[k].value)
			if err == nil {
				x, err = l.weights[k].toKeras(x)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", l.name, l.weights[k].name, err)
			}
			values[i] = append(values[i], hdf5.Dataset{Shape: l.weights[k].shape, Data: x})
		}
	}
	return values, nil
}

// wholeModel returns the format that Keras has had since its first version: the order of the layers is that of
// layer_names, and that of their weights is weight_names.
func (m *model) wholeModel(config []byte, values [][]hdf5.Dataset) *hdf5.Group {
	written := map[string]string{"keras_version": version, "backend": "tensorflow"}
	root := &hdf5.Group{Strings: map[string]string{modelConfig: string(config)}}
	maps.Copy(root.Strings, written)
	group := root.Group(modelWeights)
	group.Strings = written
	var names []string
	for i := range m.layers {
		l := &m.layers[i]
		names = append(names, l.name)
		g := group.Group(l.name)
		var paths []string
		for k := range l.weights {
			path := l.name + "/" + l.weights[k].name
			paths = append(paths, path)
			g.Put(path, values[i][k])
		}
		g.Lists = map[string][]string{weightNames: paths}
	}
	group.Lists = map[string][]string{layerNames: names}
	group.Group(topLevel).Lists = map[string][]string{weightNames: nil}
	return root
}

// weightsAlone returns the format of Keras 3: the path of a layer consists of its class and the number of layers of
// that class before it, and not of its name.
func (m *model) weightsAlone(values [][]hdf5.Dataset) *hdf5.Group {
	root := &hdf5.Group{}
	root.Group(varsGroup).Strings = map[string]string{"name": m.name} // no weights, but Keras 3.4 expects it
	count := map[string]int{}
	for i := range m.layers {
		l := &m.layers[i]
		path := snakeCase(l.class)
		if n := count[l.class]; n > 0 {
			path += "_" + strconv.Itoa(n)
		}
		count[l.class]++
		g := root.Group(layersGroup + "/" + path + "/" + varsGroup)
		g.Strings = map[string]string{"name": l.name}
		for k := range l.weights {
			g.Put(strconv.Itoa(k), values[i][k])
		}
	}
	return root
}

var (
	beforeWord = regexp.MustCompile("(.)([A-Z][a-z]+)")
	afterWord  = regexp.MustCompile("([a-z])([A-Z])")
)

// snakeCase converts a class name as Keras does for paths: Conv2D to conv2d, ReLU to re_lu.
func snakeCase(class string) string {
	s := beforeWord.ReplaceAllString(class, "${1}_$2")
	return strings.ToLower(afterWord.ReplaceAllString(s, "${1}_$2"))
}

// writeArchive writes a zip archive of the configuration and the weights, without compression, as Keras does.
func writeArchive(w io.Writer, config []byte, weights *hdf5.Group) error {
	z := zip.NewWriter(w)
	for _, member := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"metadata.json", func(w io.Writer) error {
			return json.NewEncoder(w).Encode(map[string]string{"keras_version": version})
		}},
		{configMember, func(w io.Writer) error { _, err := w.Write(config); return err }},
		{weightsMember, func(w io.Writer) error { return hdf5.Write(w, weights) }},
	} {
		m, err := z.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store})
		if err == nil {
			err = member.write(m)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", member.name, err)
		}
	}
	return z.Close()
}

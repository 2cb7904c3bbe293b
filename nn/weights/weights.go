package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"resnet/nn"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

// formatVersion is the version that Save writes into the metadata and the newest that Load reads.
const formatVersion = 1

// Metadata describes the network of a weights file; it is enough to run the network without any other file.
type Metadata struct {
	Model   models.Config `json:"model"`
	Dataset string        `json:"dataset,omitempty"`
	// Transposed says that rows and columns of the data set's images were exchanged, see data.Options.
	Transposed bool     `json:"transposed,omitempty"`
	Classes    []string `json:"classes,omitempty"` // names by label; empty: not known
	Epoch      int      `json:"epoch,omitempty"`   // epochs trained; 0: not known
	// Accuracy, 0 to 1, was measured on Split: "test", "validation", or "" if it was not measured.
	Accuracy float64 `json:"accuracy,omitempty"`
	Split    string  `json:"split,omitempty"`
}

// Save writes the parameters and running statistics of e as a safetensors file with PyTorch's names and layouts, in
// float32, so that PyTorch loads it as a state dict. The bytes depend on the values and the metadata alone.
func Save(w io.Writer, e nn.Reader, g *nn.Graph, m Metadata) error {
	tensors, err := ReadTensors(e, g)
	if err != nil {
		return err
	}
	return Write(w, tensors, m)
}

// Write is Save for tensors that ReadTensors has already read.
func Write(w io.Writer, tensors []safetensors.Tensor, m Metadata) error {
	model, err := json.Marshal(m.Model)
	if err != nil {
		return err
	}
	meta := map[string]string{
		"format":         "pt", // by convention: names and layouts are PyTorch's
		"format_version": strconv.Itoa(formatVersion),
		"model":          string(model),
		"dataset":        m.Dataset,
		"sha256":         safetensors.Digest(tensors),
	}
	if m.Transposed {
		meta["transposed"] = "true"
	}
	if len(m.Classes) > 0 {
		classes, err := json.Marshal(m.Classes)
		if err != nil {
			return err
		}
		meta["classes"] = string(classes)
	}
	if m.Epoch > 0 {
		meta["epoch"] = strconv.Itoa(m.Epoch)
	}
	if m.Split != "" {
		meta["accuracy"] = strconv.FormatFloat(m.Accuracy, 'g', -1, 64)
		meta["split"] = m.Split
	}
	return safetensors.Write(w, tensors, meta)
}

// Load reads the file at path into the parameters and running statistics of e. The file must have exactly the graph's
// tensors, in their shapes, of type F32, F64, F16 or BF16; batch norm's num_batches_tracked, which PyTorch adds, is
// ignored. Nothing is written to e unless the whole file is valid. Metadata are optional; the version and checksum that
// Save writes are checked where they are present.
func Load(path string, e nn.Executor, g *nn.Graph) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return fmt.Errorf("nn: weights: %w", err)
	}
	defer f.Close()
	if err := checkWeights(f); err != nil {
		return fmt.Errorf("nn: weights: %s: %w", path, err)
	}
	if err := WriteTensors(e, g, f); err != nil {
		return fmt.Errorf("nn: weights: %s: %w", path, err)
	}
	return nil
}

// ReadMetadata reads the metadata of the weights file at path. It is an error if they do not name a model, as in a file
// that PyTorch wrote.
func ReadMetadata(path string) (Metadata, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return Metadata{}, fmt.Errorf("nn: weights: %w", err)
	}
	defer f.Close()
	m, err := parseMetadata(f.Metadata)
	if err != nil {
		return Metadata{}, fmt.Errorf("nn: weights: %s: metadata: %w", path, err)
	}
	return m, nil
}

func parseMetadata(meta map[string]string) (m Metadata, err error) {
	if meta["model"] == "" {
		return m, errors.New("no model (a file of another program?)")
	}
	if err := checkVersion(meta); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(meta["model"]), &m.Model); err != nil {
		return m, fmt.Errorf("model: %w", err)
	}
	if s, ok := meta["classes"]; ok {
		if err := json.Unmarshal([]byte(s), &m.Classes); err != nil {
			return m, fmt.Errorf("classes: %w", err)
		}
		if len(m.Classes) != m.Model.Classes {
			return m, fmt.Errorf("%d class names, want %d as the model has", len(m.Classes), m.Model.Classes)
		}
	}
	if s, ok := meta["epoch"]; ok {
		if m.Epoch, err = strconv.Atoi(s); err != nil {
			return m, fmt.Errorf("epoch %q, want a number", s)
		}
	}
	if s, ok := meta["accuracy"]; ok {
		if m.Accuracy, err = strconv.ParseFloat(s, 64); err != nil {
			return m, fmt.Errorf("accuracy %q, want a number", s)
		}
	}
	m.Dataset, m.Split = meta["dataset"], meta["split"]
	m.Transposed = meta["transposed"] == "true"
	return m, nil
}

func checkVersion(meta map[string]string) error {
	s, ok := meta["format_version"]
	if v, err := strconv.Atoi(s); ok && (err != nil || v < 1 || v > formatVersion) {
		return fmt.Errorf("format version %q, want 1 to %d (written by a newer program?)", s, formatVersion)
	}
	return nil
}

func checkWeights(f *safetensors.File) error {
	if err := checkVersion(f.Metadata); err != nil {
		return err
	}
	want, ok := f.Metadata["sha256"]
	if !ok {
		return nil
	}
	tensors, err := f.All()
	if err != nil {
		return err
	}
	if got := safetensors.Digest(tensors); got != want {
		return fmt.Errorf("sha-256 of the tensors %.12s…, want %.12s… (damaged?)", got, want)
	}
	return nil
}

// ReadTensors reads parameters and running statistics, then the given optimiser states, whose names have the prefix
// "state0." or "state1.".
func ReadTensors(e nn.Reader, g *nn.Graph, states ...nn.Role) ([]safetensors.Tensor, error) {
	var ts []safetensors.Tensor
	err := eachTensor(g, states, func(name string, shape []int, r nn.Ref) error {
		t := safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape,
			Data: make([]byte, 4*g.Type(r.Value).Shape.Elems())}
		ts = append(ts, t)
		return e.Read(r, t.Data)
	})
	return ts, err
}

// WriteTensors is the inverse of ReadTensors: it writes the tensors of f, which must be exactly those, to e. If one is
// missing, unexpected or of another shape, the error names it and e is unchanged.
func WriteTensors(e nn.Executor, g *nn.Graph, f *safetensors.File, states ...nn.Role) error {
	if err := checkTensors(g, f, states); err != nil {
		return err
	}
	values := map[string][]float32{}
	err := eachTensor(g, states, func(name string, _ []int, _ nn.Ref) (err error) {
		values[name], err = f.Float32(name)
		return err
	})
	if err != nil {
		return err
	}
	return eachTensor(g, states, func(name string, _ []int, r nn.Ref) error {
		return e.Write(r, nn.Bytes(values[name]))
	})
}

func checkTensors(g *nn.Graph, f *safetensors.File, states []nn.Role) error {
	known := map[string]bool{}
	var missing, unexpected []string
	err := eachTensor(g, states, func(name string, shape []int, _ nn.Ref) error {
		known[name] = true
		t, ok := f.Lookup(name)
		switch {
		case !ok:
			missing = append(missing, name)
		case !slices.Equal(t.Shape, shape):
			return fmt.Errorf("%s: shape %v, want %v (another model?)", name, t.Shape, shape)
		case !t.DType.IsFloat():
			return fmt.Errorf("%s: dtype %s, want F32 (or F64, F16, BF16)", name, t.DType)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range f.Tensors {
		name := f.Tensors[i].Name
		if !known[name] && !strings.HasSuffix(name, ".num_batches_tracked") {
			unexpected = append(unexpected, name)
		}
	}
	if len(missing)+len(unexpected) > 0 {
		return fmt.Errorf("missing tensors: %s; unexpected tensors: %s (another model?)", listSome(missing),
			listSome(unexpected))
	}
	return nil
}

// eachTensor calls do for every parameter and running statistic, then for the given states of the trainable ones.
func eachTensor(g *nn.Graph, states []nn.Role, do func(name string, shape []int, r nn.Ref) error) error {
	prefix := map[nn.Role]string{nn.Momentum: "state0.", nn.SecondMoment: "state1."}
	for _, role := range append([]nn.Role{nn.Data}, states...) {
		for _, v := range g.Parameters() {
			p := g.Param(v)
			if role != nn.Data && !p.Trainable {
				continue
			}
			shape := []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims]
			if err := do(prefix[role]+g.ValueName(v), shape, nn.Ref{Value: v, Role: role}); err != nil {
				return err
			}
		}
	}
	return nil
}

// listSome lists the first few names and counts the others.
func listSome(names []string) string {
	const most = 5
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

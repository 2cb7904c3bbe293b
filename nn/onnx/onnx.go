package onnx

import (
	"encoding/json"
	"fmt"
	"io"

	"resnet/nn"
)

// The operator set and the file format are those of ONNX 1.12 (2022), which newer runtimes read too.
const (
	opset     = 17
	irVersion = 8
)

// Options say how the model meets its users. The zero value is what torchvision's networks look like when PyTorch
// exports them, but for normalisation, which is inside: float32 images in, logits out.
type Options struct {
	// Batch is the number of images that the model takes at once; with 0 it takes any number, in a dimension named
	// batch.
	Batch int
	// Bytes makes the input uint8 N,H,W,C, pixels as image files hold them. Otherwise it is float32 N,C,H,W, pixels
	// divided by 255. Either way the network's own normalisation, (x/255 - mean)/std, is part of the model.
	Bytes bool
	// Softmax makes the output probabilities, not logits.
	Softmax bool
	// Fold puts batch norm into the convolution before it, where nothing else reads the convolution's output: fewer
	// nodes, the same result but for rounding.
	Fold bool
	// Metadata's model, data set and class names become the model's metadata: model and classes as JSON. What is empty
	// is left out.
	Metadata nn.Metadata
	// Version of the program, the model's producer_version.
	Version string
}

// Parameters gives a parameter's values in PyTorch's layout. Those of a weights file f are
// f.Float32(graph.ValueName(v)).
type Parameters func(v nn.Value) ([]float32, error)

// FromExecutor reads the parameters of e.
func FromExecutor(e nn.Executor, g *nn.Graph) Parameters {
	return func(v nn.Value) ([]float32, error) {
		w := make([]float32, g.Type(v).Shape.Elems())
		return w, e.Read(nn.Ref{Value: v}, nn.Bytes(w))
	}
}

// Write writes the inference network of g as an ONNX model. Its bytes depend on the graph, the parameters and the
// options alone.
func Write(w io.Writer, g *nn.Graph, params Parameters, o Options) error {
	if err := g.Err(); err != nil {
		return err
	}
	m, err := newModel(g, params, o)
	if err != nil {
		return fmt.Errorf("onnx: %s: %w", g.Name, err)
	}
	for _, part := range m.encode() {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("onnx: %s: %w", g.Name, err)
		}
	}
	return nil
}

func newModel(g *nn.Graph, params Parameters, o Options) (*model, error) {
	if err := check(g, o); err != nil {
		return nil, err
	}
	props, err := properties(o.Metadata)
	if err != nil {
		return nil, err
	}
	graph, err := convert(g, params, o)
	doc := fmt.Sprintf("%s, an image classifier of %d classes", g.Name, g.Classes)
	return &model{version: o.Version, doc: doc, graph: graph, properties: props}, err
}

// maxParameters, in bytes, leaves 16 MiB for nodes and names of the 2 GiB that a protocol buffer message may have.
const maxParameters = 2<<30 - 16<<20

func check(g *nn.Graph, o Options) error {
	if g.Probabilities == 0 {
		return fmt.Errorf("the graph has no loss, and so no logits to export")
	}
	if o.Batch < 0 {
		return fmt.Errorf("batch size %d, want at least 1, or 0 for any", o.Batch)
	}
	if n := len(o.Metadata.Classes); n != 0 && n != g.Classes {
		return fmt.Errorf("%d class names, want %d as the network has", n, g.Classes)
	}
	size := int64(0)
	for _, v := range g.Parameters() {
		size += 4 * int64(g.Type(v).Shape.Elems())
	}
	if size > maxParameters {
		return fmt.Errorf("parameters of %d MiB, want at most %d: an ONNX file is one protocol buffer message",
			size>>20, maxParameters>>20)
	}
	return nil
}

// properties are the model's metadata, by key.
func properties(m nn.Metadata) ([]property, error) {
	var props []property
	if len(m.Classes) > 0 {
		classes, err := json.Marshal(m.Classes)
		if err != nil {
			return nil, err
		}
		props = append(props, property{"classes", string(classes)})
	}
	if m.Dataset != "" {
		props = append(props, property{"dataset", m.Dataset})
	}
	if m.Model.Model != "" {
		config, err := json.Marshal(m.Model)
		if err != nil {
			return nil, err
		}
		props = append(props, property{"model", string(config)})
	}
	return props, nil
}

package onnx

import (
	"encoding/json"
	"fmt"
	"io"

	"resnet/nn"
	"resnet/nn/weights"
)

// Options choose the input and the output of the model. The zero value gives a model that takes float32 images and
// returns logits, like torchvision's networks when PyTorch exports them, except that normalisation is part of the
// model.
type Options struct {
	// Batch is the number of images that the model takes at once; 0 means any number, a dimension named batch.
	Batch int
	// Bytes makes the input uint8 N,H,W,C, the pixels of decoded image files. Otherwise it is float32 N,C,H,W, pixels
	// divided by 255. Either way the network's own normalisation, (x/255 - mean)/std, is part of the model.
	Bytes bool
	// Softmax makes the output probabilities instead of logits.
	Softmax bool
	// Fold merges batch norm into the convolution before it, if nothing else reads the output of the convolution. The
	// model has fewer nodes and gives the same result but for rounding.
	Fold bool
	// Opset is the version of ONNX's operators that the model names, MinOpset to MaxOpset; 0 is the lowest that has the
	// operators of the graph. Runtimes read models up to the newest version that they know.
	Opset int
	// Metadata is written to the model: its model and classes as JSON, its data set as text. Empty fields are left out.
	Metadata weights.Metadata
	// Version of the program becomes the producer_version of the model.
	Version string
}

// Parameters returns the values of a parameter in PyTorch's layout. For a weights file f it is
// f.Float32(graph.ValueName(v)).
type Parameters func(v nn.Value) ([]float32, error)

// FromExecutor returns the parameters of e.
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
	if err != nil {
		return nil, err
	}
	opset, err := chooseOpset(graph.nodes, o.Opset)
	doc := fmt.Sprintf("%s, an image classifier of %d classes", g.Name, g.Classes)
	return &model{version: o.Version, opset: opset, doc: doc, graph: graph, properties: props}, err
}

// maxParameters is the limit for the size of all parameters, in bytes. A protocol buffer message has at most 2 GiB; 16
// MiB of them are left for nodes and names.
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

// properties returns the model's metadata.
func properties(m weights.Metadata) ([]property, error) {
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

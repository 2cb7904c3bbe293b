package onnx

import (
	"errors"
	"io"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/weights"
)

// dropout is an op that the package does not know.
type dropout struct{}

func (dropout) Kind() string                             { return "dropout" }
func (dropout) Infer(in []nn.Type) (nn.Signature, error) { return nn.Signature{Out: in[0]}, nil }
func (dropout) FLOPs([]nn.Type) int64                    { return 0 }

// classifier builds a network for two classes and images of 2x2 pixels, with the given body.
func classifier(body func(g *nn.Graph, x nn.Value) nn.Value) *nn.Graph {
	g := nn.NewGraph("test", 1, 2, 2, 2)
	g.Loss(nn.SoftmaxCrossEntropy{}, body(g, g.Apply("input", nn.Normalize{}, g.Images)))
	return g
}

func TestWriteRefuses(t *testing.T) {
	plain := classifier(func(g *nn.Graph, x nn.Value) nn.Value { return g.Apply("fc", nn.Linear{Out: 2}, x) })
	for _, c := range []struct {
		want   string
		graph  *nn.Graph
		o      Options
		params Parameters
	}{
		{want: "nn: fc: linear with -1 outputs, want at least 1",
			graph: classifier(func(g *nn.Graph, x nn.Value) nn.Value { return g.Apply("fc", nn.Linear{Out: -1}, x) })},
		{want: "onnx: bare: the graph has no loss", graph: nn.NewGraph("bare", 1, 2, 2, 2)},
		{want: "onnx: test: batch size -1, want at least 1, or 0 for any", o: Options{Batch: -1}},
		{want: "onnx: test: 3 class names, want 2",
			o: Options{Metadata: weights.Metadata{Classes: []string{"a", "b", "c"}}}},
		{want: "onnx: test: drop: no ONNX operator is known for op dropout",
			graph: classifier(func(g *nn.Graph, x nn.Value) nn.Value {
				return g.Apply("fc", nn.Linear{Out: 2}, g.Apply("drop", dropout{}, x))
			})},
		{want: "onnx: test: two tensors of the name add/relu",
			graph: classifier(func(g *nn.Graph, x nn.Value) nn.Value {
				x = g.Apply("add/relu", nn.ReLU{}, g.Apply("add", nn.Add{ReLU: true}, x, x))
				return g.Apply("fc", nn.Linear{Out: 2}, x)
			})},
		{want: "onnx: test: two tensors of the name images", graph: classifier(func(g *nn.Graph, x nn.Value) nn.Value {
			return g.Apply("fc", nn.Linear{Out: 2}, g.Apply("images", nn.ReLU{}, x))
		})},
		// fc2's weight alone is 4 GiB; the rest comes to 1 MiB.
		{want: "onnx: test: parameters of 4097 MiB, want at most 2032",
			graph: classifier(func(g *nn.Graph, x nn.Value) nn.Value {
				x = g.Apply("fc1", nn.Linear{Out: 1 << 15}, x)
				return g.Apply("fc3", nn.Linear{Out: 2}, g.Apply("fc2", nn.Linear{Out: 1 << 15}, x))
			})},
		{want: "onnx: test: fc.weight: 7 values, want 8",
			params: func(nn.Value) ([]float32, error) { return make([]float32, 7), nil }},
		{want: "onnx: test: fc.weight: no such tensor",
			params: func(nn.Value) ([]float32, error) { return nil, errors.New("no such tensor") }},
	} {
		if c.graph == nil {
			c.graph = plain
		}
		if c.params == nil {
			c.params = random(c.graph)
		}
		err := Write(io.Discard, c.graph, c.params, c.o)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// full is a writer that accepts a number of writes and then fails.
type full int

func (f *full) Write(p []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteReportsTheWriter(t *testing.T) {
	g := noLinear(t)
	for parts := range full(4) {
		f := parts
		err := Write(&f, g, random(g), Options{})
		if done := parts == 3; done != (err == nil) || !done && err.Error() != "onnx: no-linear: disk full" {
			t.Errorf("after %d of 3 writes: %v", parts, err)
		}
	}
}

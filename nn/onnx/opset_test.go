package onnx

import (
	"bytes"
	"io"
	"testing"

	"resnet/nn"
)

// A model names the lowest version of the operators that it needs, and the version of the file format that came with
// it (the table of ONNX's docs/Versioning.md), unless another is asked for.
func TestOpset(t *testing.T) {
	for _, c := range []struct {
		graph     *nn.Graph
		opset     int
		want, ir  int
		operators string // one that is in the model
	}{
		{seedNetwork(t), 0, 9, 4, "Gemm"},
		{seedNetwork(t), 10, 10, 5, "Gemm"},
		{seedNetwork(t), 11, 11, 6, "Gemm"},
		{seedNetwork(t), 14, 14, 7, "Gemm"},
		{seedNetwork(t), 17, 17, 8, "Gemm"},
		{seedNetwork(t), 20, 20, 9, "Gemm"},
		{seedNetwork(t), 22, 22, 10, "Gemm"},
		{seedNetwork(t), 23, 23, 11, "Gemm"},
		{seedNetwork(t), 24, 24, 12, "Gemm"},
		{seedNetwork(t), MaxOpset, 27, 13, "Gemm"},
		{everyOp(t), 0, 13, 7, "Unsqueeze"},
		{everyOp(t), 15, 15, 8, "Unsqueeze"},
		{bottlenecks(t), 0, 9, 4, "MaxPool"},
	} {
		var b bytes.Buffer
		must(t, Write(&b, c.graph, random(c.graph), Options{Opset: c.opset}))
		m := decode(t, b.Bytes())
		if ir, opset := m.numbers(1)[0], m.messages(t, 8)[0].numbers(2)[0]; ir != c.ir || opset != c.want {
			t.Errorf("%s, asked for opset %d: opset %d and format %d, want %d and %d",
				c.graph.Name, c.opset, opset, ir, c.want, c.ir)
		}
		if !bytes.Contains(b.Bytes(), []byte(c.operators)) {
			t.Errorf("%s has no %s", c.graph.Name, c.operators)
		}
	}
}

func TestOpsetRefuses(t *testing.T) {
	for _, c := range []struct {
		graph *nn.Graph
		opset int
		want  string
	}{
		{noLinear(t), 8, "onnx: no-linear: opset 8, want 9 to 27"},
		{noLinear(t), -1, "onnx: no-linear: opset -1, want 9 to 27"},
		{noLinear(t), 28, "onnx: no-linear: opset 28, want 9 to 27"},
		{everyOp(t), 12,
			"onnx: every-op: opset 12, want at least 13, which Unsqueeze of node fc1/relu/unsqueeze needs"},
	} {
		err := Write(io.Discard, c.graph, random(c.graph), Options{Opset: c.opset})
		if err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// Every operator that is written has its version.
func TestSince(t *testing.T) {
	g := everyOp(t)
	c, err := convert(g, random(g), Options{Bytes: true, Softmax: true})
	must(t, err)
	written := map[string]bool{}
	for i := range c.nodes {
		written[c.nodes[i].op] = true
		if since[c.nodes[i].op] == 0 {
			t.Errorf("no version of %s", c.nodes[i].op)
		}
	}
	if len(written) != len(since) {
		t.Errorf("versions of %d operators, %d written", len(since), len(written))
	}
}

package onnx

import (
	"fmt"
	"slices"
)

// The versions of ONNX's operators that a model may name. The lowest is that of the first file format in which
// parameters need not be inputs; with the highest, onnxruntime 1.32 runs every operator here.
const (
	MinOpset = 9
	MaxOpset = 27
)

// irVersions are the versions of the file format by the first set of operators that came with them (ONNX's
// docs/Versioning.md), newest first.
var irVersions = []struct{ opset, ir int }{
	{25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9}, {15, 8}, {12, 7}, {11, 6}, {10, 5}, {MinOpset, 4},
}

func irVersion(opset int) int {
	i := slices.IndexFunc(irVersions, func(v struct{ opset, ir int }) bool { return opset >= v.opset })
	return irVersions[i].ir
}

// since is the version since which an operator has the inputs, the attributes and the meaning that it has here. Later
// versions added types and options.
var since = map[string]int{
	"Add":                7, // since then it broadcasts
	"AveragePool":        7, // count_include_pad
	"BatchNormalization": 9, // no attribute spatial
	"Cast":               6, // its type is a number
	"Conv":               1,
	"Div":                7,
	"Flatten":            1,
	"Gemm":               7, // it broadcasts the bias
	"GlobalAveragePool":  1,
	"MaxPool":            1,
	"Relu":               6,
	"Softmax":            1, // of two dimensions, where the old default axis and the new one are the same
	"Sub":                7,
	"Transpose":          1,
	"Unsqueeze":          13, // its axes are an input
}

// chooseOpset returns the version of the operators for nodes: the one that is wanted or, if that is 0, the lowest.
func chooseOpset(nodes []node, want int) (int, error) {
	newest := node{}
	for i := range nodes {
		if since[nodes[i].op] > max(MinOpset, since[newest.op]) {
			newest = nodes[i]
		}
	}
	lowest := max(MinOpset, since[newest.op])
	switch {
	case want == 0:
		return lowest, nil
	case want < lowest && newest.op != "":
		return 0, fmt.Errorf("opset %d, want at least %d, which %s of node %s needs",
			want, lowest, newest.op, newest.name)
	case want < lowest || want > MaxOpset:
		return 0, fmt.Errorf("opset %d, want %d to %d", want, lowest, MaxOpset)
	}
	return want, nil
}

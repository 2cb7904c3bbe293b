package diagram

import (
	"fmt"

	"resnet/nn"
)

// class returns the kind of an op, which chooses its colour.
func class(op nn.Op) string {
	switch op.(type) {
	case nn.Conv:
		return "conv"
	case nn.BatchNorm:
		return "norm"
	case nn.AvgPool, nn.MaxPool, nn.GlobalAvgPool:
		return "pool"
	case nn.Linear:
		return "linear"
	case nn.Add:
		return "add"
	case nn.Normalize, nn.SoftmaxCrossEntropy:
		return "data"
	}
	return "other"
}

// fill has the colours of the classes for DOT and Mermaid; those of SVG are in style.css.
var fill = map[string]string{
	"conv": "#dbe7fc", "norm": "#ece4fb", "pool": "#d6f0ea", "linear": "#fdebcf", "add": "#fbdde6", "data": "#eceff2",
	"other": "#f7f0c6",
}

// shape returns C×H×W, followed by the type of the elements if that is not float32.
func shape(t nn.Type) string {
	s := fmt.Sprintf("%d×%d×%d", t.Shape.C, t.Shape.H, t.Shape.W)
	if t.DType != nn.Float32 {
		s += " " + t.DType.String()
	}
	return s
}

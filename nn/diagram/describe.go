package diagram

import (
	"cmp"
	"fmt"

	"resnet/nn"
)

// describe returns a few words about what a node does.
func describe(g *nn.Graph, n *nn.Node) string {
	in, out := g.Type(n.In[0]).Shape, g.Type(n.Out).Shape
	switch op := n.Op.(type) {
	case nn.Normalize:
		if len(op.Mean)+len(op.Std) > 0 {
			return "(x/255 - mean) / std"
		}
		return "x/255"
	case nn.Conv:
		return fmt.Sprintf("conv %s, %d → %d%s", square(op.Kernel), in.C, out.C, stride(op.Stride, 1))
	case nn.BatchNorm:
		return "batch norm" + relu(op.ReLU)
	case nn.ReLU:
		return "ReLU"
	case nn.Add:
		return "add" + relu(op.ReLU)
	case nn.AvgPool:
		return "average pool " + square(op.Kernel) + stride(op.Stride, op.Kernel)
	case nn.MaxPool:
		return "max pool " + square(op.Kernel) + stride(op.Stride, op.Kernel)
	case nn.GlobalAvgPool:
		return "global average pool"
	case nn.Linear:
		return fmt.Sprintf("linear, %d → %d%s", in.Elems(), out.C, relu(op.ReLU))
	case nn.SoftmaxCrossEntropy:
		if op.Smoothing > 0 {
			return fmt.Sprintf("softmax, cross-entropy, smoothing %g", op.Smoothing)
		}
		return "softmax, cross-entropy"
	}
	return n.Op.Kind()
}

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

func square(size int) string { return fmt.Sprintf("%d×%d", size, size) }

// stride describes the stride s of a window unless it is 1; zero is the stride that an s of 0 stands for.
func stride(s, zero int) string {
	if s = cmp.Or(s, zero); s == 1 {
		return ""
	}
	return fmt.Sprintf(", stride %d", s)
}

func relu(on bool) string {
	if on {
		return " + ReLU"
	}
	return ""
}

// shape returns C×H×W, followed by the type of the elements if that is not float32.
func shape(t nn.Type) string {
	s := fmt.Sprintf("%d×%d×%d", t.Shape.C, t.Shape.H, t.Shape.W)
	if t.DType != nn.Float32 {
		s += " " + t.DType.String()
	}
	return s
}

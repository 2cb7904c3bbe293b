package keras

import (
	"fmt"

	"resnet/nn"
)

// A model is a Keras functional model of one input and one output.
type model struct {
	name          string
	layers        []layer // in the order of Keras, see arrange
	input, output string  // names of layers
}

// A layer is one layer of a Keras model.
type layer struct {
	name, class string
	config      map[string]any // the constructor arguments except name and dtype
	in          []tensor
	weights     []weight
}

// A tensor is the output of a layer.
type tensor struct {
	layer string
	shape []int // of one image: H, W, C or one number
}

// A weight is a parameter or a running statistic of a layer.
type weight struct {
	name  string // in Keras: "kernel"
	value nn.Value
	shape []int // in Keras
	// kernel is the shape O, C, H, W in the graph. For a dense layer C, H, W is the shape of its input before it was
	// flattened. It is zero for a vector.
	kernel nn.Shape
}

// kerasNames maps our names of parameters to those of Keras, for each class of layer.
var kerasNames = map[string]map[string]string{
	"Conv2D": {"weight": "kernel", "bias": "bias"},
	"Dense":  {"weight": "kernel", "bias": "bias"},
	"BatchNormalization": {
		"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance",
	},
}

// weightsOf returns the weights of the layer of the given class that stands for a node.
func weightsOf(g *nn.Graph, n *nn.Node, class string) []weight {
	var list []weight
	for _, v := range n.Params {
		p := g.Param(v)
		w := weight{name: kerasNames[class][p.Name], value: v, shape: []int{p.Shape.N}}
		switch p.Dims {
		case 4:
			w.kernel = p.Shape
			w.shape = []int{p.Shape.H, p.Shape.W, p.Shape.C, p.Shape.N}
		case 2:
			w.kernel = nn.Shape{N: p.Shape.N, C: p.Flat.C, H: p.Flat.H, W: p.Flat.W}
			w.shape = []int{p.Shape.C, p.Shape.N}
		}
		list = append(list, w)
	}
	return list
}

// names returns the names of a layer's weights.
func (l *layer) names() []string {
	names := make([]string, len(l.weights))
	for i := range l.weights {
		names[i] = l.weights[i].name
	}
	return names
}

// toKeras converts a tensor to Keras' order.
func (w *weight) toKeras(x []float32) ([]float32, error) {
	if n := elements(w.shape); len(x) != n {
		return nil, fmt.Errorf("%d values, want %d for shape %v", len(x), n, w.shape)
	}
	if w.kernel == (nn.Shape{}) {
		return x, nil
	}
	y := make([]float32, len(x))
	w.eachElement(func(ours, keras int) { y[keras] = x[ours] })
	return y, nil
}

// fromKeras is the inverse of toKeras.
func (w *weight) fromKeras(x []float32) []float32 {
	if w.kernel == (nn.Shape{}) {
		return x
	}
	y := make([]float32, len(x))
	w.eachElement(func(ours, keras int) { y[ours] = x[keras] })
	return y
}

// eachElement calls pair with the index of each element of a kernel in the orders O, C, H, W and H, W, C, O.
func (w *weight) eachElement(pair func(ours, keras int)) {
	k := w.kernel
	ours := 0
	for o := range k.N {
		for c := range k.C {
			for hw := range k.H * k.W {
				pair(ours, (hw*k.C+c)*k.N+o)
				ours++
			}
		}
	}
}

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

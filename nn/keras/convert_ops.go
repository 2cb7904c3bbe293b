package keras

import (
	"cmp"
	"fmt"

	"resnet/nn"
)

// node adds the layers of a node.
func (c *converter) node(n *nn.Node) error {
	var y tensor
	var err error
	switch op := n.Op.(type) {
	case nn.Normalize:
		y = c.scale(n, op)
	case nn.Conv:
		y = c.conv(n, op)
	case nn.BatchNorm:
		y = c.batchNorm(n, op)
	case nn.Linear:
		y = c.linear(n, op)
	case nn.AvgPool:
		// Explicit zeros count in the divisor, as in nn.AvgPool. Those of Keras' "same" do not.
		x := c.pad(n, op.Pad, c.spatial(n))
		y = c.pool(n, "AveragePooling2D", op.Kernel, op.Stride, "valid", x)
	case nn.MaxPool:
		y, err = c.maxPool(n, op)
	case nn.GlobalAvgPool:
		x := c.spatial(n)
		y = c.add(n.Name, "GlobalAveragePooling2D", map[string]any{"data_format": "channels_last"}, x.shape[2:], x)
	case nn.ReLU:
		x := c.in(n, 0)
		y = c.add(n.Name, "ReLU", map[string]any{}, x.shape, x)
	case nn.Add:
		y, err = c.sum(n, op)
	case nn.SoftmaxCrossEntropy:
		x := c.flat(n)
		y = c.add("probabilities", "Softmax", map[string]any{"axis": -1}, x.shape, x)
	default:
		err = fmt.Errorf("no Keras layer for %s", n.Op.Kind())
	}
	c.at[n.Out] = y
	return err
}

// scale adds x/255, followed by (x - mean)/std if the op has a mean or std.
func (c *converter) scale(n *nn.Node, op nn.Normalize) tensor {
	x := c.in(n, 0)
	y := c.add(n.Name, "Rescaling", map[string]any{"scale": 1.0 / 255, "offset": 0.0}, x.shape, x)
	if len(op.Mean) == 0 && len(op.Std) == 0 {
		return y
	}
	mean, variance := make([]float32, x.shape[2]), make([]float64, x.shape[2])
	copy(mean, op.Mean)
	for i := range variance {
		variance[i] = 1
		if len(op.Std) > 0 {
			variance[i] = float64(op.Std[i]) * float64(op.Std[i])
		}
	}
	return c.add(n.Name+"_normalize", "Normalization", map[string]any{"axis": -1, "mean": mean, "variance": variance},
		x.shape, y)
}

func (c *converter) conv(n *nn.Node, op nn.Conv) tensor {
	x, stride := c.spatial(n), max(1, op.Stride)
	padding := "same"
	if op.Pad == (nn.Pad{}) || op.Pad != nn.Same(x.shape[0], x.shape[1], op.Kernel, stride) {
		padding, x = "valid", c.pad(n, op.Pad, x)
	}
	y := c.add(n.Name, "Conv2D", map[string]any{
		"filters": op.Out, "kernel_size": square(op.Kernel), "strides": square(stride), "padding": padding,
		"data_format": "channels_last", "use_bias": op.Bias,
	}, c.image(n.Out), x)
	c.setWeights(n)
	return y
}

func (c *converter) batchNorm(n *nn.Node, op nn.BatchNorm) tensor {
	x := c.in(n, 0)
	eps, momentum := op.Numerics()
	y := c.add(n.Name, "BatchNormalization", map[string]any{"axis": -1, "epsilon": eps, "momentum": 1 - momentum},
		x.shape, x)
	c.setWeights(n)
	return c.relu(n, op.ReLU, y)
}

func (c *converter) linear(n *nn.Node, op nn.Linear) tensor {
	activation := "linear"
	if op.ReLU {
		activation = "relu"
	}
	y := c.add(n.Name, "Dense", map[string]any{"units": op.Out, "activation": activation}, []int{op.Out}, c.flat(n))
	c.setWeights(n)
	return y
}

// maxPool uses Keras' "same" if the pads are equal to it. Otherwise it pads with zeros, which is right only if no value
// is negative.
func (c *converter) maxPool(n *nn.Node, op nn.MaxPool) (tensor, error) {
	x, stride := c.spatial(n), cmp.Or(op.Stride, op.Kernel)
	if op.Pad != (nn.Pad{}) && op.Pad == nn.Same(x.shape[0], x.shape[1], op.Kernel, stride) {
		return c.pool(n, "MaxPooling2D", op.Kernel, stride, "same", x), nil
	}
	if op.Pad != (nn.Pad{}) && !c.notNegative(n.In[0]) {
		return tensor{}, fmt.Errorf("max pooling with pad %v of values below zero, "+
			"want a ReLU before it or the pad that Keras calls same", op.Pad)
	}
	return c.pool(n, "MaxPooling2D", op.Kernel, stride, "valid", c.pad(n, op.Pad, x)), nil
}

// notNegative reports whether a value is the output of a ReLU.
func (c *converter) notNegative(v nn.Value) bool {
	i := c.g.Producer(v)
	if i < 0 {
		return false
	}
	switch op := c.g.Nodes[i].Op.(type) {
	case nn.ReLU:
		return true
	case nn.BatchNorm:
		return op.ReLU
	case nn.Add:
		return op.ReLU
	}
	return false
}

func (c *converter) pool(n *nn.Node, class string, kernel, stride int, padding string, x tensor) tensor {
	return c.add(n.Name, class, map[string]any{
		"pool_size": square(kernel), "strides": square(cmp.Or(stride, kernel)),
		"padding": padding, "data_format": "channels_last",
	}, c.image(n.Out), x)
}

// sum adds two values. Their shapes are equal in the graph, but in Keras one may be flat and the other an image of one
// pixel.
func (c *converter) sum(n *nn.Node, op nn.Add) (tensor, error) {
	a, b := c.in(n, 0), c.in(n, 1)
	if len(a.shape) != len(b.shape) {
		return tensor{}, fmt.Errorf("add of Keras shapes %v and %v, want them alike", a.shape, b.shape)
	}
	return c.relu(n, op.ReLU, c.add(n.Name, "Add", map[string]any{}, a.shape, a, b)), nil
}

// setWeights sets the weights of the last layer to those of its node.
func (c *converter) setWeights(n *nn.Node) {
	l := &c.layers[len(c.layers)-1]
	l.weights = weightsOf(c.g, n, l.class)
}

func square(n int) []int { return []int{n, n} }

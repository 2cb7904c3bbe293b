package onnx

import (
	"cmp"

	"resnet/nn"
)

// convert adds the ONNX nodes of n.
func (c *converter) convert(n *nn.Node) {
	switch op := n.Op.(type) {
	case nn.Normalize:
		c.images[n.Out] = c.normalise(n, op)
	case nn.Conv:
		c.conv(n, op)
	case nn.BatchNorm:
		if _, folded := c.images[n.Out]; !folded {
			c.images[n.Out] = c.batchNorm(n, op)
		}
	case nn.ReLU:
		c.images[n.Out] = c.add("Relu", n.Name, []string{c.image(n.In[0])})
	case nn.Add:
		c.images[n.Out] = c.relu(op.ReLU, n, c.add("Add", n.Name, []string{c.image(n.In[0]), c.image(n.In[1])}))
	case nn.AvgPool:
		attributes := append(window(op.Kernel, cmp.Or(op.Stride, op.Kernel), op.Pad), attribute{"count_include_pad", 1})
		c.images[n.Out] = c.add("AveragePool", n.Name, []string{c.image(n.In[0])}, attributes...)
	case nn.MaxPool:
		c.images[n.Out] = c.add("MaxPool", n.Name, []string{c.image(n.In[0])},
			window(op.Kernel, cmp.Or(op.Stride, op.Kernel), op.Pad)...)
	case nn.GlobalAvgPool:
		c.images[n.Out] = c.add("GlobalAveragePool", n.Name, []string{c.image(n.In[0])})
	case nn.Linear:
		c.rows[n.Out] = c.linear(n, op)
	case nn.SoftmaxCrossEntropy: // the options choose the output
	default:
		c.fail("%s: no ONNX operator is known for op %s", n.Name, op.Kind())
	}
}

// window returns the attributes of a square window that moves over an image.
func window(kernel, stride int, p nn.Pad) []attribute {
	return []attribute{
		{"kernel_shape", []int{kernel, kernel}},
		{"pads", []int{p.Top, p.Left, p.Bottom, p.Right}},
		{"strides", []int{stride, stride}},
	}
}

// relu adds max(x, 0) if the op has a ReLU, and otherwise returns x.
func (c *converter) relu(on bool, n *nn.Node, x string) string {
	if !on {
		return x
	}
	return c.add("Relu", n.Name+"/relu", []string{x})
}

// normalise adds (x - s*mean)/(s*std), where s is 255 for bytes, and 1 for an input that is divided by 255 already. It
// leaves out a subtraction of 0 and a division by 1.
func (c *converter) normalise(n *nn.Node, op nn.Normalize) string {
	x, s := c.image(n.In[0]), float32(1)
	if c.o.Bytes {
		s = 255
		x = c.add("Transpose", n.Name+"/transpose", []string{x}, attribute{"perm", []int{0, 3, 1, 2}})
		x = c.add("Cast", n.Name+"/cast", []string{x}, attribute{"to", typeFloat})
	}
	channels := c.src.Type(n.Out).Shape.C
	scaled := func(v []float32, otherwise float32) []float32 {
		y := make([]float32, channels)
		for i := range y {
			y[i] = s * otherwise
			if len(v) > 0 {
				y[i] = s * v[i]
			}
		}
		return y
	}
	dims := []int{channels, 1, 1}
	if len(op.Mean) > 0 {
		x = c.add("Sub", n.Name+"/sub", []string{x, c.initializer(n.Name+".mean", dims, scaled(op.Mean, 0))})
	}
	if len(op.Std) > 0 || c.o.Bytes {
		x = c.add("Div", n.Name+"/div", []string{x, c.initializer(n.Name+".std", dims, scaled(op.Std, 1))})
	}
	return x
}

// conv adds a convolution, into which it folds the batch norm after it if Options.Fold asks for that.
func (c *converter) conv(n *nn.Node, op nn.Conv) {
	weight := c.read(n.Params[0])
	var bias []float32
	if op.Bias {
		bias = c.read(n.Params[1])
	}
	var next *nn.Node
	if c.o.Fold {
		next = foldable(c.src, n)
	}
	if next != nil {
		eps, _ := next.Op.(nn.BatchNorm).Numerics()
		p := next.Params
		bn := batchNorm{c.read(p[0]), c.read(p[1]), c.read(p[2]), c.read(p[3]), eps}
		weight, bias = bn.fold(weight, bias)
	}
	in := []string{c.image(n.In[0]), c.parameter(n.Params[0], weight)}
	if bias != nil {
		in = append(in, c.initializer(n.Name+".bias", []int{op.Out}, bias))
	}
	y := c.add("Conv", n.Name, in, window(op.Kernel, cmp.Or(op.Stride, 1), op.Pad)...)
	c.images[n.Out] = y
	if next != nil {
		c.images[next.Out] = c.relu(next.Op.(nn.BatchNorm).ReLU, next, y)
	}
}

func (c *converter) batchNorm(n *nn.Node, op nn.BatchNorm) string {
	in := []string{c.image(n.In[0])}
	for _, v := range n.Params { // weight, bias, running_mean, running_var, in ONNX's order too
		in = append(in, c.parameter(v, c.read(v)))
	}
	eps, _ := op.Numerics()
	return c.relu(op.ReLU, n, c.add("BatchNormalization", n.Name, in, attribute{"epsilon", float32(eps)}))
}

func (c *converter) linear(n *nn.Node, op nn.Linear) string {
	in := []string{c.row(n.In[0])}
	for _, v := range n.Params { // weight, bias
		in = append(in, c.parameter(v, c.read(v)))
	}
	return c.relu(op.ReLU, n, c.add("Gemm", n.Name, in, attribute{"transB", 1}))
}

package onnx

import (
	"fmt"

	"resnet/nn"
)

// A converter converts the nodes of a graph to ONNX nodes. It keeps its first error.
type converter struct {
	*graph
	src    *nn.Graph
	params Parameters
	o      Options
	// images and rows name the tensors that hold a value as N,C,H,W and as N,F. A linear layer reads and writes rows,
	// every other op images.
	images, rows map[nn.Value]string
	err          error
}

func convert(g *nn.Graph, params Parameters, o Options) (*graph, error) {
	c := &converter{
		graph: &graph{name: g.Name, input: imagesInfo(g, o)}, src: g, params: params, o: o,
		images: map[nn.Value]string{}, rows: map[nn.Value]string{},
	}
	c.images[g.Images] = c.input.name
	for i := range g.Nodes {
		c.convert(&g.Nodes[i])
	}
	last := c.row(g.Logits)
	c.output = valueInfo{"logits", "a score for each class; their softmax are probabilities",
		typeFloat, []dim{{o.Batch, "batch"}, {size: g.Classes}}}
	if o.Softmax {
		last = c.add("Softmax", "softmax", []string{last})
		c.output.name, c.output.doc = "probabilities", "a probability for each class"
	}
	c.rename(last, c.output.name)
	c.checkNames()
	return c.graph, c.err
}

// imagesInfo describes the input.
func imagesInfo(g *nn.Graph, o Options) valueInfo {
	x := g.Type(g.Images).Shape
	n := dim{o.Batch, "batch"}
	if o.Bytes {
		return valueInfo{"images", "pixels 0 to 255 in N,H,W,C order",
			typeUint8, []dim{n, {size: x.H}, {size: x.W}, {size: x.C}}}
	}
	return valueInfo{"images", "pixels divided by 255 in N,C,H,W order",
		typeFloat, []dim{n, {size: x.C}, {size: x.H}, {size: x.W}}}
}

func (c *converter) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// add adds a node, names its output after it and returns the name.
func (c *converter) add(op, name string, in []string, attributes ...attribute) string {
	c.nodes = append(c.nodes, node{op, name, in, name, attributes})
	return name
}

// image returns the tensor of v as N,C,H,W.
func (c *converter) image(v nn.Value) string {
	name, ok := c.images[v]
	if !ok {
		x := c.rows[v]
		axes := c.initializer(x+".axes", []int{2}, []int64{2, 3})
		name = c.add("Unsqueeze", x+"/unsqueeze", []string{x, axes})
		c.images[v] = name
	}
	return name
}

// row returns the tensor of v as N,F, with features in the order C,H,W.
func (c *converter) row(v nn.Value) string {
	name, ok := c.rows[v]
	if !ok {
		x := c.images[v]
		name = c.add("Flatten", x+"/flatten", []string{x})
		c.rows[v] = name
	}
	return name
}

func (c *converter) initializer(name string, dims []int, data any) string {
	c.initializers = append(c.initializers, tensor{name, dims, data})
	return name
}

// read returns the values of a parameter.
func (c *converter) read(v nn.Value) []float32 {
	w, err := c.params(v)
	want := c.src.Type(v).Shape.Elems()
	if err == nil && len(w) != want {
		err = fmt.Errorf("%d values, want %d", len(w), want)
	}
	if err != nil {
		c.fail("%s: %w", c.src.ValueName(v), err)
		return make([]float32, want)
	}
	return w
}

// parameter makes v an initializer that holds w.
func (c *converter) parameter(v nn.Value, w []float32) string {
	p := c.src.Param(v)
	return c.initializer(c.src.ValueName(v), []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims], w)
}

// rename renames the output of a node.
func (c *converter) rename(from, to string) {
	for i := range c.nodes {
		n := &c.nodes[i]
		if n.out == from {
			n.out = to
		}
		for k, in := range n.in {
			if in == from {
				n.in[k] = to
			}
		}
	}
}

// checkNames checks that no two tensors have the same name. Names in an nn.Graph are unique, but a name derived from
// one here, such as conv/relu, may be in use already.
func (c *converter) checkNames() {
	seen := map[string]bool{c.input.name: true}
	add := func(name string) {
		if seen[name] {
			c.fail("two tensors of the name %s, want names to differ (rename the node?)", name)
		}
		seen[name] = true
	}
	for i := range c.nodes {
		add(c.nodes[i].out)
	}
	for i := range c.initializers {
		add(c.initializers[i].name)
	}
}

package nn

import (
	"fmt"
	"slices"
)

// A Node is an Op applied to values.
type Node struct {
	Name   string // "blocks.0.conv1"
	Op     Op
	In     []Value
	Out    Value
	Params []Value
	Saved  []Value
	// ReadsX and ReadsY say whether the backward pass reads In and Out; see Signature.
	ReadsX, ReadsY       bool
	Product, GradInPlace bool // see Signature
}

// A Graph describes a network for one image. Layers, blocks and whole networks are Go functions that add nodes to it.
// The methods that add nodes keep the first error; Err and NewPlan return it.
type Graph struct {
	Name    string
	Classes int
	Nodes   []Node // in the order in which they run

	Images        Value // uint8, N x H x W x C in memory
	Labels        Value // int32, one per image
	Logits        Value // what Loss was given
	Probabilities Value // softmax of the logits

	// Smaller, if not nil, looks for the largest network of the same kind for which fits is true, and says how to ask
	// for it: "--hidden 900"; it is "" where there is none.
	Smaller func(fits func(*Graph) bool) string

	values []valueInfo
	elems  int64 // of all values, for one image
	shared int64 // of those that a batch has only one of
	flops  int64
	err    error
}

type valueInfo struct {
	typ      Type
	name     string
	param    *Param // nil unless the value is a parameter
	perImage bool   // see Graph.PerImage
	producer int    // index of the node that writes it, or -1
}

// NewGraph starts a network that reads images of c channels, h x w pixels.
func NewGraph(name string, c, h, w, classes int) *Graph {
	g := &Graph{Name: name, Classes: classes}
	if c < 1 || h < 1 || w < 1 || classes < 2 {
		g.Fail("nn: %s: input %dx%dx%d with %d classes, want sizes of at least 1 and 2 classes", name, c, h, w, classes)
	}
	g.Images = g.add(valueInfo{typ: Type{Shape{1, c, h, w}, Uint8}, name: "images", perImage: true, producer: -1})
	g.count(g.Images)
	g.Labels = g.add(valueInfo{typ: Type{Shape{1, 1, 1, 1}, Int32}, name: "labels", perImage: true, producer: -1})
	return g
}

func (g *Graph) add(v valueInfo) Value {
	g.values = append(g.values, v)
	return Value(len(g.values) - 1)
}

// Fail records an error of the code that builds the graph, unless there is an earlier one.
func (g *Graph) Fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}

// Err is the first error met while building the graph.
func (g *Graph) Err() error { return g.err }

// Apply adds a node and returns its output. After an error it returns its first input, so that callers need to check
// Err only once, at the end.
func (g *Graph) Apply(name string, op Op, in ...Value) Value {
	if g.err != nil {
		return in[0]
	}
	for _, n := range g.Nodes {
		if n.Name == name {
			g.Fail("nn: %s: two nodes of this name, want names to differ", name)
			return in[0]
		}
	}
	types := make([]Type, len(in))
	for i, v := range in {
		types[i] = g.Type(v)
	}
	sig, err := op.Infer(types)
	if err != nil {
		g.Fail("nn: %s: %w", name, err)
		return in[0]
	}
	n := Node{Name: name, Op: op, In: in, ReadsX: sig.ReadsX, ReadsY: sig.ReadsY, Product: sig.Product,
		GradInPlace: sig.GradInPlace}
	for i := range sig.Params {
		p := &sig.Params[i]
		n.Params = append(n.Params,
			g.add(valueInfo{typ: Type{Shape: p.Shape}, name: name + "." + p.Name, param: p, producer: -1}))
	}
	for i, s := range sig.Saved {
		n.Saved = append(n.Saved, g.add(valueInfo{typ: s.Type, name: fmt.Sprintf("%s.saved%d", name, i),
			perImage: s.PerImage, producer: len(g.Nodes)}))
	}
	n.Out = g.add(valueInfo{typ: sig.Out, name: name, perImage: true, producer: len(g.Nodes)})
	for _, v := range slices.Concat(n.Params, n.Saved, []Value{n.Out}) {
		g.count(v)
	}
	if g.err != nil {
		return in[0]
	}
	if g.flops = sum(g.flops, op.FLOPs(types)); g.flops > maxFLOPs {
		g.Fail("nn: %s: a network of more than 2^58 operations for an image, want a smaller one", name)
		return in[0]
	}
	g.Nodes = append(g.Nodes, n)
	return n.Out
}

// count adds a value to the sizes of the graph, which must not exceed maxElems.
func (g *Graph) count(v Value) {
	i := &g.values[v]
	n := product(i.typ.Shape.N, i.typ.Shape.C, i.typ.Shape.H, i.typ.Shape.W)
	if !i.perImage {
		g.shared = sum(g.shared, n)
	}
	if g.elems = sum(g.elems, n); g.elems > maxElems {
		g.Fail("nn: %s: %v, and with it a network of more than 2^50 values, want a smaller one", i.name, i.typ.Shape)
	}
}

// Loss ends the network: softmax and mean cross-entropy of logits.
func (g *Graph) Loss(op SoftmaxCrossEntropy, logits Value) {
	if g.err == nil && g.Type(logits).Shape != (Shape{1, g.Classes, 1, 1}) {
		g.Fail("nn: loss: logits %v, want %v for %d classes", g.Type(logits).Shape, Shape{1, g.Classes, 1, 1},
			g.Classes)
	}
	g.Logits = logits
	g.Probabilities = g.Apply("loss", op, logits, g.Labels)
}

// NumValues is the number of values of the graph; they are 0 to NumValues-1.
func (g *Graph) NumValues() int { return len(g.values) }

// Type is the type of a value, for one image where it is PerImage.
func (g *Graph) Type(v Value) Type { return g.values[v].typ }

// ValueName is the name of the node that writes v, or a parameter's full name.
func (g *Graph) ValueName(v Value) string { return g.values[v].name }

// Param describes the parameter v; it is nil where v is not one.
func (g *Graph) Param(v Value) *Param { return g.values[v].param }

// PerImage says whether each image of a batch has its own v. Parameters and batch statistics are shared by the batch.
func (g *Graph) PerImage(v Value) bool { return g.values[v].perImage }

// Producer is the index of the node that writes v, or -1 for inputs and parameters.
func (g *Graph) Producer(v Value) int { return g.values[v].producer }

// Elems is the number of elements of v in a batch.
func (g *Graph) Elems(v Value, batch int) int {
	if g.PerImage(v) {
		return batch * g.Type(v).Shape.Elems()
	}
	return g.Type(v).Shape.Elems()
}

// Parameters lists parameters and running statistics in the order of the nodes.
func (g *Graph) Parameters() []Value {
	var ps []Value
	for i := range g.Nodes {
		ps = append(ps, g.Nodes[i].Params...)
	}
	return ps
}

// Consumers are the indices of the nodes that read v, in order.
func (g *Graph) Consumers(v Value) []int {
	var c []int
	for i := range g.Nodes {
		for _, in := range g.Nodes[i].In {
			if in == v {
				c = append(c, i)
				break
			}
		}
	}
	return c
}

// InTypes are the types of a node's inputs.
func (g *Graph) InTypes(n *Node) []Type {
	types := make([]Type, len(n.In))
	for i, v := range n.In {
		types[i] = g.Type(v)
	}
	return types
}

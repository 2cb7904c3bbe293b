package tensorboard

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"resnet/nn"
)

// encodeGraph is the network as TensorFlow's GraphDef: a node for each op and input. TensorBoard draws a box around
// names that share their part before a slash, so blocks.0.conv1 is called blocks/0/conv1. A click on a node shows the
// op's fields that are not zero, which stands for a default or for no, its parameters' shapes and its FLOPs for one
// image.
func encodeGraph(g *nn.Graph) (m message) {
	for _, v := range []nn.Value{g.Images, g.Labels} {
		m.bytes(1, encodeNode(scoped(g.ValueName(v)), "placeholder", nil, attributes{outputShapes: shapesOf(g, v)}))
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		var in []string
		for _, v := range n.In {
			in = append(in, scoped(g.ValueName(v)))
		}
		m.bytes(1, encodeNode(scoped(n.Name), n.Op.Kind(), in, nodeAttributes(g, n)))
	}
	return m
}

func scoped(name string) string { return strings.ReplaceAll(name, ".", "/") }

// encodeNode is a NodeDef.
func encodeNode(name, op string, in []string, a attributes) (m message) {
	m.string(1, name)
	m.string(2, op)
	for _, input := range in {
		m.string(3, input)
	}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		m.entry(5, key, a[key])
	}
	return m
}

// Attributes are AttrValues by name.
type attributes map[string]message

// outputShapes is the attribute from which TensorBoard labels edges.
const outputShapes = "_output_shapes"

func nodeAttributes(g *nn.Graph, n *nn.Node) attributes {
	a := attributes{outputShapes: shapesOf(g, n.Out)}
	op := reflect.Indirect(reflect.ValueOf(n.Op))
	if op.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(op.Type()) {
			v := op.FieldByIndex(f.Index)
			if f.IsExported() && !v.IsZero() && f.Type != reflect.TypeFor[nn.Init]() { // which has nothing to show
				a[strings.ToLower(f.Name)] = attribute(v)
			}
		}
	}
	// A parameter's shape says more than the field of its name, such as Bias: true.
	for _, v := range n.Params {
		p := g.Param(v)
		dims := []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims]
		a[p.Name] = text(strings.ReplaceAll(strings.Trim(fmt.Sprint(dims), "[]"), " ", "x"))
	}
	a["flops"] = attribute(reflect.ValueOf(n.Op.FLOPs(g.InTypes(n))))
	return a
}

func attribute(v reflect.Value) (m message) {
	switch {
	case v.CanInt():
		m.int(3, v.Int())
	case v.CanFloat():
		m.float(4, float32(v.Float()))
	case v.Kind() == reflect.Bool:
		m.bool(5, v.Bool())
	default:
		m = text(fmt.Sprintf("%+v", v))
	}
	return m
}

func text(s string) (m message) {
	m.string(2, s)
	return m
}

// shapesOf is a list of the one shape of v, N, C, H, W, where N is any.
func shapesOf(g *nn.Graph, v nn.Value) (m message) {
	s := g.Type(v).Shape
	var shape, list message
	for _, size := range []int{-1, s.C, s.H, s.W} {
		var dim message
		dim.int(1, int64(size))
		shape.bytes(2, dim)
	}
	list.bytes(7, shape)
	m.bytes(1, list)
	return m
}

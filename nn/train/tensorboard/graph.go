package tensorboard

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"resnet/nn"
)

// encodeGraph returns the network as a GraphDef of TensorFlow, with a node for each op and each input. TensorBoard
// draws a box around names with a common part before a slash, so blocks.0.conv1 is written blocks/0/conv1. The
// attributes of a node are the fields of its op that are not zero, the shapes of its parameters and its FLOPs for one
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

// encodeNode returns a NodeDef.
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

// attributes are AttrValues by name.
type attributes map[string]message

// outputShapes is the attribute that TensorBoard labels edges with.
const outputShapes = "_output_shapes"

func nodeAttributes(g *nn.Graph, n *nn.Node) attributes {
	a := attributes{outputShapes: shapesOf(g, n.Out)}
	op := reflect.Indirect(reflect.ValueOf(n.Op))
	if op.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(op.Type()) {
			v := op.FieldByIndex(f.Index)
			if f.IsExported() && !v.IsZero() && f.Type != reflect.TypeFor[nn.Init]() { // a function
				a[strings.ToLower(f.Name)] = attribute(v)
			}
		}
	}
	// The shape of a parameter replaces a field of the same name, such as Bias: true.
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

// shapesOf returns a list of one shape, that of v as N, C, H, W with an unknown N.
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

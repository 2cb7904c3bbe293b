package onnx

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// A model and its parts are messages of ONNX with the fields that are needed here. The field numbers are those of
// onnx.proto.
type model struct {
	version, doc string
	opset        int
	graph        *graph
	properties   []property
}

type property struct{ key, value string }

type graph struct {
	name          string
	nodes         []node
	initializers  []tensor
	input, output valueInfo
}

// A node is an operator with one output.
type node struct {
	op, name   string
	in         []string
	out        string
	attributes []attribute
}

// An attribute's value is an int, a float32 or an []int.
type attribute struct {
	name  string
	value any
}

// A tensor's data is a []float32 or an []int64.
type tensor struct {
	name string
	dims []int
	data any
}

// A valueInfo describes the model's input or output.
type valueInfo struct {
	name, doc string
	elem      int
	dims      []dim
}

// A dim is a size or, with size 0, the name of a dimension that may differ from run to run.
type dim struct {
	size int
	name string
}

// TensorProto.DataType.
const (
	typeFloat = 1
	typeUint8 = 2
	typeInt64 = 7
)

// AttributeProto.AttributeType.
const (
	attributeFloat = 1
	attributeInt   = 2
	attributeInts  = 7
)

// encode returns the model in three parts; the second is the graph, which holds the parameters.
func (m *model) encode() [3][]byte {
	var head, tail message
	head.int(1, irVersion(m.opset))
	head.string(2, "resnet")
	head.string(3, m.version)
	head.string(6, m.doc)
	graph := m.graph.encode()
	head = protowire.AppendVarint(protowire.AppendTag(head, 7, protowire.BytesType), uint64(len(graph)))
	var operators message
	operators.int(2, m.opset) // without a domain, which means the operators of ONNX itself
	tail.message(8, operators)
	for _, p := range m.properties {
		var entry message
		entry.string(1, p.key)
		entry.string(2, p.value)
		tail.message(14, entry)
	}
	return [3][]byte{head, graph, tail}
}

func (g *graph) encode() (m message) {
	for i := range g.nodes {
		m.message(1, g.nodes[i].encode())
	}
	m.string(2, g.name)
	for i := range g.initializers {
		m.message(5, g.initializers[i].encode())
	}
	m.message(11, g.input.encode())
	m.message(12, g.output.encode())
	return m
}

func (n *node) encode() (m message) {
	for _, in := range n.in {
		m.string(1, in)
	}
	m.string(2, n.out)
	m.string(3, n.name)
	m.string(4, n.op)
	for _, a := range n.attributes {
		m.message(5, a.encode())
	}
	return m
}

func (a attribute) encode() (m message) {
	m.string(1, a.name)
	switch v := a.value.(type) {
	case float32:
		m.float(2, v)
		m.int(20, attributeFloat)
	case int:
		m.int(3, v)
		m.int(20, attributeInt)
	case []int:
		for _, i := range v {
			m.int(8, i)
		}
		m.int(20, attributeInts)
	default:
		panic(fmt.Sprintf("onnx: attribute %s of type %T", a.name, v))
	}
	return m
}

func (t *tensor) encode() (m message) {
	for _, d := range t.dims {
		m.int(1, d)
	}
	elem := typeFloat
	if _, ok := t.data.([]int64); ok {
		elem = typeInt64
	}
	m.int(2, elem)
	m.string(8, t.name)
	raw, err := binary.Append(nil, binary.LittleEndian, t.data)
	if err != nil {
		panic(fmt.Sprintf("onnx: tensor %s: %v", t.name, err))
	}
	m.message(9, raw) // raw_data; bytes have the same encoding as a message
	return m
}

func (v *valueInfo) encode() (m message) {
	var shape, tensor, typ message
	for _, d := range v.dims {
		var dim message
		if d.size > 0 {
			dim.int(1, d.size)
		} else {
			dim.string(2, d.name)
		}
		shape.message(1, dim)
	}
	tensor.int(1, v.elem)
	tensor.message(2, shape)
	typ.message(1, tensor)
	m.string(1, v.name)
	m.message(2, typ)
	m.string(3, v.doc)
	return m
}

// A message is a protocol buffer message in wire format, built field by field. Repeated numbers are not packed, which
// is the default of proto2.
type message []byte

func (m *message) int(field protowire.Number, v int) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m, _ = binary.Append(*m, binary.LittleEndian, v)
}

func (m *message) message(field protowire.Number, sub []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), sub)
}

// string leaves the field out where s is empty.
func (m *message) string(field protowire.Number, s string) {
	if s != "" {
		*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
	}
}

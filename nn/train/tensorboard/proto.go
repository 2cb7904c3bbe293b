package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// A message is a protocol buffer message in wire format, built field by field. A field of value zero is written too,
// because in a oneof its presence matters.
type message []byte

func (m *message) int(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) bool(field protowire.Number, v bool) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), protowire.EncodeBool(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (m *message) double(field protowire.Number, v float64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), math.Float64bits(v))
}

// doubles adds a packed repeated field.
func (m *message) doubles(field protowire.Number, v []float64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.BytesType), uint64(8*len(v)))
	for _, x := range v {
		*m = protowire.AppendFixed64(*m, math.Float64bits(x))
	}
}

func (m *message) string(field protowire.Number, s string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
}

// bytes adds a field of bytes, or of an encoded message, which has the same form.
func (m *message) bytes(field protowire.Number, p []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), p)
}

// entry adds a pair to a map from strings to messages.
func (m *message) entry(field protowire.Number, key string, value []byte) {
	var e message
	e.string(1, key)
	e.bytes(2, value)
	m.bytes(field, e)
}

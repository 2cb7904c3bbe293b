// Package prototest decodes protobuf messages for the tests of the packages that write them.
package prototest

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Message has the values of each field by its number, in their order.
type Message map[protowire.Number][]Field

// A Field is the value of a field: a number in its encoded form, or the bytes of a string or message.
type Field struct {
	Number uint64
	Bytes  []byte
}

// Decode reads a message.
func Decode(t testing.TB, b []byte) Message {
	t.Helper()
	m := Message{}
	must := func(n int) {
		t.Helper()
		if err := protowire.ParseError(n); err != nil {
			t.Fatal(err)
		}
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		must(n)
		b = b[n:]
		var f Field
		switch typ {
		case protowire.VarintType:
			f.Number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.Number = uint64(v)
		case protowire.Fixed64Type:
			f.Number, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.Bytes, n = protowire.ConsumeBytes(b)
		default:
			t.Fatalf("field %d of wire type %d", num, typ)
		}
		must(n)
		m[num] = append(m[num], f)
		b = b[n:]
	}
	return m
}

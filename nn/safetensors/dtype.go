package safetensors

import (
	"encoding/binary"
	"math"

	"resnet/nn/internal/float16"
)

// DType is the type of a tensor's elements, as the format spells it.
type DType string

// The element types. Types of less than a byte and 8-bit floats are not supported.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// Size returns the number of bytes of an element, or 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// IsFloat reports whether File.Float32 can convert elements of type d.
func (d DType) IsFloat() bool { return d == F32 || d == F64 || d == F16 || d == BF16 }

// toFloat32 converts elements of a floating-point type, rounding F64 to the nearest.
func toFloat32(dst []float32, d DType, src []byte) {
	le := binary.LittleEndian
	for i := range dst {
		switch d {
		case F32:
			dst[i] = math.Float32frombits(le.Uint32(src[4*i:]))
		case F64:
			dst[i] = float32(math.Float64frombits(le.Uint64(src[8*i:])))
		case BF16:
			dst[i] = math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16)
		case F16:
			dst[i] = float16.Decode(le.Uint16(src[2*i:]))
		}
	}
}

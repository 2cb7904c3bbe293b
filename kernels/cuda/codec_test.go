//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"math"
	"testing"

	"resnet/gpu"
)

// codec converts numbers of one type to and from bytes.
type codec struct {
	size  int
	put   func(b []byte, v float64)
	get   func(b []byte) float64
	unset float64
}

var (
	f32 = codec{4,
		func(b []byte, v float64) { binary.NativeEndian.PutUint32(b, math.Float32bits(float32(v))) },
		func(b []byte) float64 { return float64(math.Float32frombits(binary.NativeEndian.Uint32(b))) },
		math.NaN()}
	f16  = half(5, 10)
	bf16 = half(8, 7)
	f64  = codec{8,
		func(b []byte, v float64) { binary.NativeEndian.PutUint64(b, math.Float64bits(v)) },
		func(b []byte) float64 { return math.Float64frombits(binary.NativeEndian.Uint64(b)) },
		math.NaN()}
	i32 = codec{4,
		func(b []byte, v float64) { binary.NativeEndian.PutUint32(b, uint32(int32(v))) },
		func(b []byte) float64 { return float64(int32(binary.NativeEndian.Uint32(b))) },
		-1}
	u8 = codec{1,
		func(b []byte, v float64) { b[0] = byte(int(v)) },
		func(b []byte) float64 { return float64(b[0]) },
		-1}
)

// of is the codec of an element type.
func of(t gpu.DataType) codec { return [...]codec{f32, f16, bf16}[t] }

// half is the codec of a 16-bit type with so many bits of exponent and fraction.
func half(exponent, fraction int) codec {
	bias := 1<<(exponent-1) - 1
	return codec{2,
		func(b []byte, v float64) { binary.NativeEndian.PutUint16(b, halfBits(v, bias, fraction)) },
		func(b []byte) float64 { return halfValue(binary.NativeEndian.Uint16(b), bias, fraction) },
		math.NaN()}
}

// halfBits rounds v to nearest, ties to even.
func halfBits(v float64, bias, fraction int) uint16 {
	sign := uint16(math.Float64bits(v) >> 63 << 15)
	infinite := uint16(2*bias+1) << fraction
	switch v = math.Abs(v); {
	case math.IsNaN(v):
		return infinite | 1
	case math.IsInf(v, 0):
		return sign | infinite
	case v == 0:
		return sign
	}
	// In units of the last place, which are the same for subnormals as for the smallest normal number.
	_, e := math.Frexp(v)
	e = max(e-1, 1-bias)
	units := math.RoundToEven(math.Ldexp(v, fraction-e))
	// A fraction that is rounded up to 2 carries into the exponent, and beyond the largest number into infinity.
	bits := uint32(e+bias-1)<<fraction + uint32(units)
	return sign | uint16(min(bits, uint32(infinite)))
}

func halfValue(b uint16, bias, fraction int) float64 {
	e, f := int(b>>fraction)&(2*bias+1), float64(int(b)&(1<<fraction-1))
	v := math.Ldexp(f, 1-bias-fraction)
	switch {
	case e == 2*bias+1 && f != 0:
		return math.NaN()
	case e == 2*bias+1:
		v = math.Inf(1)
	case e != 0:
		v = math.Ldexp(f+float64(int(1)<<fraction), e-bias-fraction)
	}
	return math.Copysign(v, 1-2*float64(b>>15))
}

// round rounds v to float32, then to type t: kernels compute in float32, and round once more on storing.
func round(t gpu.DataType, v float64) float64 {
	var b [4]byte
	of(t).put(b[:], float64(float32(v)))
	return of(t).get(b[:])
}

// unit is the largest relative error of rounding to type t, tiny the largest absolute error near 0.
func unit(t gpu.DataType) float64 { return [...]float64{0x1p-24, 0x1p-11, 0x1p-8}[t] }
func tiny(t gpu.DataType) float64 { return [...]float64{0x1p-150, 0x1p-25, 0x1p-134}[t] }

func TestHalf(t *testing.T) {
	for _, c := range []struct {
		codec codec
		v     float64
		bits  uint16
	}{
		// From IEEE 754: 1, the largest, halfway to the next (to even, infinity), the smallest and half of it.
		{f16, 1, 0x3c00}, {f16, -2, 0xc000}, {f16, 65504, 0x7bff}, {f16, 65519, 0x7bff}, {f16, 65520, 0x7c00},
		{f16, 0x1p-24, 1}, {f16, 0x1p-25, 0}, {f16, 0x1.8p-24, 2}, {f16, 0x1p-14, 0x400}, {f16, 1 + 0x1p-11, 0x3c00},
		{f16, 1 + 0x1.8p-10, 0x3c02}, {f16, math.Inf(-1), 0xfc00},
		// bfloat16 is the upper half of a float32.
		{bf16, 1, 0x3f80}, {bf16, -2, 0xc000}, {bf16, 1 + 0x1p-8, 0x3f80}, {bf16, 1 + 0x1.8p-7, 0x3f82},
		{bf16, 0x1p-133, 1}, {bf16, 0x1.ffp127, 0x7f80}, {bf16, math.Copysign(0, -1), 0x8000},
	} {
		var b [2]byte
		c.codec.put(b[:], c.v)
		if got := binary.NativeEndian.Uint16(b[:]); got != c.bits {
			t.Errorf("%g is %#x, want %#x", c.v, got, c.bits)
		}
	}
	for _, c := range []codec{f16, bf16} {
		for bits := range 1 << 16 {
			var b, again [2]byte
			binary.NativeEndian.PutUint16(b[:], uint16(bits))
			v := c.get(b[:])
			c.put(again[:], v)
			if b != again && !math.IsNaN(v) {
				t.Fatalf("%#x is %g and back %#x", bits, v, again)
			}
		}
	}
}

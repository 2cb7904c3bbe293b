//go:build !nocuda

package gpu

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// bench is a device with one stream, for one test.
type bench struct {
	*testing.T
	device *Device
	stream *Stream
}

// requireGPU skips a test where there is no GPU.
func requireGPU(t *testing.T) {
	t.Helper()
	_, err := Count()
	needed(t, err)
}

// needed skips a test because of err, or fails it where RESNET_REQUIRE_GPU=1 says that everything should be there.
func needed(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("RESNET_REQUIRE_GPU") == "1" {
		t.Fatalf("RESNET_REQUIRE_GPU=1: %v", err)
	}
	t.Skip(err)
}

// onGPU opens the first GPU for a test, and checks when the test ends that everything made on it was given back.
func onGPU(t *testing.T) bench {
	t.Helper()
	requireGPU(t)
	device, err := Open(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := device.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(device.Enter())
	b := bench{t, device, nil}
	b.stream = must(device.NewStream())(b)
	b.closing(b.stream)
	return b
}

// must is for a call that may not fail: must(f())(b).
func must[V any](v V, err error) func(b bench) V {
	return func(b bench) V {
		b.Helper()
		b.ok(err)
		return v
	}
}

func (b bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// closing closes what a test made when it ends.
func (b bench) closing(x interface{ Close() error }) {
	b.Cleanup(func() {
		if err := x.Close(); err != nil {
			b.Error(err)
		}
	})
}

// alloc takes device memory for the test.
func (b bench) alloc(bytes int64) Ptr {
	b.Helper()
	buffer := must(b.device.Alloc("test", max(bytes, 1)))(b)
	b.Cleanup(func() {
		if err := buffer.Free(); err != nil {
			b.Error(err)
		}
	})
	return buffer.Ptr
}

// upload puts bytes into device memory of their own.
func (b bench) upload(data []byte) Ptr {
	b.Helper()
	p := b.alloc(int64(len(data)))
	b.write(p, data)
	return p
}

func (b bench) write(p Ptr, data []byte) {
	b.Helper()
	staging := must(b.device.AllocPinned("test", int64(len(data))))(b)
	copy(staging.Bytes(), data)
	b.ok(b.stream.ToDevice(p, staging, 0, int64(len(data))))
	b.ok(b.stream.Sync())
	b.ok(staging.Free())
}

// download waits for the stream and copies device memory back.
func (b bench) download(p Ptr, bytes int) []byte {
	b.Helper()
	staging := must(b.device.AllocPinned("test", int64(bytes)))(b)
	b.ok(b.stream.ToHost(staging, 0, p, int64(bytes)))
	b.ok(b.stream.Sync())
	data := append([]byte(nil), staging.Bytes()...)
	b.ok(staging.Free())
	return data
}

// array is numbers on the device, of any type, and what they are on the host.
type array struct {
	Ptr
	t      DataType
	values []float64
}

func (b bench) array(t DataType, values []float64) array {
	b.Helper()
	a := array{t: t, values: make([]float64, len(values))}
	data := encode(t, values)
	copy(a.values, decode(t, data))
	a.Ptr = b.upload(data)
	return a
}

// fetch is what the device holds now.
func (b bench) fetch(a array) []float64 {
	b.Helper()
	return decode(a.t, b.download(a.Ptr, len(encode(a.t, a.values))))
}

// small draws n numbers from -2 to 2 in quarters: every type holds them.
func small(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(r.IntN(17)-8) / 4
	}
	return x
}

// fine draws n float32s from -2 to 2 with every bit of the mantissa in use, which TF32 would round away.
func fine(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(4*r.Float64() - 2))
	}
	return x
}

// near holds numbers of type t against wanted ones. Each may be off by a rounding of the result and by slack times
// scale, the sum of the magnitudes that were added up to make it.
func (b bench) near(what string, t DataType, got, want, scale []float64, slack float64) {
	b.Helper()
	for i := range want {
		limit := math.Abs(want[i])*unit(t) + scale[i]*slack
		if diff := math.Abs(got[i] - want[i]); !(diff <= limit) {
			b.Fatalf("%s: element %d is %v, want %v within %.2g", what, i, got[i], want[i], limit)
		}
	}
}

// unit is the largest relative error of rounding to t.
func unit(t DataType) float64 {
	return [...]float64{Float32: 0x1p-24, Float16: 0x1p-11, BFloat16: 0x1p-8}[t]
}

// encode rounds to t (to nearest, ties away from zero: the tests' inputs are exact).
func encode(t DataType, values []float64) []byte {
	var data []byte
	for _, v := range values {
		bits := math.Float32bits(float32(v))
		switch t {
		case Float32:
			data = binary.LittleEndian.AppendUint32(data, bits)
		case BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16((bits+0x8000)>>16))
		case Float16:
			data = binary.LittleEndian.AppendUint16(data, half(v))
		}
	}
	return data
}

// half is a number of float16's normal range, or zero, as its bits.
func half(v float64) uint16 {
	if v == 0 {
		return 0
	}
	fraction, exponent := math.Frexp(math.Abs(v)) // 0.5 <= fraction < 1
	bits := uint16(exponent+14)<<10 + uint16(math.Round((fraction*2-1)*1024))
	if v < 0 {
		bits |= 0x8000
	}
	return bits
}

func decode(t DataType, data []byte) []float64 {
	var values []float64
	for len(data) > 0 {
		switch t {
		case Float32:
			values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(data))))
			data = data[4:]
		case BFloat16:
			values = append(values, float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(data))<<16)))
			data = data[2:]
		case Float16:
			values = append(values, unhalf(binary.LittleEndian.Uint16(data)))
			data = data[2:]
		}
	}
	return values
}

func unhalf(bits uint16) float64 {
	sign := 1 - 2*float64(bits>>15)
	exponent, fraction := int(bits>>10&31), float64(bits&1023)/1024
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -14)
	case 31:
		return sign * math.Inf(1) // or not a number: a test fails on either
	}
	return sign * math.Ldexp(1+fraction, exponent-15)
}

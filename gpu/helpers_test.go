//go:build !nocuda

package gpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"resnet/gpu/gputest"
)

// context is the primary context of the first GPU, which the tests share. A test that fails may have lost it.
var context = gputest.Share(
	func() (release func() error, err error) { return Hold(0) },
	func(release func() error) error { return release() },
)

func TestMain(m *testing.M) { gputest.Main(m, context.Release) }

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
	gputest.Need(t, err)
}

// onGPU opens the first GPU for a test, and checks at the end of the test that all objects on it were closed, and all
// descriptors.
func onGPU(t *testing.T) bench {
	t.Helper()
	requireGPU(t)
	context.Get(t)
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

// sub runs f as a subtest on the same device and stream, and checks at its end that all objects that it made were
// closed.
func (b bench) sub(name string, f func(b bench)) {
	b.Helper()
	b.Run(name, func(t *testing.T) {
		alive := func() string { return b.device.alive.String() + "; " + descriptors.String() }
		before := alive()
		t.Cleanup(func() {
			if after := alive(); after != before {
				t.Errorf("alive after the test: %s; want %s", after, before)
			}
		})
		t.Cleanup(b.device.Enter())
		f(bench{t, b.device, b.stream})
	})
}

// dnn makes a handle of cuDNN for the test.
func (b bench) dnn() *DNN {
	b.Helper()
	h := must(b.device.NewDNN(b.stream))(b)
	b.closing(h)
	return h
}

// blas makes a handle of cuBLAS for the test.
func (b bench) blas() *BLAS {
	b.Helper()
	const workspace = 4 << 20
	h := must(b.device.NewBLAS(b.stream, b.alloc(workspace), workspace))(b)
	b.closing(h)
	return h
}

// must returns the result of a call and fails the test on an error: must(f())(b).
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

// closing closes an object at the end of the test.
func (b bench) closing(x interface{ Close() error }) {
	b.Cleanup(func() {
		if err := x.Close(); err != nil {
			b.Error(err)
		}
	})
}

// alloc allocates device memory for the test.
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

// upload copies bytes to new device memory.
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

// download copies device memory to the host.
func (b bench) download(p Ptr, bytes int) []byte {
	b.Helper()
	staging := must(b.device.AllocPinned("test", int64(bytes)))(b)
	b.ok(b.stream.ToHost(staging, 0, p, int64(bytes)))
	b.ok(b.stream.Sync())
	data := append([]byte(nil), staging.Bytes()...)
	b.ok(staging.Free())
	return data
}

// array is device memory with numbers of any type, and their values on the host.
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

// fetch returns the numbers that the device memory holds now.
func (b bench) fetch(a array) []float64 {
	b.Helper()
	return decode(a.t, b.download(a.Ptr, len(encode(a.t, a.values))))
}

// small draws n multiples of 1/4 from -2 to 2, which are exact in every type.
func small(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(r.IntN(17)-8) / 4
	}
	return x
}

// fine draws n float32 numbers from -2 to 2 that use all bits of the mantissa, so that TF32 would round them.
func fine(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(4*r.Float64() - 2))
	}
	return x
}

// near compares numbers of type t with the wanted ones.
func (b bench) near(what string, t DataType, got, want, scale []float64, slack float64) {
	b.Helper()
	if wrong := compare(t, got, want, scale, slack); wrong != "" {
		b.Fatalf("%s: %s", what, wrong)
	}
}

// compare says which number of type t is wrong, or "". Each may be off by a rounding of the result plus slack times
// scale, the sum of the magnitudes that were added to make it.
func compare(t DataType, got, want, scale []float64, slack float64) (wrong string) {
	for i := range want {
		limit := math.Abs(want[i])*unit(t) + scale[i]*slack
		if diff := math.Abs(got[i] - want[i]); !(diff <= limit) {
			return fmt.Sprintf("element %d is %v, want %v within %.2g", i, got[i], want[i], limit)
		}
	}
	return ""
}

// emulated reports whether the device is that of gpu/emu.
func (b bench) emulated() bool { return b.device.Name() == "emulated GPU" }

// unit returns the largest relative error of rounding to t.
func unit(t DataType) float64 {
	return [...]float64{Float32: 0x1p-24, Float16: 0x1p-11, BFloat16: 0x1p-8}[t]
}

// encode rounds to t, to nearest with ties away from zero; the inputs of the tests are exact.
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

// half returns the bits of a float16, which must be normal or zero.
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
		return sign * math.Inf(1) // or NaN; a test fails on either
	}
	return sign * math.Ldexp(1+fraction, exponent-15)
}

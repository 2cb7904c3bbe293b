//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"resnet/gpu"
)

// The sizes of one mma of the tensor cores, a product of a, productRows x productInner, and b.
const (
	productRows = 16
	productCols = 8
)

// productInner is the length of the sums of one mma.
func productInner(t gpu.DataType) int { return 32 / elementBytes(t) }

// ProductName names the tensor cores' instruction for operands of type t: "bf16 m16n8k16". Those of float32 are TF32.
func ProductName(t gpu.DataType) string {
	name := typeNames[t]
	if t == gpu.Float32 {
		name = "tf32"
	}
	return fmt.Sprintf("%s m%dn%dk%d", name, productRows, productCols, productInner(t))
}

// Product computes d = a b, float32 (16,8), by one mma. a is (16,k) of type t, where float32 is rounded to TF32, and k
// is 8 for float32 and else 16. b is (k,8), but for float32 its transpose (8,k), and truncated to TF32.
func (k *Kernels) Product(s *gpu.Stream, t gpu.DataType, d, a, b gpu.Ptr) error {
	if err := check("product", productRows*productCols, d, a, b); err != nil {
		return err
	}
	shared := (productRows + productCols) * productInner(t) * elementBytes(t)
	return k.launchProduct(s, gpu.Dim3{X: 1, Y: 1, Z: 1}, gpu.Dim3{X: 32, Y: 1, Z: 1}, shared, t, d, a, b)
}

// CheckProduct runs Product on numbers of which all sums are exact, and returns an error if the device computes
// anything else. The device's context must be current.
func (k *Kernels) CheckProduct(d *gpu.Device, t gpu.DataType) error {
	return checkProduct(t, func(a, b []byte) ([]byte, error) { return k.product(d, t, a, b) })
}

// checkProduct compares the results of multiply, which has the contract of Product.
func checkProduct(t gpu.DataType, multiply func(a, b []byte) (d []byte, err error)) error {
	k := productInner(t)
	a, b := eighths(productRows*k, 1), eighths(k*productCols, 2) // b is (k,8)
	stored := b
	if t == gpu.Float32 {
		stored = make([]float32, len(b))
		for i := range b {
			stored[i%productCols*k+i/productCols] = b[i]
		}
	}
	d, err := multiply(exactly(t, a), exactly(t, stored))
	if err != nil {
		return fmt.Errorf("cuda: product %s: %w", ProductName(t), err)
	}
	wrong, first := 0, ""
	for i := range productRows * productCols {
		row, col := i/productCols, i%productCols
		want := float32(0)
		for j := range k {
			want += a[row*k+j] * b[j*productCols+col]
		}
		if got := math.Float32frombits(binary.LittleEndian.Uint32(d[4*i:])); got != want {
			if wrong++; wrong == 1 {
				first = fmt.Sprintf("row %d, column %d is %v, want %v", row, col, got, want)
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("cuda: product %s: %d of %d elements are wrong: %s", ProductName(t), wrong,
			productRows*productCols, first)
	}
	return nil
}

// product runs Product on the host's operands.
func (k *Kernels) product(d *gpu.Device, t gpu.DataType, a, b []byte) (result []byte, err error) {
	const bytes = productRows * productCols * 4
	atA, atB := int64(bytes), int64(bytes+len(a)) // in one allocation, after the result
	all := atB + int64(len(b))
	s, err := d.NewStream()
	if err != nil {
		return nil, err
	}
	defer closing(&err, s.Close)
	memory, err := d.Alloc("a product", all)
	if err != nil {
		return nil, err
	}
	defer closing(&err, memory.Free)
	host, err := d.AllocPinned("a product", all)
	if err != nil {
		return nil, err
	}
	defer closing(&err, host.Free)
	for i := range bytes {
		host.Bytes()[i] = 0xff // NaN, where the kernel stores nothing
	}
	copy(host.Bytes()[atA:], a)
	copy(host.Bytes()[atB:], b)
	for _, queue := range []func() error{
		func() error { return s.ToDevice(memory.Ptr, host, 0, all) },
		func() error { return k.Product(s, t, memory.Ptr, memory.Ptr.Add(atA), memory.Ptr.Add(atB)) },
		func() error { return s.ToHost(host, 0, memory.Ptr, bytes) },
		s.Sync,
	} {
		if err := queue(); err != nil {
			return nil, err
		}
	}
	return append(result, host.Bytes()[:bytes]...), nil
}

// closing closes something. Where something else failed before, that is the error: after a fault every call fails.
func closing(err *error, close func() error) {
	if e := close(); *err == nil {
		*err = e
	}
}

// eighths draws n multiples of 1/8 from -4 to 4. Types for tensor cores represent them exactly, and float32 sums of
// their products.
func eighths(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.IntN(65)-32) / 8
	}
	return x
}

// exactly encodes numbers that type t represents exactly and that are normal numbers or zero in it.
func exactly(t gpu.DataType, values []float32) (data []byte) {
	for _, v := range values {
		bits := math.Float32bits(v)
		switch t {
		case gpu.Float32:
			data = binary.LittleEndian.AppendUint32(data, bits)
		case gpu.BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
		case gpu.Float16:
			magnitude := uint16(0)
			if v != 0 {
				magnitude = uint16(bits<<1>>14 - (127-15)<<10) // the exponent's bias is 15, the fraction has 10 bits
			}
			data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16&0x8000)|magnitude)
		}
	}
	return data
}

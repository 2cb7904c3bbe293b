//go:build !nocuda

package cuda

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"resnet/gpu"
)

// product is a b by one mma, 16 x 8; b is as Product takes it.
func (g *rig) product(t gpu.DataType, a, b []float64) []float64 {
	g.Helper()
	g.needTensorCores()
	d := g.fresh(f32, productRows*productCols)
	g.ok(g.k.Product(g.s, t, d.Ptr, g.put(of(t), a).Ptr, g.put(of(t), b).Ptr))
	return d.get()
}

// The fragments of the tensor cores and the loads of them have the layouts that mma.cuh documents. All sums here are
// exact.
func TestProduct(t *testing.T) {
	for _, dt := range dtypes {
		t.Run(name(dt), func(t *testing.T) {
			g, k := onGPU(t), productInner(dt)
			eighths := func(n int) []float64 {
				x := make([]float64, n)
				for i := range x {
					x[i] = float64(g.r.IntN(65)-32) / 8
				}
				return x
			}
			a, b := eighths(16*k), eighths(8*k)
			along, across := 8, 1
			if dt == gpu.Float32 { // b is transposed
				along, across = 1, k
			}
			want := make([]float64, 16*8)
			for i := range want {
				for j := range k {
					want[i] += a[i/8*k+j] * b[j*along+i%8*across]
				}
			}
			g.equal("d", g.product(dt, a, b), want)
		})
	}
}

// to_tf32 rounds to ten bits of fraction, ties away from zero.
func TestTF32(t *testing.T) {
	g, k := onGPU(t), productInner(gpu.Float32)
	a, b := make([]float64, 16*k), make([]float64, 8*k)
	b[0] = 1
	want := make([]float64, 16*8)
	for row, v := range [][2]float64{
		{1 + 0x1p-11, 1 + 0x1p-10}, {-1 - 0x1p-11, -1 - 0x1p-10}, {1 + 0x1.ffep-12, 1},
		{2 - 0x1p-23, 2}, {0x1p-30, 0x1p-30},
	} {
		a[row*k], want[row*8] = v[0], v[1]
	}
	g.equal("d", g.product(gpu.Float32, a, b), want)
}

// CheckProduct passes on the device, and leaves nothing there.
func TestCheckProduct(t *testing.T) {
	g := onGPU(t)
	g.needTensorCores()
	for _, dt := range dtypes {
		g.ok(g.k.CheckProduct(g.d, dt))
	}
	if err := g.k.Product(g.s, gpu.Float32, 256, 260, 512); err == nil {
		t.Error("an address that is no multiple of 16 is taken")
	}
}

// exactProduct computes what Product does.
func exactProduct(dt gpu.DataType, a, b []byte) (d []byte) {
	k := productInner(dt)
	at := func(x []byte, i int) float64 { return of(dt).get(x[i*of(dt).size:]) }
	for i := range productRows * productCols {
		sum := 0.0
		for j := range k {
			from := j*productCols + i%productCols
			if dt == gpu.Float32 { // b is transposed
				from = i%productCols*k + j
			}
			sum += at(a, i/productCols*k+j) * at(b, from)
		}
		d = binary.LittleEndian.AppendUint32(d, math.Float32bits(float32(sum)))
	}
	return d
}

// CheckProduct notices one wrong bit, rows and operands in the wrong place, and what is not stored or not computed.
func TestCheckProductFindsWhatIsWrong(t *testing.T) {
	exchange := func(x []byte) []byte { return append(bytes.Clone(x[len(x)/2:]), x[:len(x)/2]...) }
	for _, dt := range dtypes {
		for what, c := range map[string]struct {
			multiply func(a, b []byte) []byte
			want     string // "": nothing is wrong
		}{
			"exact": {func(a, b []byte) []byte { return exactProduct(dt, a, b) }, ""},
			"one bit": {func(a, b []byte) []byte {
				d := exactProduct(dt, a, b)
				d[4*11] ^= 1
				return d
			}, ": 1 of 128 elements are wrong: row 1, column 3 is "},
			"halves of d": {func(a, b []byte) []byte { return exchange(exactProduct(dt, a, b)) },
				" elements are wrong: row 0, column "},
			"halves of a": {func(a, b []byte) []byte { return exactProduct(dt, exchange(a), b) },
				" elements are wrong: row 0, column "},
			"halves of b": {func(a, b []byte) []byte { return exactProduct(dt, a, exchange(b)) },
				" elements are wrong: row 0, column "},
			"nothing stored": {func(a, b []byte) []byte { return bytes.Repeat([]byte{0xff}, 4*128) },
				": 128 of 128 elements are wrong: row 0, column 0 is NaN, want "},
		} {
			err := checkProduct(dt, func(a, b []byte) ([]byte, error) { return c.multiply(a, b), nil })
			if c.want == "" && err == nil {
				continue
			}
			if got := fmt.Sprint(err); c.want == "" || !strings.HasPrefix(got, "cuda: product "+ProductName(dt)) ||
				!strings.Contains(got, c.want) {
				t.Errorf("%s, %s: error %v, want one with %q", name(dt), what, err, c.want)
			}
		}
	}
	fault := errors.New("an illegal instruction")
	err := checkProduct(gpu.Float16, func(a, b []byte) ([]byte, error) { return nil, fault })
	if !errors.Is(err, fault) || !strings.HasPrefix(err.Error(), "cuda: product f16 m16n8k16: ") {
		t.Errorf("error %v, want the device's, of the product", err)
	}
}

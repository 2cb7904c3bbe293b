package cpu

import (
	"math"
	"slices"
	"testing"
)

// Every colour is that of JFIF's formula, rounded from factors of 16 bits, on every instruction set.
func TestYCbCrToRGB(t *testing.T) {
	const n = 1 << 16
	y, cb, cr := make([]byte, n), make([]byte, n), make([]byte, n)
	for i := range n {
		cb[i], cr[i] = byte(i>>8), byte(i)
	}
	eachISA(t, func(t *testing.T, k *Kernels) {
		got, want := make([]byte, 3*n), make([]byte, 3*n)
		for luma := 0; luma < 256; luma += 15 {
			for i := range y {
				y[i] = byte(luma)
			}
			k.YCbCrToRGB(got, y, cb, cr)
			yCbCrToRGBGo(want, y, cb, cr)
			if !slices.Equal(got, want) {
				t.Fatalf("brightness %d: other colours than the portable kernel", luma)
			}
			for i := 0; i < n; i += 97 {
				l, b, r := float64(luma), float64(cb[i])-128, float64(cr[i])-128
				for c, v := range []float64{l + 1.402*r, l - 0.344136*b - 0.714136*r, l + 1.772*b} {
					v = min(max(v, 0), 255)
					if math.Abs(float64(got[3*i+c])-v) > 0.51 { // a half, and what is lost in the factors
						t.Fatalf("(%d, %d, %d): channel %d is %d, want %.2f", luma, cb[i], cr[i], c, got[3*i+c], v)
					}
				}
			}
		}
	})
}

func TestSamples(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		r := newRand()
		for n := range 150 {
			near, far := make([]byte, n), make([]byte, n)
			randomBytes(r, near)
			randomBytes(r, far)
			sums := make([]uint16, n)
			k.WeighSamples(sums, near, far, 3, 1)
			for i, v := range sums {
				if want := 3*int(near[i]) + int(far[i]); int(v) != want {
					t.Fatalf("%d samples: sum %d is %d, want %d", n, i, v, want)
				}
			}
			if n < 2 {
				continue
			}
			out := make([]byte, 2*(n-2))
			k.WidenSamples(out, sums, 4, 8, 7)
			for i, v := range out {
				at := i/2 + 1
				neighbour, half := at-1, 8
				if i%2 == 1 {
					neighbour, half = at+1, 7
				}
				if want := (3*int(sums[at]) + int(sums[neighbour]) + half) / 16; int(v) != want {
					t.Fatalf("%d samples: byte %d is %d, want %d", n, i, v, want)
				}
			}
		}
	})
}

func TestPhotographLengths(t *testing.T) {
	k := For(Portable)
	for _, f := range []func(){
		func() { k.YCbCrToRGB(make([]byte, 5), make([]byte, 2), make([]byte, 2), make([]byte, 2)) },
		func() { k.YCbCrToRGB(make([]byte, 6), make([]byte, 2), make([]byte, 2), make([]byte, 1)) },
		func() { k.WeighSamples(make([]uint16, 2), make([]byte, 2), make([]byte, 1), 1, 1) },
		func() { k.WidenSamples(make([]byte, 1), make([]uint16, 3), 1, 1, 1) },
		func() { k.WidenSamples(make([]byte, 1), make([]uint16, 1), 1, 1, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("too short a slice did not panic")
				}
			}()
			f()
		}()
	}
}

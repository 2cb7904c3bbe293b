package cpu

import (
	"fmt"
	"math"
	"testing"
)

func init() {
	calls = append(calls, func(k *Kernels, o operands) {
		k.Add(o.y, o.x, o.z, true)
		k.ReLU(o.y, o.x)
		k.ReLUBackward(o.y, o.x, o.z, true)
		k.ReLUBackward(o.y, o.x, o.z, false)
		k.AddScaled(o.y, 2, o.x)
		k.Scale(o.y, 2, o.x)
		k.Max(o.y, o.x)
	})
}

// lengths with and without unrolled blocks, single vectors and a partial vector.
var lengths = []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 200, 319}

func eachLength(t *testing.T, f func(t *testing.T, k *Kernels, name string, n int)) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		for _, n := range lengths {
			f(t, k, fmt.Sprintf("n=%d", n), n)
		}
	})
}

func TestElementwise(t *testing.T) {
	r := newRand()
	relu := func(v float64) float64 { return max(v, 0) }
	// Each case names its sources a and b, what dst held before as d, and how to run it.
	for _, c := range []struct {
		name string
		want func(d, a, b float64) float64
		run  func(k *Kernels, d, a, b []float32)
		tol  float64 // in roundings of a value below 2
	}{
		{"Add", func(d, a, b float64) float64 { return a + b },
			func(k *Kernels, d, a, b []float32) { k.Add(d, a, b, false) }, 1},
		{"Add relu", func(d, a, b float64) float64 { return relu(a + b) },
			func(k *Kernels, d, a, b []float32) { k.Add(d, a, b, true) }, 1},
		{"Add in place", func(d, a, b float64) float64 { return relu(d + b) },
			func(k *Kernels, d, a, b []float32) { k.Add(d, d, b, true) }, 1},
		{"ReLU", func(d, a, b float64) float64 { return relu(a) },
			func(k *Kernels, d, a, b []float32) { k.ReLU(d, a) }, 0},
		{"ReLU in place", func(d, a, b float64) float64 { return relu(d) },
			func(k *Kernels, d, a, b []float32) { k.ReLU(d, d) }, 0},
		{"ReLUBackward", func(d, a, b float64) float64 {
			if b > 0 {
				return a
			}
			return 0
		}, func(k *Kernels, d, a, b []float32) { k.ReLUBackward(d, a, b, false) }, 0},
		{"ReLUBackward in place", func(d, a, b float64) float64 {
			if b > 0 {
				return d
			}
			return 0
		}, func(k *Kernels, d, a, b []float32) { k.ReLUBackward(d, d, b, false) }, 0},
		{"ReLUBackward acc", func(d, a, b float64) float64 {
			if b > 0 {
				return d + a
			}
			return d
		}, func(k *Kernels, d, a, b []float32) { k.ReLUBackward(d, a, b, true) }, 1},
		{"AddScaled", func(d, a, b float64) float64 { return d + 0.75*a },
			func(k *Kernels, d, a, b []float32) { k.AddScaled(d, 0.75, a) }, 2},
		{"Scale", func(d, a, b float64) float64 { return -1.5 * a },
			func(k *Kernels, d, a, b []float32) { k.Scale(d, -1.5, a) }, 1},
		{"Scale in place", func(d, a, b float64) float64 { return -1.5 * d },
			func(k *Kernels, d, a, b []float32) { k.Scale(d, -1.5, d) }, 1},
		{"Max", func(d, a, b float64) float64 { return max(d, a) },
			func(k *Kernels, d, a, b []float32) { k.Max(d, a) }, 0},
	} {
		eachLength(t, func(t *testing.T, k *Kernels, name string, n int) {
			name = c.name + " " + name
			d, a, b := random(r, n, 1), random(r, n, 2), random(r, n, 3)
			want, tol := make([]float64, n), make([]float64, n)
			for i := range want {
				want[i] = c.want(float64(d.v[i]), float64(a.v[i]), float64(b.v[i]))
				tol[i] = c.tol * eps
			}
			keepA, keepB := a.clone(), b.clone()
			c.run(k, d.v, a.v, b.v)
			near(t, name, d.v, want, tol)
			d.check(t, name)
			for i := range keepA.v {
				if a.v[i] != keepA.v[i] || b.v[i] != keepB.v[i] {
					t.Fatalf("%s: a source changed at %d", name, i)
				}
			}
		})
	}
}

// A diverged run must show: NaN passes through forward kernels and lets gradients pass.
func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	isNaN := func(v float32) bool { return v != v }
	eachISA(t, func(t *testing.T, k *Kernels) {
		const n = 87 // blocks, vectors and a tail on every instruction set
		for at := range n {
			x, one, zero, y := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range one {
				one[i] = 1
			}
			x[at] = nan
			check := func(name string, got []float32, isWant func(v float32) bool) {
				t.Helper()
				for i, v := range got {
					if i == at && !isWant(v) || i != at && isNaN(v) {
						t.Fatalf("%s: NaN at %d gives %v at %d", name, at, v, i)
					}
				}
			}
			isOne := func(v float32) bool { return v == 1 }
			k.ReLU(y, x)
			check("ReLU", y, isNaN)
			for _, relu := range []bool{false, true} {
				k.Add(y, x, one, relu)
				check("Add a", y, isNaN)
				k.Add(y, one, x, relu)
				check("Add b", y, isNaN)
				k.ScaleShift(y, x, one, zero, relu)
				check("ScaleShift", y, isNaN)
				copy(y, x)
				k.AddRow(y, one, relu)
				check("AddRow", y, isNaN)
				k.BatchNormBackward(y, one, x, zero, one, zero, one, one, zero, relu, false)
				check("BatchNormBackward", y, isNaN)
				clear(y)
				sumX := make([]float32, n)
				k.BatchNormReduce(y, sumX, one, x, zero, one, zero, relu)
				check("BatchNormReduce sumDy", y, isOne)
				check("BatchNormReduce sumDyX", sumX, isNaN)
			}
			k.ReLUBackward(y, one, x, false)
			check("ReLUBackward", y, isOne)
			clear(y)
			k.ReLUBackward(y, one, x, true)
			check("ReLUBackward acc", y, isOne)
			copy(y, one)
			k.Max(y, x)
			check("Max x", y, isNaN)
			copy(y, x)
			k.Max(y, one)
			check("Max y", y, isNaN)
		}
	})
}

// A stored result must not depend on what the destination held.
func TestStoreIgnoresDestination(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		const n = 87
		one, zero, y := make([]float32, n), make([]float32, n), make([]float32, n)
		poison := func() {
			for i := range y {
				y[i] = float32(math.NaN())
			}
		}
		for i := range one {
			one[i] = 1
		}
		for name, f := range map[string]func(){
			"ReLUBackward": func() { k.ReLUBackward(y, one, one, false) },
			"BatchNormBackward": func() {
				k.BatchNormBackward(y, one, one, zero, one, zero, one, zero, zero, true, false)
			},
			"Scale": func() { k.Scale(y, 1, one) },
		} {
			poison()
			f()
			for i, v := range y {
				if v != 1 {
					t.Fatalf("%s: element %d is %v, want 1", name, i, v)
				}
			}
		}
	})
}

//go:build !nocuda

package cuda

import (
	"testing"

	"resnet/gpu"
)

// add32 is a + b rounded to float32, as the kernels add.
func add32(a, b float64) float64 { return float64(float32(a) + float32(b)) }

// positive is ReLU; a NaN stays NaN.
func positive(v float64) float64 {
	if v < 0 {
		return 0
	}
	return v
}

// masked is the gradient g of a ReLU with output y.
func masked(g, y float64) float64 {
	if y <= 0 {
		return 0
	}
	return g
}

func TestElementwise(t *testing.T) {
	for _, c := range []struct {
		name string
		want func(d, a, b float64) float64
		run  func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error
	}{
		{"ReLU", func(d, a, b float64) float64 { return positive(a) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error { return g.k.ReLU(g.s, dt, d, a, n) }},
		{"ReLU in place", func(d, a, b float64) float64 { return positive(d) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error { return g.k.ReLU(g.s, dt, d, d, n) }},
		{"ReLUBackward", func(d, a, b float64) float64 { return masked(a, b) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error {
				return g.k.ReLUBackward(g.s, dt, d, a, b, false, n)
			}},
		{"ReLUBackward in place", func(d, a, b float64) float64 { return masked(d, b) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error {
				return g.k.ReLUBackward(g.s, dt, d, d, b, false, n)
			}},
		{"ReLUBackward accumulate", func(d, a, b float64) float64 { return add32(d, masked(a, b)) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error {
				return g.k.ReLUBackward(g.s, dt, d, a, b, true, n)
			}},
		{"Add", func(d, a, b float64) float64 { return add32(a, b) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error {
				return g.k.Add(g.s, dt, d, a, b, false, n)
			}},
		{"Add relu in place", func(d, a, b float64) float64 { return positive(add32(a, d)) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error { return g.k.Add(g.s, dt, d, a, d, true, n) }},
		{"Accumulate", func(d, a, b float64) float64 { return add32(d, a) },
			func(g *rig, dt gpu.DataType, d, a, b gpu.Ptr, n int) error { return g.k.Accumulate(g.s, dt, d, a, n) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachLength(t, func(g *rig, what string, dt gpu.DataType, n int) {
				d, a, b := g.wild(dt, n), g.wild(dt, n), g.wild(dt, n)
				want := make([]float64, n)
				for i := range want {
					want[i] = round(dt, c.want(d[i], a[i], b[i]))
				}
				td, ta, tb := g.put(of(dt), d), g.put(of(dt), a), g.put(of(dt), b)
				g.ok(c.run(g, dt, td.Ptr, ta.Ptr, tb.Ptr, n))
				g.equal(what, td.get(), want)
				g.equal(what+": a source", ta.get(), a)
				g.equal(what+": a source", tb.get(), b)
			})
		})
	}
}

// Without accumulate, the old value of dst must not affect the result.
func TestStoreIgnoresDestination(t *testing.T) {
	eachLength(t, func(g *rig, what string, dt gpu.DataType, n int) {
		a, y := g.put(of(dt), g.random(dt, n)), g.fresh(of(dt), n)
		g.ok(g.k.ReLUBackward(g.s, dt, y.Ptr, a.Ptr, a.Ptr, false, n))
		for i, v := range y.get() {
			if v != v {
				g.Fatalf("%s: element %d is NaN", what, i)
			}
		}
	})
}

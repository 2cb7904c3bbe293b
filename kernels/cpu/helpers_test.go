package cpu

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"
)

// sentinel fills the guard zones; no kernel computes it.
const sentinel = float32(-1.2345e33)

const guard = 40 // more than two of the widest vectors and a partial one

// guarded is a slice v between two guard zones.
type guarded struct {
	all, v []float32
}

// newGuarded returns a slice of n values that starts off values after an aligned address.
func newGuarded(n, off int) guarded {
	all := Alloc(n + 2*guard + off)
	for i := range all {
		all[i] = sentinel
	}
	lo := guard + off
	return guarded{all, all[lo : lo+n : lo+n]}
}

func (g guarded) check(t *testing.T, name string) {
	t.Helper()
	lo := len(g.all) - guard - len(g.v)
	for i, v := range g.all {
		if (i < lo || i >= lo+len(g.v)) && v != sentinel {
			t.Fatalf("%s: guard %d of a slice of %d was overwritten with %v", name, i-lo, len(g.v), v)
		}
	}
}

func random(r *rand.Rand, n, off int) guarded {
	g := newGuarded(n, off)
	for i := range g.v {
		g.v[i] = r.Float32()*2 - 1
	}
	return g
}

func (g guarded) clone() guarded {
	all := Alloc(len(g.all))
	copy(all, g.all)
	lo := len(g.all) - guard - len(g.v)
	return guarded{all, all[lo : lo+len(g.v) : lo+len(g.v)]}
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// eps is the spacing of float32 at 1.
const eps = 1.0 / (1 << 23)

// near fails unless got is within tol[i] of want[i].
func near(t *testing.T, name string, got []float32, want, tol []float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol[i]) {
			t.Fatalf("%s: element %d of %d is %v, want %v: off by %.3g, tolerance %.3g",
				name, i, len(want), got[i], w, d, tol[i])
		}
	}
}

func eachISA(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, isa := range Supported() {
		t.Run(isa.String(), func(t *testing.T) { f(t, For(isa)) })
	}
}

// operands are x, y, z and w of rows of c values, and p and q of c values.
type operands struct{ x, y, z, w, p, q []float32 }

func newOperands(alloc func(n int) []float32, rows, c int) operands {
	n := rows * c
	return operands{alloc(n), alloc(n), alloc(n), alloc(n), alloc(c), alloc(c)}
}

// calls run every vector kernel, for tests of what all of them must keep to. The test file of a kernel adds its own.
var calls []func(k *Kernels, o operands)

func callAll(k *Kernels, o operands) {
	for _, f := range calls {
		f(k, o)
	}
}

func TestCallsHaveEveryKernel(t *testing.T) {
	k := *For(Portable)
	called := map[string]bool{}
	kernels := reflect.ValueOf(&k.vector).Elem()
	for i := range kernels.NumField() {
		name := kernels.Type().Field(i).Name
		f := reflect.NewAt(kernels.Field(i).Type(), unsafe.Pointer(kernels.Field(i).UnsafeAddr())).Elem()
		original := reflect.ValueOf(f.Interface())
		f.Set(reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
			called[name] = true
			return original.Call(args)
		}))
	}
	callAll(&k, newOperands(Alloc, 2, 3))
	for i := range kernels.NumField() {
		if name := kernels.Type().Field(i).Name; !called[name] {
			t.Errorf("no call of kernel %s", name)
		}
	}
}

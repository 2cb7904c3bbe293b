//go:build !nocuda

package cuda

import (
	"math"
	"testing"
	"unsafe"

	"resnet/gpu"
)

func TestCast(t *testing.T) {
	eachLength(t, func(g *rig, what string, dt gpu.DataType, n int) {
		x := make([]float64, n)
		for i := range x {
			switch i % 3 {
			case 0: // a size that 16 bits can hold
				x[i] = float64(float32(math.Ldexp(2*g.r.Float64()-1, g.r.IntN(50)-30)))
			case 1: // any float32 there is
				x[i] = float64(math.Float32frombits(g.r.Uint32()))
			case 2: // a NaN that a carry would turn into 0
				x[i] = float64(math.Float32frombits(0x7fffffff))
			}
		}
		tx, y, back := g.put(f32, x), g.fresh(of(dt), n), g.fresh(f32, n)
		g.ok(g.k.Cast(g.s, dt, y.Ptr, tx.Ptr, n))
		g.equal(what, y.get(), rounded(dt, x))
		g.ok(g.k.Uncast(g.s, dt, back.Ptr, y.Ptr, n))
		g.equal(what+" and back", back.get(), rounded(dt, x))
	})
}

// Ties are rounded to even.
func TestCastToEven(t *testing.T) {
	g := onGPU(t)
	for _, dt := range []gpu.DataType{gpu.Float16, gpu.BFloat16} {
		last := 2 * unit(dt) // the distance of numbers from 1 on
		x := []float64{1 + last/2, 1 + 3*last/2, -1 - last/2, 1 + last/2 + 0x1p-23, 2 - last/2}
		want := []float64{1, 1 + 2*last, -1, 1 + last, 2}
		y := g.fresh(of(dt), len(x))
		g.ok(g.k.Cast(g.s, dt, y.Ptr, g.put(f32, x).Ptr, len(x)))
		g.equal(name(dt), y.get(), want)
	}
}

// scaleState reads a state: scale, inv, found, skip, good.
func (g *rig) scaleState(p gpu.Ptr) ScaleState {
	g.Helper()
	data := g.copyOut(p, int(unsafe.Sizeof(ScaleState{})))
	return *(*ScaleState)(unsafe.Pointer(&data[0]))
}

// newScaleState puts a state on the device.
func (g *rig) newScaleState(s ScaleState) *tensor {
	t := g.zeros(u8, int(unsafe.Sizeof(s)))
	g.copyIn(t.Ptr, unsafe.Slice((*byte)(unsafe.Pointer(&s)), unsafe.Sizeof(s)))
	return t
}

func TestUnscale(t *testing.T) {
	g := onGPU(t)
	const inv = float32(0.3)
	for _, n := range lengths() {
		for _, bad := range []float64{0, math.NaN(), math.Inf(1), math.Inf(-1)} {
			x := g.random(gpu.Float32, n)
			want := ScaleState{Scale: 1 / inv, Inv: inv, Good: 7}
			if at := g.r.IntN(n); bad != 0 {
				x[at] = bad
				want.Found = 1
			}
			tx, state := g.put(f32, x), g.newScaleState(ScaleState{Scale: 1 / inv, Inv: inv, Good: 7})
			g.ok(g.k.Unscale(g.s, tx.Ptr, state.Ptr, n))
			for i, v := range x {
				x[i] = float64(float32(v) * inv)
			}
			g.equal("gradients", tx.get(), x)
			if got := g.scaleState(state.Ptr); got != want {
				t.Fatalf("n=%d with %g: state is %+v, want %+v", n, bad, got, want)
			}
			state.get() // checks its guard zones
		}
	}
}

func TestScaleUpdate(t *testing.T) {
	g := onGPU(t)
	for _, c := range []struct{ before, want ScaleState }{
		{ScaleState{Scale: 8, Found: 1, Good: 50}, ScaleState{Scale: 4, Inv: 0.25, Skip: 1}},
		{ScaleState{Scale: 1, Found: 1}, ScaleState{Scale: 1, Inv: 1, Skip: 1}},
		{ScaleState{Scale: 8, Skip: 1}, ScaleState{Scale: 8, Inv: 0.125, Good: 1}},
		{ScaleState{Scale: 8, Good: 1998}, ScaleState{Scale: 8, Inv: 0.125, Good: 1999}},
		{ScaleState{Scale: 8, Good: 1999}, ScaleState{Scale: 16, Inv: 0.0625}},
		{ScaleState{Scale: 1 << 24, Good: 1999}, ScaleState{Scale: 1 << 24, Inv: 1.0 / (1 << 24)}},
	} {
		state := g.newScaleState(c.before)
		g.ok(g.k.ScaleUpdate(g.s, state.Ptr))
		if got := g.scaleState(state.Ptr); got != c.want {
			t.Errorf("%+v becomes %+v, want %+v", c.before, got, c.want)
		}
		skip := g.copyOut(ScaleSkip(state.Ptr), 4)
		if got := i32.get(skip); got != float64(c.want.Skip) {
			t.Errorf("ScaleSkip finds %v, want %v", got, c.want.Skip)
		}
		state.get() // checks its guard zones
	}
}

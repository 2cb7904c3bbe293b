//go:build !nocuda

package cuda

import (
	"math"
	"testing"

	"resnet/gpu"
)

var adamParams = AdamParams{Beta1: 0.9, Beta2: 0.999, Eps: 1e-3, OneMinusBeta1: 0.1, OneMinusBeta2: 0.001}

// adam32 is one step of the portable Adam of kernels/cpu on one parameter. The conversions prevent FMAs.
func adam32(w, g, m, v, step, vscale, decay float32, o AdamParams) (w1, m1, v1 float32) {
	m1 = float32(o.Beta1*m) + float32(o.OneMinusBeta1*g)
	v1 = float32(o.Beta2*v) + float32(o.OneMinusBeta2*float32(g*g))
	root := float32(math.Sqrt(float64(v1)))
	return float32(decay*w) - float32(step*m1)/(float32(vscale*root)+o.Eps), m1, v1
}

// state is a segment of parameters, with gradients and optimiser state, on the host and on the device.
type state struct {
	p, g, m, v, decays []float64 // decays has a flag for every 16
	tp, tg, tm, tv, td *tensor
	half               gpu.DataType
	th                 *tensor // the mirror
}

func (g *rig) segment(n int) state {
	random := func() []float64 { return g.random(gpu.Float32, n) }
	s := state{p: random(), g: random(), m: random(), v: random()}
	for i := range s.v {
		s.v[i] = math.Abs(s.v[i])
	}
	for range ceilDiv(n, 16) {
		s.decays = append(s.decays, float64(g.r.IntN(2)))
	}
	s.half = dtypes[1+n%2]
	s.th = g.put(of(s.half), s.p)
	s.tp, s.tg, s.tm, s.tv = g.put(f32, s.p), g.put(f32, s.g), g.put(f32, s.m), g.put(f32, s.v)
	s.td = g.put(u8, s.decays)
	return s
}

func (s state) update(stepParams, decay, skip gpu.Ptr) Update {
	return Update{
		P: s.tp.Ptr, G: s.tg.Ptr, M: s.tm.Ptr, V: s.tv.Ptr, StepParams: stepParams, Decay: decay, Skip: skip,
		Mirror: Mirror{s.th.Ptr, s.half}, N: len(s.p),
	}
}

// check compares the device's parameters, their mirror and states; gradients must be as they were.
func (s state) check(g *rig, what string) {
	g.Helper()
	g.equal(what+" p", s.tp.get(), s.p)
	g.equal(what+" mirror", s.th.get(), rounded(s.half, s.p))
	g.equal(what+" m", s.tm.get(), s.m)
	g.equal(what+" v", s.tv.get(), s.v)
	g.equal(what+" g", s.tg.get(), s.g)
}

// adam updates the host's copy.
func (s state) adam(step, vscale float32, decay func(i int) float32) {
	for i := range s.p {
		p, m, v := adam32(float32(s.p[i]), float32(s.g[i]), float32(s.m[i]), float32(s.v[i]), step, vscale, decay(i),
			adamParams)
		s.p[i], s.m[i], s.v[i] = float64(p), float64(m), float64(v)
	}
}

func TestAdam(t *testing.T) {
	g := onGPU(t)
	stepParams := g.put(f32, []float64{0.01, math.NaN(), math.NaN(), math.NaN()}) // the first alone is read
	none := g.zeros(i32, 1)
	for _, n := range lengths() {
		s := g.segment(n)
		g.ok(g.k.Adam(g.s, s.update(stepParams.Ptr, 0, none.Ptr), adamParams))
		s.adam(0.01, 1, func(int) float32 { return 1 })
		s.check(g, "adam")
	}
}

func TestAdamW(t *testing.T) {
	g := onGPU(t)
	stepParams := g.put(f32, []float64{0.01, 1.25, 0.98, math.NaN()})
	for _, n := range lengths() {
		s := g.segment(n)
		g.ok(g.k.AdamW(g.s, s.update(stepParams.Ptr, s.td.Ptr, 0), adamParams))
		s.adam(0.01, 1.25, func(i int) float32 { return float32(1 - 0.02*s.decays[i/16]) })
		s.check(g, "adamw")
		g.ok(g.k.AdamW(g.s, s.update(stepParams.Ptr, 0, 0), adamParams))
		s.adam(0.01, 1.25, func(int) float32 { return 1 })
		s.check(g, "adamw without decay")
	}
}

func TestSGD(t *testing.T) {
	g := onGPU(t)
	stepParams := g.put(f32, []float64{0.1, math.NaN(), math.NaN(), math.NaN()})
	for _, o := range []SGDParams{{}, {Momentum: 0.9, Decay: 0.01}, {Momentum: 0.9, Decay: 0.01, Nesterov: true}} {
		for _, n := range lengths() {
			for _, decay := range []bool{false, true} {
				s := g.segment(n)
				td := s.td.Ptr
				if !decay {
					td = 0
				}
				g.ok(g.k.SGD(g.s, s.update(stepParams.Ptr, td, 0), o))
				for i := range s.p {
					w, v, d := float32(s.p[i]), float32(s.v[i]), float32(s.g[i])
					if decay && s.decays[i/16] == 1 {
						d += float32(o.Decay * w)
					}
					v = float32(o.Momentum*v) + d
					if o.Nesterov {
						d += float32(o.Momentum * v)
					} else {
						d = v
					}
					s.p[i], s.v[i] = float64(w-float32(0.1*d)), float64(v)
				}
				s.check(g, "sgd")
			}
		}
	}
}

// A step to skip leaves parameters and states as they are.
func TestSkippedUpdate(t *testing.T) {
	g := onGPU(t)
	const n = 100
	s := g.segment(n)
	stepParams, skip := g.put(f32, []float64{0.1, 1, 1, 1}), g.put(i32, []float64{1})
	g.ok(g.k.Adam(g.s, s.update(stepParams.Ptr, 0, skip.Ptr), adamParams))
	g.ok(g.k.AdamW(g.s, s.update(stepParams.Ptr, s.td.Ptr, skip.Ptr), adamParams))
	g.ok(g.k.SGD(g.s, s.update(stepParams.Ptr, s.td.Ptr, skip.Ptr), SGDParams{Momentum: 0.5}))
	s.check(g, "skipped")
}

func TestMirrorRefuses(t *testing.T) {
	g := onGPU(t)
	if err := g.k.Adam(g.s, Update{Mirror: Mirror{P: 16, T: gpu.Float32}, N: 1}, adamParams); err == nil {
		t.Error("a mirror of float32 is taken")
	}
}

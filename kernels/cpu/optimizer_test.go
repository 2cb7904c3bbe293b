package cpu

import (
	"math"
	"testing"
)

func init() {
	calls = append(calls, func(k *Kernels, o operands) {
		k.Adam(o.x, o.y, o.z, o.w, AdamParams{Eps: 1})
		k.SGD(o.x, o.y, o.z, SGDParams{})
		k.SGD(o.x, o.y, o.z, SGDParams{Nesterov: true})
	})
}

func TestAdam(t *testing.T) {
	r := newRand()
	p := AdamParams{Beta1: 0.9, Beta2: 0.999, Step: 0.01, VScale: 1.25, Eps: 1e-3, Decay: 0.98,
		OneMinusBeta1: 0.1, OneMinusBeta2: 0.001}
	eachLength(t, func(t *testing.T, k *Kernels, name string, n int) {
		w, g, m, v := random(r, n, 1), random(r, n, 2), random(r, n, 3), random(r, n, 0)
		wantW, wantM, wantV := make([]float64, n), make([]float64, n), make([]float64, n)
		tol, tolW := make([]float64, n), make([]float64, n)
		for i := range v.v {
			v.v[i] = 0.01 + v.v[i]*v.v[i]
			d := float64(g.v[i])
			wantM[i] = float64(p.Beta1)*float64(m.v[i]) + float64(p.OneMinusBeta1)*d
			wantV[i] = float64(p.Beta2)*float64(v.v[i]) + float64(p.OneMinusBeta2)*d*d
			root := float64(p.VScale)*math.Sqrt(wantV[i]) + float64(p.Eps)
			wantW[i] = float64(p.Decay)*float64(w.v[i]) - float64(p.Step)*wantM[i]/root
			tol[i] = 3 * eps // three roundings of values below 2
			// The quotient is below 0.1 and takes about ten roundings, the weight two.
			tolW[i] = (2 + 1) * eps
		}
		k.Adam(w.v, g.v, m.v, v.v, p)
		near(t, name+" m", m.v, wantM, tol)
		near(t, name+" v", v.v, wantV, tol)
		near(t, name+" w", w.v, wantW, tolW)
		for _, s := range []guarded{w, g, m, v} {
			s.check(t, name)
		}
	})
}

// The first step of Adam from zero moments moves every weight by the learning rate against the gradient's sign,
// in both forms of the bias correction.
func TestAdamFirstStep(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		const lr, beta1, beta2, n = 0.125, 0.9, 0.999, 21
		for _, p := range []AdamParams{
			{Step: lr / (1 - beta1), VScale: float32(1 / math.Sqrt(1-beta2))},
			{Step: float32(lr * math.Sqrt(1-beta2) / (1 - beta1)), VScale: 1},
		} {
			p.Beta1, p.Beta2, p.OneMinusBeta1, p.OneMinusBeta2, p.Decay = beta1, beta2, 1-beta1, 1-beta2, 1
			w, g, m, v := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range g {
				g[i] = float32(i%2*2-1) * (0.5 + float32(i))
			}
			k.Adam(w, g, m, v, p)
			for i := range w {
				want := float64(-lr) * float64(i%2*2-1)
				if d := math.Abs(float64(w[i]) - want); d > 10*eps*lr { // about ten roundings
					t.Fatalf("weight %d is %v, want %v", i, w[i], want)
				}
			}
		}
	})
}

func TestSGD(t *testing.T) {
	r := newRand()
	for _, p := range []SGDParams{
		{LR: 0.1}, {LR: 0.1, Momentum: 0.9, Decay: 0.01}, {LR: 0.1, Momentum: 0.9, Decay: 0.01, Nesterov: true},
	} {
		eachLength(t, func(t *testing.T, k *Kernels, name string, n int) {
			w, g, v := random(r, n, 1), random(r, n, 2), random(r, n, 3)
			keep := g.clone()
			wantW, wantV, tol := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range wantW {
				d := float64(g.v[i]) + float64(p.Decay)*float64(w.v[i])
				wantV[i] = float64(p.Momentum)*float64(v.v[i]) + d
				if p.Nesterov {
					d += float64(p.Momentum) * wantV[i]
				} else {
					d = wantV[i]
				}
				wantW[i] = float64(w.v[i]) - float64(p.LR)*d
				tol[i] = 4 * eps // four roundings of values below 2
			}
			k.SGD(w.v, g.v, v.v, p)
			near(t, name+" w", w.v, wantW, tol)
			near(t, name+" v", v.v, wantV, tol)
			for _, s := range []guarded{w, g, v} {
				s.check(t, name)
			}
			for i := range keep.v {
				if g.v[i] != keep.v[i] {
					t.Fatalf("%s: gradient %d changed", name, i)
				}
			}
		})
	}
}

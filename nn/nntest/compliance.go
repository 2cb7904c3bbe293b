package nntest

import (
	"fmt"
	"math"
	"testing"

	"resnet/nn"
)

// RunAll checks a backend against the reference: every op in many shapes, the
// optimisers, whole networks, partial batches, mixed modes, planned memory
// against memory of its own for every tensor, two executors at a time, plans for
// inference, and misuse. open gives a new backend; RunAll closes it.
func RunAll(t *testing.T, open func(t testing.TB) nn.Backend) {
	backend := open(t)
	defer func() {
		if err := backend.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			kept := c.run(t, backend, true)
			c.compare(t, kept)
			// Planned memory must give the same bits as memory without sharing: a
			// difference is a tensor overwritten while it is still wanted.
			sameBits(t, "planned memory", c.run(t, backend, false), kept)
		})
	}
	t.Run("sharing", func(t *testing.T) { runSharing(t, backend) })
	t.Run("inference", func(t *testing.T) { runInference(t, backend) })
	t.Run("nan", func(t *testing.T) { runNaN(t, backend) })
	t.Run("misuse", func(t *testing.T) { runMisuse(t, backend) })
}

// RunDeterminism checks that two backends, such as one with a single thread and
// one with several, compute the same bits.
func RunDeterminism(t *testing.T, open1, openN func(t testing.TB) nn.Backend) {
	one, many := open1(t), openN(t)
	defer one.Close()
	defer many.Close()
	for _, c := range cases() {
		if c.isNetwork() {
			t.Run(c.name, func(t *testing.T) {
				sameBits(t, "other backend", c.run(t, many, false), c.run(t, one, false))
			})
		}
	}
}

// accumulation is how much noisier than its rounded terms a float32 sum may be.
// A running sum of K terms rounds every partial sum: about sqrt(K) times the
// noise of the rounded terms alone, and K is about a thousand here.
const accumulation = 32

// compare checks a trace against the reference's. The allowed distance of a
// tensor is what rounding every intermediate result to float32 does to it (its
// condition, measured; see rounding), times accumulation, and the result's own
// rounding.
func (c *testCase) compare(t *testing.T, got trace) {
	t.Helper()
	exact, noise := c.reference(t)
	if len(got) != len(exact) {
		t.Fatalf("%d tensors traced, want %d", len(got), len(exact))
	}
	const most = 6
	failed, worst, worstName := 0, 0.0, ""
	for i, want := range exact {
		d, allowed := distance(got[i].v, want.v), accumulation*noise[i]+8*roundoff*norm(want.v)
		if d <= allowed {
			if allowed > 0 && d/allowed > worst {
				worst, worstName = d/allowed, want.name
			}
			continue
		}
		if failed++; failed <= most {
			t.Errorf("%s: distance %.2e of %.2e, allowed %.2e", want.name, d, norm(want.v), allowed)
		}
	}
	if failed > most {
		t.Errorf("and %d more of %d tensors", failed-most, len(exact))
	}
	t.Logf("%d tensors; the worst that passes is at %.2f of the allowed distance: %s", len(exact), worst, worstName)
}

// sameBits compares the tensors of got with those of the same name in want.
func sameBits(t *testing.T, what string, got, want trace) {
	t.Helper()
	named := map[string][]float64{}
	for _, r := range want {
		named[r.name] = r.v
	}
	for _, r := range got {
		w, ok := named[r.name]
		if !ok || len(w) != len(r.v) {
			t.Fatalf("%s: %s: %d elements, want %d", what, r.name, len(r.v), len(w))
		}
		for i, v := range r.v {
			if math.Float64bits(v) != math.Float64bits(w[i]) {
				t.Fatalf("%s: %s: element %d is %g, want %g, bit for bit", what, r.name, i, v, w[i])
			}
		}
	}
}

// distance is the L2 norm of a-b; NaN where either has one.
func distance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum)
}

func norm(a []float64) float64 {
	sum := 0.0
	for _, v := range a {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// reference gives the exact trace and the distance of each tensor under float32
// rounding, the largest of three draws: one draw of a tensor of one element may
// be zero by luck. Both are computed once for all backends of a test binary.
func (c *testCase) reference(t *testing.T) (exact trace, noise []float64) {
	t.Helper()
	if e, ok := expectations[c.name]; ok {
		return e.exact, e.noise
	}
	exact = c.run(t, NewReference(), true)
	noise = make([]float64, len(exact))
	for seed := range uint64(3) {
		for i, r := range c.run(t, &Reference{noise: seed + 1}, true) {
			noise[i] = max(noise[i], distance(r.v, exact[i].v))
		}
	}
	expectations[c.name] = expectation{exact, noise}
	return exact, noise
}

type expectation struct {
	exact trace
	noise []float64
}

// expectations is by case name. Tests of one package run one after another
// unless they ask for more, and RunAll's do not.
var expectations = map[string]expectation{}

func modeName(m nn.Mode) string {
	return [...]string{nn.Train: "train", nn.Eval: "eval", nn.Gradient: "gradient"}[m]
}

func (a action) String() string { return fmt.Sprintf("%s of %d", modeName(a.mode), a.n) }

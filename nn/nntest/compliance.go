package nntest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"resnet/nn"
)

// RunAll checks a backend against the reference: every op in many shapes, optimisers, whole networks, partial batches,
// mixed modes, planned memory against memory without sharing, two executors at a time, plans for inference alone and
// with another batch for inference, large logits, NaN, and misuse. open returns a new backend; RunAll closes it.
// Under the race detector it does without the reference.
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
			if !Race {
				c.compare(t, kept, Float32)
			}
			// Planned memory must give the same bits as memory without sharing. Otherwise a tensor was overwritten
			// before its last use.
			sameBits(t, "planned memory", c.run(t, backend, false), kept)
		})
	}
	t.Run("sharing", func(t *testing.T) { runSharing(t, backend) })
	t.Run("inference", func(t *testing.T) { runInference(t, backend) })
	t.Run("eval batch", func(t *testing.T) { runEvalBatch(t, backend) })
	t.Run("large logits", func(t *testing.T) { runLargeLogits(t, backend) })
	t.Run("nan", func(t *testing.T) { runNaN(t, backend) })
	t.Run("misuse", func(t *testing.T) { runMisuse(t, backend) })
}

// RunDeterminism checks that two backends, such as one with a single thread and one with several, compute the same
// bits.
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

// Digest is a hash of every bit that a backend computes on the networks, for comparing processes with different
// settings.
func Digest(t *testing.T, open func(t testing.TB) nn.Backend) string {
	backend := openBackend(t, open)
	h := sha256.New()
	for _, c := range cases() {
		if !c.isNetwork() {
			continue
		}
		for _, r := range c.run(t, backend, false) {
			fmt.Fprintf(h, "%s %s\n", c.name, r.name)
			for _, v := range r.v {
				binary.Write(h, binary.LittleEndian, v)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A Tolerance says how exact the results of a backend must be.
type Tolerance struct {
	// Roundoff is the largest relative error of one rounding.
	Roundoff float64
	// Samples is the number of references with rounding noise that measure the effect of rounding. One is not enough:
	// its error may be zero by chance, as in a tensor of one element.
	Samples uint64
	// Accumulation is the factor by which a sum may be noisier than its rounded terms.
	Accumulation float64
	// Kinks allows for ReLUs and max pools. If numbers are rounded to u, a fraction of their inputs proportional to u
	// falls on the other side of the kink and changes its whole gradient, so that gradients are off by Kinks*sqrt(u) of
	// their norm. It applies from the first gradient of a trace on.
	Kinks float64
}

// Float32 is the tolerance of RunAll. A running sum of K terms in float32 rounds every partial sum, which makes about
// sqrt(K) times the noise of the rounded terms alone, and K is about a thousand here.
var Float32 = Tolerance{Roundoff: 1.0 / (1 << 24), Samples: 3, Accumulation: 32}

// compare checks a trace against the reference's. The allowed distance of a tensor is the measured effect of rounding
// every intermediate result (see rounding) times Accumulation, plus the rounding of the result itself. Below float32, a
// tensor that rounding changes by its whole norm, such as batch norm of eight nearly equal values, only has to be
// finite; compare returns the number of these blind tensors.
func (c *testCase) compare(t *testing.T, got trace, tol Tolerance) (blind int) {
	t.Helper()
	exact, noise := c.reference(t, tol.Roundoff, tol.Samples)
	of := map[string]int{}
	for i, r := range exact {
		of[r.name] = i
	}
	const most = 6
	failed, worst, worstName := 0, 0.0, ""
	kinks := 0.0
	for _, r := range got {
		i, ok := of[r.name]
		if !ok {
			t.Fatalf("%s: the reference has no such tensor", r.name)
		}
		want := exact[i]
		if strings.HasSuffix(r.name, " gradient") {
			kinks = tol.Kinks * math.Sqrt(tol.Roundoff)
		}
		d, allowed := distance(r.v, want.v), tol.Accumulation*noise[i]+(8*tol.Roundoff+kinks)*norm(want.v)
		if tol.Kinks > 0 && tol.Accumulation*noise[i] > norm(want.v) && !math.IsNaN(d) && !math.IsInf(d, 0) {
			blind++
			continue
		}
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
		t.Errorf("and %d more of %d tensors", failed-most, len(got))
	}
	t.Logf("%d tensors, %d of them without a correct digit at this precision; the worst that passes is at %.2f of the "+
		"allowed distance: %s", len(got), blind, worst, worstName)
	return blind
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

// reference returns the exact trace and, for each tensor, its largest distance from that in samples of rounding noise.
// Both are computed once for all backends of a test binary.
func (c *testCase) reference(t *testing.T, roundoff float64, samples uint64) (exact trace, noise []float64) {
	t.Helper()
	key := expected{c.name, roundoff}
	if e, ok := expectations[key]; ok {
		return e.exact, e.noise
	}
	exact = c.run(t, NewReference(), true)
	noise = make([]float64, len(exact))
	for seed := range samples {
		for i, r := range c.run(t, &Reference{noise: seed + 1, roundoff: roundoff}, true) {
			noise[i] = max(noise[i], distance(r.v, exact[i].v))
		}
	}
	expectations[key] = expectation{exact, noise}
	return exact, noise
}

type expected struct {
	name     string
	roundoff float64
}

type expectation struct {
	exact trace
	noise []float64
}

// expectations are the results of reference. They need no lock, because no test here is parallel.
var expectations = map[expected]expectation{}

func (a action) String() string { return fmt.Sprintf("%v of %d", a.mode, a.n) }

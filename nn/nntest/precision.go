package nntest

import (
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

// Tolerances of the precisions below float32. Sums are in float32, whose rounding does not matter beside that of the
// terms. The noise is heavy-tailed, so it takes more samples to measure, and a backend is one sample more.
var (
	TF32     = Tolerance{Roundoff: 1.0 / (1 << 11), Samples: 8, Accumulation: 4, Kinks: 4}
	Float16  = Tolerance{Roundoff: 1.0 / (1 << 11), Samples: 8, Accumulation: 4, Kinks: 4}
	BFloat16 = Tolerance{Roundoff: 1.0 / (1 << 8), Samples: 8, Accumulation: 4, Kinks: 4}
)

// RunPrecision compares a backend with the reference on every op and on whole networks without comparing bits: the
// backend may round to less than float32 or sum in a different order in each run. It reads what can be read of any
// plan: logits, losses, parameters, their gradients and states.
func RunPrecision(t *testing.T, open func(t testing.TB) nn.Backend, tol Tolerance) {
	backend := openBackend(t, open)
	tensors, blind := 0, 0
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			got := c.run(t, backend, false).withoutCounts()
			tensors += len(got)
			blind += c.compare(t, got, tol)
		})
	}
	if 3*blind > tensors {
		t.Errorf("%d of %d tensors have no correct digit at this precision: the cases test too little", blind, tensors)
	}
}

// RunNetwork compares a backend with the reference on one network: gradients and evaluation of a whole batch, and of
// fewer images. All is computed twice, as a backend may capture a step when it has run once. Twins, backends that do
// not, say, must give the same bits.
func RunNetwork(t *testing.T, backend nn.Backend, g *nn.Graph, batch int, tol Tolerance, twins ...nn.Backend) {
	t.Helper()
	c := newCase(g.Name, g, batch)
	c.script = slices.Concat(c.script, c.script)
	got := c.run(t, backend, false).withoutCounts()
	c.compare(t, got, tol)
	for _, twin := range twins {
		sameBits(t, "twin", c.run(t, twin, false).withoutCounts(), got)
	}
}

// withoutCounts leaves out the counts of correct images: rounding may change which logit is the largest.
func (t trace) withoutCounts() trace {
	return slices.DeleteFunc(t, func(r record) bool { return strings.HasSuffix(r.name, "correct count") })
}

package nntest

import (
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

// Tolerances of the precisions below float32: numbers rounded to so many bits, sums in float32, which add nothing to
// that. The noise is heavy-tailed: it takes more draws to measure, and a backend is one draw more.
var (
	TF32     = Tolerance{Roundoff: 1.0 / (1 << 11), Draws: 8, Accumulation: 4, Kinks: 4}
	Float16  = Tolerance{Roundoff: 1.0 / (1 << 11), Draws: 8, Accumulation: 4, Kinks: 4}
	BFloat16 = Tolerance{Roundoff: 1.0 / (1 << 8), Draws: 8, Accumulation: 4, Kinks: 4}
)

// RunPrecision checks a backend whose bits are not held to anything against the reference, on every op and on whole
// networks: one that rounds to less than float32, or that sums in another order each time. It looks at what can be read
// of any plan: logits, losses, gradients of parameters, parameters, their states.
func RunPrecision(t *testing.T, open func(t testing.TB) nn.Backend, tol Tolerance) {
	backend := openBackend(t, open)
	tensors, blind := 0, 0
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			// Which logit is the largest is not a matter of degree.
			got := slices.DeleteFunc(c.run(t, backend, false), func(r record) bool {
				return strings.HasSuffix(r.name, "correct count")
			})
			tensors += len(got)
			blind += c.compare(t, got, tol)
		})
	}
	if 3*blind > tensors {
		t.Errorf("%d of %d tensors have no digit left at this precision: the cases show too little", blind, tensors)
	}
}

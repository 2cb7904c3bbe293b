package nn_test

import (
	"math"
	"testing"

	"resnet/nn"
)

// TestStepParams against the published formulas by hand, to the rounding of float32.
func TestStepParams(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  nn.Optimizer
		t    int64
		lr   float64
		want nn.StepParams
	}{
		// lr*sqrt(1-0.999)/(1-0.9) = 1e-3 * 0.0316227766/0.1
		{"adam, first step", nn.NewAdam(), 1, 1e-3, nn.StepParams{3.16227766e-4}},
		// lr*sqrt(1-0.998001)/(1-0.81) = 1e-3 * 0.0447101778/0.19
		{"adam, second step", nn.NewAdam(), 2, 1e-3, nn.StepParams{2.35316725e-4}},
		{"adam, corrections gone", nn.NewAdam(), 1e6, 0.5, nn.StepParams{0.5}},
		{"adam, other betas", nn.Adam{Beta1: 0.5, Beta2: 0.75, Eps: 1}, 1, 0.1, nn.StepParams{0.1}}, // sqrt(0.25)/0.5
		// 1e-3/0.1, 1/sqrt(0.001), 1-1e-3*1e-2
		{"adamw, first step", nn.NewAdamW(), 1, 1e-3, nn.StepParams{1e-2, 31.6227766, 0.99999}},
		{"adamw, corrections gone", nn.AdamW{Beta1: 0.9, Beta2: 0.999, Decay: 0.5}, 1e6, 0.1,
			nn.StepParams{0.1, 1, 0.95}},
		{"sgd", nn.SGD{Momentum: 0.9, Decay: 1e-4, Nesterov: true}, 7, 0.3, nn.StepParams{0.3}},
	} {
		got := c.opt.StepParams(c.t, c.lr)
		for i, w := range c.want {
			// The expected values are given to nine digits and rounded to float32.
			if d := math.Abs(float64(got[i]) - float64(w)); d > 1.2e-7*math.Abs(float64(w)) {
				t.Errorf("%s: scalar %d is %v, want %v", c.name, i, got[i], w)
			}
		}
	}
}

func TestOptimizerDefaults(t *testing.T) {
	if got := nn.NewAdam(); got != (nn.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-7}) {
		t.Errorf("adam %+v, want Keras' defaults", got)
	}
	if got := nn.NewAdamW(); got != (nn.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 1e-2}) {
		t.Errorf("adamw %+v, want PyTorch's defaults", got)
	}
	for _, c := range []struct {
		opt    nn.Optimizer
		kind   string
		states int
	}{{nn.NewAdam(), "adam", 2}, {nn.NewAdamW(), "adamw", 2}, {nn.SGD{}, "sgd", 1}} {
		if c.opt.Kind() != c.kind || c.opt.States() != c.states {
			t.Errorf("%s with %d states, want %s with %d", c.opt.Kind(), c.opt.States(), c.kind, c.states)
		}
	}
}

package nntest

import (
	"math"

	"resnet/nn"
)

// update is an optimiser's rule for one element: parameter p, gradient g, states m and v, the step scalars h, and
// whether p decays.
type update func(p, g, m, v float64, h nn.StepParams, decays bool) (newP, newM, newV float64)

// updateRule returns the rule of an optimiser, nil for an unknown one.
func updateRule(o nn.Optimizer) update {
	switch o := o.(type) {
	case nn.Adam:
		return func(p, g, m, v float64, h nn.StepParams, _ bool) (float64, float64, float64) {
			m = o.Beta1*m + (1-o.Beta1)*g
			v = o.Beta2*v + (1-o.Beta2)*g*g
			return p - float64(h[0])*m/(math.Sqrt(v)+o.Eps), m, v
		}
	case nn.AdamW:
		return func(p, g, m, v float64, h nn.StepParams, decays bool) (float64, float64, float64) {
			if decays {
				p *= float64(h[2])
			}
			m = o.Beta1*m + (1-o.Beta1)*g
			v = o.Beta2*v + (1-o.Beta2)*g*g
			return p - float64(h[0])*m/(math.Sqrt(v)*float64(h[1])+o.Eps), m, v
		}
	case nn.SGD:
		return func(p, g, m, v float64, h nn.StepParams, decays bool) (float64, float64, float64) {
			if decays {
				g += o.Decay * p
			}
			m = o.Momentum*m + g
			if o.Nesterov {
				return p - float64(h[0])*(g+o.Momentum*m), m, v
			}
			return p - float64(h[0])*m, m, v
		}
	}
	return nil
}

// update applies the optimiser to every trainable parameter.
func (e *ReferenceExecutor) update() {
	rule := updateRule(e.plan.Optimizer)
	for _, value := range e.graph.Parameters() {
		param := e.graph.Param(value)
		if !param.Trainable {
			continue
		}
		p, g := e.tensors[nn.Data][value], e.tensors[nn.Grad][value]
		m, v := e.tensors[nn.Momentum][value], e.tensors[nn.SecondMoment][value]
		for i := range p {
			second := 0.0
			if v != nil {
				second = v[i]
			}
			p[i], m[i], second = rule(p[i], g[i], m[i], second, e.stepParams, param.Decay)
			if v != nil {
				v[i] = second
			}
		}
	}
}

func optimizerCases() []*testCase {
	g := network(3, 6, 6, 10, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		x = b.add(nn.Conv{Out: 7, Kernel: 3, Pad: nn.Padding(1)}, x)
		x = b.add(nn.BatchNorm{ReLU: true}, x)
		x = b.add(nn.Conv{Out: 5, Kernel: 3, Pad: nn.Padding(1), Bias: true}, x)
		return b.add(nn.Linear{Out: 33, ReLU: true}, x)
	})
	var list []*testCase
	for _, c := range []struct {
		name string
		opt  nn.Optimizer
	}{
		{"adam", nn.NewAdam()}, {"adam with other betas", nn.Adam{Beta1: 0.5, Beta2: 0.9, Eps: 1e-3}},
		{"adamw", nn.NewAdamW()}, {"adamw with strong decay", nn.AdamW{Beta1: 0.8, Beta2: 0.99, Eps: 1e-4, Decay: 5}},
		{"sgd", nn.SGD{}}, {"sgd with momentum", nn.SGD{Momentum: 0.9}}, {"sgd with decay", nn.SGD{Decay: 0.5}},
		{"sgd with nesterov momentum and decay", nn.SGD{Momentum: 0.9, Decay: 0.1, Nesterov: true}},
	} {
		script := []action{{nn.Train, 8}, {nn.Train, 8}, {nn.Train, 3}}
		list = append(list, &testCase{name: "optimizer/" + c.name, graph: g, batch: 8, opt: c.opt, script: script})
	}
	return list
}

package nntest

import (
	"math"

	"resnet/nn"
)

// update is an optimiser's rule for one element: parameter p, gradient g, states m and v, the step's scalars h, and
// whether p decays.
type update func(p, g, m, v float64, h nn.StepParams, decays bool) (newP, newM, newV float64)

// updateRule is nil for an optimiser that the reference does not know.
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

// update takes the optimiser's step on every trainable parameter.
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
			p[i], m[i], second = rule(p[i], g[i], m[i], second, e.hyper, param.Decay)
			if v != nil {
				v[i] = second
			}
		}
	}
}

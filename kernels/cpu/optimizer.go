package cpu

import "math"

// AdamParams are the scalars of one step of Adam. Step and VScale contain the bias corrections of step t, in either of
// the two common forms, with lr the learning rate, c1 = 1-Beta1^t and c2 = 1-Beta2^t:
//
//	PyTorch: Step = lr/c1,          VScale = 1/sqrt(c2)
//	Keras:   Step = lr*sqrt(c2)/c1, VScale = 1
//
// Decay is a factor on the weights: 1 without weight decay, 1 - lr*weight_decay for AdamW.
type AdamParams struct {
	Beta1, Beta2, Step, VScale, Eps, Decay float32
	// OneMinusBeta1 and OneMinusBeta2 are given so that they are rounded only once, from float64.
	OneMinusBeta1, OneMinusBeta2 float32
}

// Adam updates the weights w and the first and second moments m and v by the gradient g:
//
//	m = Beta1*m + OneMinusBeta1*g
//	v = Beta2*v + OneMinusBeta2*g²
//	w = Decay*w - Step*m/(VScale*sqrt(v) + Eps)
func (k *Kernels) Adam(w, g, m, v []float32, p AdamParams) {
	sameLen("Adam", len(w), g, m, v)
	k.vector.adam(w, g, m, v, p.Beta1, p.Beta2, p.Step, p.VScale, p.Eps, p.Decay, p.OneMinusBeta1, p.OneMinusBeta2)
}

// SGDParams are the scalars of one step of gradient descent. Decay is the L2 penalty (weight_decay).
type SGDParams struct {
	LR, Momentum, Decay float32
	Nesterov            bool
}

// SGD updates the weights w and the momentum v by the gradient g, as PyTorch does with dampening 0; g is unchanged:
//
//	d = g + Decay*w
//	v = Momentum*v + d
//	w = w - LR*v,  or w - LR*(d + Momentum*v) with Nesterov
func (k *Kernels) SGD(w, g, v []float32, p SGDParams) {
	sameLen("SGD", len(w), g, v)
	if p.Nesterov {
		k.vector.nesterov(w, g, v, p.LR, p.Momentum, p.Decay)
	} else {
		k.vector.sgd(w, g, v, p.LR, p.Momentum, p.Decay)
	}
}

func adamGo(w, g, m, v []float32, beta1, beta2, step, vscale, eps, decay, rest1, rest2 float32) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	for i, d := range g {
		m1 := beta1*m[i] + rest1*d
		v1 := beta2*v[i] + rest2*(d*d)
		m[i], v[i] = m1, v1
		w[i] = decay*w[i] - step*m1/(vscale*float32(math.Sqrt(float64(v1)))+eps)
	}
}

func sgdGo(w, g, v []float32, lr, momentum, decay float32) {
	g, v = g[:len(w)], v[:len(w)]
	for i, x := range w {
		v[i] = momentum*v[i] + (g[i] + decay*x)
		w[i] = x - lr*v[i]
	}
}

func nesterovGo(w, g, v []float32, lr, momentum, decay float32) {
	g, v = g[:len(w)], v[:len(w)]
	for i, x := range w {
		d := g[i] + decay*x
		v[i] = momentum*v[i] + d
		w[i] = x - lr*(d+momentum*v[i])
	}
}

package cpu

import "math"

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

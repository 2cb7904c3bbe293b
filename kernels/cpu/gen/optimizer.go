package main

import "github.com/mmcloughlin/avo/reg"

var optimizerKernels = []kernel{
	{"adam", "[Kernels.Adam]", "w, g, m, v []float32, beta1, beta2, step, vscale, eps, decay, rest1, rest2 float32",
		elementwise{1, adam}.emit},
	{"sgd", "[Kernels.SGD]", "w, g, v []float32, lr, momentum, decay float32", elementwise{2, sgd}.emit},
	{"nesterov", "[Kernels.SGD]", "w, g, v []float32, lr, momentum, decay float32", elementwise{2, nesterov}.emit},
}

func adam(g *asm, p mems, s regs) {
	d, m, v := g.load(p["g"]), g.load(p["m"]), g.load(p["v"])
	g.VMULPS(s["beta1"], m, m)
	g.VFMADD231PS(s["rest1"], d, m)
	g.store(m, p["m"])
	g.VMULPS(d, d, d)
	g.VMULPS(s["beta2"], v, v)
	g.VFMADD231PS(s["rest2"], d, v)
	g.store(v, p["v"])
	g.VSQRTPS(v, v)
	g.VFMADD213PS(s["eps"], s["vscale"], v)
	g.VMULPS(s["step"], m, m)
	g.VDIVPS(v, m, m)
	w := g.load(p["w"])
	g.VFMSUB213PS(m, s["decay"], w)
	g.store(w, p["w"])
}

func sgd(g *asm, p mems, s regs) {
	w, _, v := sgdVelocity(g, p, s)
	g.VFNMADD231PS(s["lr"], v, w)
	g.store(w, p["w"])
}

func nesterov(g *asm, p mems, s regs) {
	w, d, v := sgdVelocity(g, p, s)
	g.VFMADD231PS(s["momentum"], v, d)
	g.VFNMADD231PS(s["lr"], d, w)
	g.store(w, p["w"])
}

// sgdVelocity stores v = momentum*v + d with d = g + decay*w, and returns w, d and v.
func sgdVelocity(g *asm, p mems, s regs) (w, d, v reg.VecVirtual) {
	w, d, v = g.load(p["w"]), g.load(p["g"]), g.load(p["v"])
	g.VFMADD231PS(s["decay"], w, d)
	g.VFMADD213PS(d, s["momentum"], v)
	g.store(v, p["v"])
	return w, d, v
}

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// flat describes a kernel that treats its slices as equal runs of float32.
type flat struct {
	name, method string
	slices       []string
	scalars      []string
	unroll       int
	// body handles one vector: p holds the address in each slice, s the broadcast scalars.
	body func(g *asm, p map[string]operand.Mem, s map[string]reg.VecVirtual)
}

func (f flat) emit(g *asm) {
	g.function(f.name, f.method, "func("+slices(f.slices, f.scalars...)+")")
	scalars := map[string]reg.VecVirtual{}
	for _, s := range f.scalars {
		scalars[s] = g.broadcast(s)
	}
	base := map[string]reg.Register{}
	for _, s := range f.slices {
		base[s] = g.pointer(s)
	}
	left, off := g.length(f.slices[0]), g.GP64()
	g.XORQ(off, off)
	body := func(u int) {
		p := map[string]operand.Mem{}
		for s, r := range base {
			p[s] = operand.Mem{Base: r, Index: off, Scale: 1, Disp: u * g.bytes()}
		}
		f.body(g, p, scalars)
	}
	full := func(label string, n int) {
		g.SUBQ(imm(n*g.lanes), left)
		g.JLT(operand.LabelRef(label + "end"))
		g.loop(label)
		for u := range n {
			body(u)
		}
		g.ADDQ(imm(n*g.bytes()), off)
		g.SUBQ(imm(n*g.lanes), left)
		g.JGE(operand.LabelRef(label))
		g.Label(label + "end")
		g.ADDQ(imm(n*g.lanes), left)
	}
	if f.unroll > 1 {
		full("block", f.unroll)
	}
	full("single", 1)
	g.JZ(operand.LabelRef("done"))
	g.beginTail(left)
	body(0)
	g.endTail()
	g.Label("done")
	g.ret()
}

func flatKernels(g *asm) {
	type mems = map[string]operand.Mem
	type regs = map[string]reg.VecVirtual
	for _, f := range []flat{
		{"add", "[Kernels.Add]", []string{"y", "a", "b"}, []string{"floor"}, 4,
			func(g *asm, p mems, s regs) {
				v := g.load(p["a"])
				g.VADDPS(g.source(p["b"]), v, v)
				g.VMAXPS(v, s["floor"], v)
				g.store(v, p["y"])
			}},
		{"relu", "[Kernels.ReLU]", []string{"y", "x"}, []string{"floor"}, 4,
			func(g *asm, p mems, s regs) {
				v := g.vec()
				// The second source, x, is the result where x is NaN.
				g.VMAXPS(g.source(p["x"]), s["floor"], v)
				g.store(v, p["y"])
			}},
		{"reluBackward", "[Kernels.ReLUBackward]", []string{"dx", "dy", "y"}, []string{"floor"}, 4,
			func(g *asm, p mems, s regs) {
				g.store(g.where(notLessOrEqual, g.load(p["y"]), s["floor"], p["dy"]), p["dx"])
			}},
		{"reluBackwardAdd", "[Kernels.ReLUBackward]", []string{"dx", "dy", "y"}, []string{"floor"}, 4,
			func(g *asm, p mems, s regs) {
				v := g.where(notLessOrEqual, g.load(p["y"]), s["floor"], p["dy"])
				g.VADDPS(g.source(p["dx"]), v, v)
				g.store(v, p["dx"])
			}},
		{"addScaled", "[Kernels.AddScaled]", []string{"y", "x"}, []string{"alpha"}, 4,
			func(g *asm, p mems, s regs) {
				v := g.load(p["y"])
				g.VFMADD231PS(g.source(p["x"]), s["alpha"], v)
				g.store(v, p["y"])
			}},
		{"scale", "[Kernels.Scale]", []string{"y", "x"}, []string{"alpha"}, 4,
			func(g *asm, p mems, s regs) {
				v := g.vec()
				g.VMULPS(g.source(p["x"]), s["alpha"], v)
				g.store(v, p["y"])
			}},
		{"max", "[Kernels.Max]", []string{"y", "x"}, nil, 4,
			func(g *asm, p mems, s regs) {
				x, y := g.load(p["x"]), g.load(p["y"])
				// VMAXPS alone keeps a NaN of y only.
				g.VMAXPS(y, x, y)
				if g.lanes == 16 {
					k := g.K()
					g.VCMPPS(operand.U8(unordered), x, x, k)
					g.VMOVAPS(x, k, y)
				} else {
					m := g.vec()
					g.VCMPPS(operand.U8(unordered), x, x, m)
					g.VBLENDVPS(m, x, y, y)
				}
				g.store(y, p["y"])
			}},
		{"adam", "[Kernels.Adam]", []string{"w", "g", "m", "v"},
			[]string{"beta1", "beta2", "step", "vscale", "eps", "decay", "rest1", "rest2"}, 1, adam},
		{"sgd", "[Kernels.SGD]", []string{"w", "g", "v"}, []string{"lr", "momentum", "decay"}, 2,
			func(g *asm, p mems, s regs) {
				w, _, v := sgdVelocity(g, p, s)
				g.VFNMADD231PS(s["lr"], v, w)
				g.store(w, p["w"])
			}},
		{"nesterov", "[Kernels.SGD]", []string{"w", "g", "v"}, []string{"lr", "momentum", "decay"}, 2,
			func(g *asm, p mems, s regs) {
				w, d, v := sgdVelocity(g, p, s)
				g.VFMADD231PS(s["momentum"], v, d)
				g.VFNMADD231PS(s["lr"], d, w)
				g.store(w, p["w"])
			}},
	} {
		f.emit(g)
	}
}

func adam(g *asm, p map[string]operand.Mem, s map[string]reg.VecVirtual) {
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

// sgdVelocity stores v = momentum*v + d with d = g + decay*w, and returns w, d and v.
func sgdVelocity(g *asm, p map[string]operand.Mem, s map[string]reg.VecVirtual) (w, d, v reg.VecVirtual) {
	w, d, v = g.load(p["w"]), g.load(p["g"]), g.load(p["v"])
	g.VFMADD231PS(s["decay"], w, d)
	g.VFMADD213PS(d, s["momentum"], v)
	g.store(v, p["v"])
	return w, d, v
}

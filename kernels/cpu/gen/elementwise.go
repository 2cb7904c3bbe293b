package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise builds a kernel over slices of equal length.
type elementwise struct {
	unroll int // vectors that one iteration of the main loop handles
	// body handles one vector: p has its address in each slice, s the scalars, each in every lane of a register.
	body func(g *asm, p mems, s regs)
}

func (f elementwise) emit(g *asm) {
	scalars := regs{}
	for _, s := range g.scalars {
		scalars[s] = g.broadcast(s)
	}
	base := map[string]reg.Register{}
	for _, s := range g.slices {
		base[s] = g.pointer(s)
	}
	left, off := g.length(g.slices[0]), g.GP64()
	g.XORQ(off, off)
	body := func(u int) {
		p := mems{}
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

var elementwiseKernels = []kernel{
	{"add", "[Kernels.Add]", "y, a, b []float32, floor float32", elementwise{4, add}.emit},
	{"relu", "[Kernels.ReLU]", "y, x []float32, floor float32", elementwise{4, relu}.emit},
	{"reluBackward", "[Kernels.ReLUBackward]", "dx, dy, y []float32, floor float32", elementwise{4, reluBackward}.emit},
	{"reluBackwardAdd", "[Kernels.ReLUBackward]", "dx, dy, y []float32, floor float32",
		elementwise{4, reluBackwardAdd}.emit},
	{"addScaled", "[Kernels.AddScaled]", "y, x []float32, alpha float32", elementwise{4, addScaled}.emit},
	{"scale", "[Kernels.Scale]", "y, x []float32, alpha float32", elementwise{4, scale}.emit},
	{"max", "[Kernels.Max]", "y, x []float32", elementwise{4, maximum}.emit},
}

func add(g *asm, p mems, s regs) {
	v := g.load(p["a"])
	g.VADDPS(g.source(p["b"]), v, v)
	g.VMAXPS(v, s["floor"], v)
	g.store(v, p["y"])
}

func relu(g *asm, p mems, s regs) {
	v := g.vec()
	// The second source, x, is the result where x is NaN.
	g.VMAXPS(g.source(p["x"]), s["floor"], v)
	g.store(v, p["y"])
}

func reluBackward(g *asm, p mems, s regs) {
	g.store(g.where(notLessOrEqual, g.load(p["y"]), s["floor"], p["dy"]), p["dx"])
}

func reluBackwardAdd(g *asm, p mems, s regs) {
	v := g.where(notLessOrEqual, g.load(p["y"]), s["floor"], p["dy"])
	g.VADDPS(g.source(p["dx"]), v, v)
	g.store(v, p["dx"])
}

func addScaled(g *asm, p mems, s regs) {
	v := g.load(p["y"])
	g.VFMADD231PS(g.source(p["x"]), s["alpha"], v)
	g.store(v, p["y"])
}

func scale(g *asm, p mems, s regs) {
	v := g.vec()
	g.VMULPS(g.source(p["x"]), s["alpha"], v)
	g.store(v, p["y"])
}

func maximum(g *asm, p mems, _ regs) {
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
}

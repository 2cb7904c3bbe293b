package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// channelwise builds a kernel over rows of c channels. Of its slices, the first (data of them) hold rows*c float32, and
// the others one float32 for each channel.
type channelwise struct {
	data   int
	unroll int // vectors of a row that one iteration of the main loop handles
	// body handles one vector of one row: p has its address in each slice.
	body func(g *asm, p mems, floor reg.VecVirtual)
}

func (f channelwise) emit(g *asm) {
	floor := g.broadcast("floor")
	base := map[string]reg.Register{}
	for _, s := range g.slices {
		base[s] = g.pointer(s)
	}
	rows := g.Load(g.Param("rows"), g.GP64())
	row, full, off := g.length(g.slices[f.data]), g.GP64(), g.GP64()
	last := g.GP64()
	g.MOVQ(row, last)
	g.ANDQ(imm(g.lanes-1), last)
	g.MOVQ(row, full)
	g.SUBQ(last, full)
	// The last vector of every row needs the same mask, so it is made once; with last = 0 it is not used.
	g.beginTail(last)
	mask := g.tail
	g.endTail()
	g.SHLQ(imm(2), row)
	g.SHLQ(imm(2), full)
	body := func(u int) {
		p := mems{}
		for s, r := range base {
			p[s] = operand.Mem{Base: r, Index: off, Scale: 1, Disp: u * g.bytes()}
		}
		f.body(g, p, floor)
	}

	g.Label("row")
	g.XORQ(off, off)
	if f.unroll > 1 {
		block := imm(f.unroll * g.bytes())
		g.SUBQ(block, full)
		g.JLT(operand.LabelRef("blockend"))
		g.loop("block")
		for u := range f.unroll {
			body(u)
		}
		g.ADDQ(block, off)
		g.CMPQ(off, full)
		g.JLE(operand.LabelRef("block"))
		g.Label("blockend")
		g.ADDQ(block, full)
	}
	g.CMPQ(off, full)
	g.JGE(operand.LabelRef("last"))
	g.loop("single")
	body(0)
	g.ADDQ(imm(g.bytes()), off)
	g.CMPQ(off, full)
	g.JLT(operand.LabelRef("single"))
	g.Label("last")
	g.CMPQ(off, row)
	g.JEQ(operand.LabelRef("next"))
	g.tail = mask
	body(0)
	g.endTail()
	g.Label("next")
	for _, s := range g.slices[:f.data] {
		g.ADDQ(row, base[s])
	}
	g.DECQ(rows)
	g.JNZ(operand.LabelRef("row"))
	g.ret()
}

var channelwiseKernels = []kernel{
	{"scaleShift", "[Kernels.ScaleShift]", "rows int, y, x, scale, shift []float32, floor float32",
		channelwise{data: 2, unroll: 4, body: scaleShift}.emit},
	{"addRow", "[Kernels.AddRow]", "rows int, y, row []float32, floor float32",
		channelwise{data: 1, unroll: 4, body: addRow}.emit},
	{"batchNormBackward", "[Kernels.BatchNormBackward]",
		"rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32",
		channelwise{data: 3, unroll: 1, body: batchNormBackward}.emit},
	{"batchNormBackwardAdd", "[Kernels.BatchNormBackward]",
		"rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32",
		channelwise{data: 3, unroll: 1, body: batchNormBackwardAdd}.emit},
}

func scaleShift(g *asm, p mems, floor reg.VecVirtual) {
	v := g.load(p["scale"])
	g.VFMADD213PS(g.source(p["shift"]), g.load(p["x"]), v)
	g.VMAXPS(v, floor, v)
	g.store(v, p["y"])
}

func addRow(g *asm, p mems, floor reg.VecVirtual) {
	v := g.load(p["row"])
	g.VADDPS(g.source(p["y"]), v, v)
	g.VMAXPS(v, floor, v)
	g.store(v, p["y"])
}

func batchNormBackward(g *asm, p mems, floor reg.VecVirtual) {
	g.store(batchNormGrad(g, p, floor), p["dx"])
}

func batchNormBackwardAdd(g *asm, p mems, floor reg.VecVirtual) {
	v := batchNormGrad(g, p, floor)
	g.VADDPS(g.source(p["dx"]), v, v)
	g.store(v, p["dx"])
}

// batchNormGrad returns d*a + (x-mean)*b + k, with d = dy where x*scale+shift is above floor and 0 elsewhere.
func batchNormGrad(g *asm, p mems, floor reg.VecVirtual) reg.VecVirtual {
	x, y := g.load(p["x"]), g.load(p["scale"])
	g.VFMADD213PS(g.source(p["shift"]), x, y)
	d := g.where(notLessOrEqual, y, floor, p["dy"])
	g.VSUBPS(g.source(p["mean"]), x, x)
	b := g.load(p["b"])
	g.VFMADD213PS(g.source(p["k"]), x, b)
	g.VFMADD231PS(g.source(p["a"]), d, b)
	return b
}

package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// channelwise describes a kernel over rows of c channels: some slices hold all rows, some one value a channel.
type channelwise struct {
	name, method string
	data         []string // rows*c float32, walked row by row
	params       []string // c float32
	unroll       int
	body         func(g *asm, p map[string]operand.Mem, floor reg.VecVirtual)
}

func (f channelwise) emit(g *asm) {
	g.function(f.name, f.method, "func(rows int, "+slices(append(append([]string{}, f.data...), f.params...), "floor")+")")
	floor := g.broadcast("floor")
	base := map[string]reg.Register{}
	for _, s := range append(append([]string{}, f.data...), f.params...) {
		base[s] = g.pointer(s)
	}
	rows := g.Load(g.Param("rows"), g.GP64())
	row, full, off := g.length(f.params[0]), g.GP64(), g.GP64()
	last := g.GP64()
	g.MOVQ(row, last)
	g.ANDQ(imm(g.lanes-1), last)
	g.MOVQ(row, full)
	g.SUBQ(last, full)
	// The mask is wanted by the last vector of every row, so it is made once; with last = 0 it is not used.
	g.beginTail(last)
	mask := g.tail
	g.endTail()
	g.SHLQ(imm(2), row)
	g.SHLQ(imm(2), full)
	body := func(u int) {
		p := map[string]operand.Mem{}
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
	for _, s := range f.data {
		g.ADDQ(row, base[s])
	}
	g.DECQ(rows)
	g.JNZ(operand.LabelRef("row"))
	g.ret()
}

func channelKernels(g *asm) {
	type mems = map[string]operand.Mem
	for _, f := range []channelwise{
		{"scaleShift", "[Kernels.ScaleShift]", []string{"y", "x"}, []string{"scale", "shift"}, 4,
			func(g *asm, p mems, floor reg.VecVirtual) {
				v := g.load(p["scale"])
				g.VFMADD213PS(g.source(p["shift"]), g.load(p["x"]), v)
				g.VMAXPS(v, floor, v)
				g.store(v, p["y"])
			}},
		{"addRow", "[Kernels.AddRow]", []string{"y"}, []string{"row"}, 4,
			func(g *asm, p mems, floor reg.VecVirtual) {
				v := g.load(p["row"])
				g.VADDPS(g.source(p["y"]), v, v)
				g.VMAXPS(v, floor, v)
				g.store(v, p["y"])
			}},
		{"batchNormBackward", "[Kernels.BatchNormBackward]", []string{"dx", "dy", "x"},
			[]string{"mean", "scale", "shift", "a", "b", "k"}, 1,
			func(g *asm, p mems, floor reg.VecVirtual) {
				g.store(batchNormGrad(g, p, floor), p["dx"])
			}},
		{"batchNormBackwardAdd", "[Kernels.BatchNormBackward]", []string{"dx", "dy", "x"},
			[]string{"mean", "scale", "shift", "a", "b", "k"}, 1,
			func(g *asm, p mems, floor reg.VecVirtual) {
				v := batchNormGrad(g, p, floor)
				g.VADDPS(g.source(p["dx"]), v, v)
				g.store(v, p["dx"])
			}},
	} {
		f.emit(g)
	}
}

// batchNormGrad returns g*a + (x-mean)*b + k with g = dy where x*scale+shift is above floor.
func batchNormGrad(g *asm, p map[string]operand.Mem, floor reg.VecVirtual) reg.VecVirtual {
	x, y := g.load(p["x"]), g.load(p["scale"])
	g.VFMADD213PS(g.source(p["shift"]), x, y)
	d := g.where(notLessOrEqual, y, floor, p["dy"])
	g.VSUBPS(g.source(p["mean"]), x, x)
	b := g.load(p["b"])
	g.VFMADD213PS(g.source(p["k"]), x, b)
	g.VFMADD231PS(g.source(p["a"]), d, b)
	return b
}

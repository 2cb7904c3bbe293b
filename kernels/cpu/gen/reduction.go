package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduction builds a kernel that sums over rows, channel by channel. The sums of a block of channels stay in registers
// while the rows are read. Of its slices, the first (sums of them) hold the c sums that are added to, the next (data of
// them) rows*c float32, and the others one float32 for each channel.
type reduction struct {
	sums, data int
	// body adds one vector of one row to acc, one accumulator for each of the sums. p has its address in each slice of
	// data, param the values of the other slices. floor is nil for a kernel without that parameter.
	body func(g *asm, p mems, param ops, floor reg.VecVirtual, acc []reg.VecVirtual)
}

// ops holds a vector of each slice, in memory or in a register, by the parameter's name.
type ops = map[string]operand.Op

func (f reduction) emit(g *asm) {
	var floor reg.VecVirtual
	if len(g.scalars) > 0 {
		floor = g.broadcast("floor")
	}
	row, full, off := g.length(g.slices[0]), g.GP64(), g.GP64()
	last := g.GP64()
	g.MOVQ(row, last)
	g.ANDQ(imm(g.lanes-1), last)
	g.MOVQ(row, full)
	g.SUBQ(last, full)
	g.SHLQ(imm(2), row)
	g.SHLQ(imm(2), full)
	g.XORQ(off, off)
	for _, width := range []int{g.reduceBlock, 1} {
		label := fmt.Sprintf("wide%d", width)
		size := imm(width * g.bytes())
		g.SUBQ(size, full)
		g.Label(label)
		g.CMPQ(off, full)
		g.JGT(operand.LabelRef(label + "end"))
		f.block(g, label, width, row, off, floor)
		g.ADDQ(size, off)
		g.JMP(operand.LabelRef(label))
		g.Label(label + "end")
		g.ADDQ(size, full)
	}
	g.CMPQ(off, row)
	g.JEQ(operand.LabelRef("done"))
	g.beginTail(last)
	f.block(g, "tail", 1, row, off, floor)
	g.endTail()
	g.Label("done")
	g.ret()
}

// block sums width vectors of channels over all rows. Rows go to several accumulators in turn, which hides the latency
// of the addition and keeps the partial sums short.
func (f reduction) block(g *asm, label string, width int, row, off reg.Register, floor reg.VecVirtual) {
	at := func(base reg.Register, v int) operand.Mem {
		return operand.Mem{Base: base, Index: off, Scale: 1, Disp: v * g.bytes()}
	}
	rows := 4
	if width > 1 {
		rows = 2
	}
	sums, data, params := g.slices[:f.sums], g.slices[f.sums:f.sums+f.data], g.slices[f.sums+f.data:]
	param := make([]ops, width)
	for v := range param {
		param[v] = ops{}
	}
	for _, s := range params {
		base := g.pointer(s)
		for v := range param {
			if m := at(base, v); width == 1 {
				param[v][s] = g.load(m)
			} else {
				param[v][s] = m
			}
		}
	}
	acc := make([][][]reg.VecVirtual, rows)
	for r := range acc {
		acc[r] = make([][]reg.VecVirtual, width)
		for v := range acc[r] {
			for range sums {
				acc[r][v] = append(acc[r][v], g.zero())
			}
		}
	}
	base := map[string]reg.Register{}
	for _, s := range data {
		base[s] = g.pointer(s)
	}
	step := func(acc [][]reg.VecVirtual) {
		for v := range acc {
			p := mems{}
			for s, r := range base {
				p[s] = at(r, v)
			}
			f.body(g, p, param[v], floor, acc[v])
		}
		for _, s := range data {
			g.ADDQ(row, base[s])
		}
	}
	left := g.Load(g.Param("rows"), g.GP64())
	g.SUBQ(imm(rows), left)
	g.JLT(operand.LabelRef(label + "rest"))
	g.loop(label + "rows")
	for r := range rows {
		step(acc[r])
	}
	g.SUBQ(imm(rows), left)
	g.JGE(operand.LabelRef(label + "rows"))
	g.Label(label + "rest")
	g.ADDQ(imm(rows), left)
	g.JZ(operand.LabelRef(label + "sum"))
	g.Label(label + "one")
	step(acc[0])
	g.DECQ(left)
	g.JNZ(operand.LabelRef(label + "one"))
	g.Label(label + "sum")
	for n := rows; n > 1; n /= 2 {
		for r := range n / 2 {
			for v := range width {
				for i := range sums {
					g.VADDPS(acc[r+n/2][v][i], acc[r][v][i], acc[r][v][i])
				}
			}
		}
	}
	for i, s := range sums {
		sum := g.pointer(s)
		for v := range width {
			g.VADDPS(g.source(at(sum, v)), acc[0][v][i], acc[0][v][i])
			g.store(acc[0][v][i], at(sum, v))
		}
	}
}

var reductionKernels = []kernel{
	{"stats", "[Kernels.Stats]", "rows int, sum, sumsq, x, shift []float32",
		reduction{sums: 2, data: 1, body: stats}.emit},
	{"sumRows", "[Kernels.SumRows]", "rows int, sum, x []float32",
		reduction{sums: 1, data: 1, body: sumRows}.emit},
	{"batchNormReduce", "[Kernels.BatchNormReduce]",
		"rows int, sumDy, sumDyX, dy, x, mean, scale, shift []float32, floor float32",
		reduction{sums: 2, data: 2, body: batchNormReduce}.emit},
}

func stats(g *asm, p mems, param ops, _ reg.VecVirtual, acc []reg.VecVirtual) {
	x := g.load(p["x"])
	g.VSUBPS(param["shift"], x, x)
	g.VADDPS(x, acc[0], acc[0])
	g.VFMADD231PS(x, x, acc[1])
}

func sumRows(g *asm, p mems, _ ops, _ reg.VecVirtual, acc []reg.VecVirtual) {
	g.VADDPS(g.source(p["x"]), acc[0], acc[0])
}

func batchNormReduce(g *asm, p mems, param ops, floor reg.VecVirtual, acc []reg.VecVirtual) {
	x, y := g.load(p["x"]), g.vec()
	g.VMOVUPS(param["scale"], y)
	g.VFMADD213PS(param["shift"], x, y)
	d := g.where(notLessOrEqual, y, floor, p["dy"])
	g.VSUBPS(param["mean"], x, x)
	g.VADDPS(d, acc[0], acc[0])
	g.VFMADD231PS(x, d, acc[1])
}

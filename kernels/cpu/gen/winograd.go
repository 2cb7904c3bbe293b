package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transforms lists the kernels that the fields of the struct Winograd hold.
var transforms = []kernel{
	transform{inputMatrix, false}.kernel("Input"),
	transform{outputMatrix, false}.kernel("Output"),
	transform{outputMatrix, true}.kernel("OutputAdd"),
	transform{transposed(outputMatrix), false}.kernel("Gradient"),
	transform{filterMatrix, false}.kernel("Filter"),
	transform{transposed(filterMatrix), false}.kernel("FilterGradient"),
}

var (
	inputMatrix  = [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}}
	outputMatrix = [][]float64{{1, 1, 1, 0}, {0, 1, -1, 1}}
	filterMatrix = [][]float64{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}
)

// transform builds a kernel that maps a square grid of vectors X to T X Tᵀ. Every entry of T is 0, ±1 or ±0.5.
type transform struct {
	matrix [][]float64 // T
	add    bool        // add to what dst holds
}

func (t transform) kernel(field string) kernel {
	return kernel{
		name:       "winograd" + field,
		implements: "[Winograd]." + field,
		params:     "c int, dst *float32, dstRow, dstCol int, src *float32, srcRow, srcCol int",
		emit:       t.emit,
	}
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

// columns loads a column stride and returns it and three times it, in bytes.
func (g *asm) columns(param string) (once, thrice reg.Register) {
	once = g.Load(g.Param(param), g.GP64())
	g.SHLQ(imm(2), once)
	t := g.GP64()
	g.LEAQ(operand.Mem{Base: once, Index: once, Scale: 2}, t)
	return once, t
}

func column(base, once, thrice reg.Register, j int) operand.Mem {
	switch j {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		return operand.Mem{Base: base, Index: thrice, Scale: 1}
	}
	return operand.Mem{Base: base, Index: once, Scale: uint8(j)}
}

func (t transform) emit(g *asm) {
	left := g.Load(g.Param("c"), g.GP64())
	dst := g.Load(g.Param("dst"), g.GP64())
	dstRow := g.Load(g.Param("dstRow"), g.GP64())
	g.SHLQ(imm(2), dstRow)
	dc1, dc3 := g.columns("dstCol")
	sc1, sc3 := g.columns("srcCol")
	srcRow := g.Load(g.Param("srcRow"), g.GP64())
	rows := []reg.Register{g.Load(g.Param("src"), g.GP64())}
	for len(rows) < len(t.matrix[0]) {
		next := g.GP64()
		g.LEAQ(operand.Mem{Base: rows[len(rows)-1], Index: srcRow, Scale: 4}, next)
		rows = append(rows, next)
	}
	half := g.vec()
	word := g.GP32()
	g.MOVL(operand.U32(0x3f000000), word) // 0.5
	x := half.AsX()
	g.VMOVD(word, x)
	g.VBROADCASTSS(x, half)

	body := func() {
		out := g.GP64()
		g.MOVQ(dst, out)
		for i, coef := range t.matrix {
			mid := make([]reg.VecVirtual, len(rows))
			for j := range rows {
				mid[j] = g.combine(half, coef, func(k int) operand.Op { return column(rows[k], sc1, sc3, j) })
			}
			for o, across := range t.matrix {
				v := g.combine(half, across, func(k int) operand.Op { return mid[k] })
				m := column(out, dc1, dc3, o)
				if t.add {
					g.VADDPS(g.source(m), v, v)
				}
				g.store(v, m)
			}
			if i+1 < len(t.matrix) {
				g.ADDQ(dstRow, out)
			}
		}
	}
	g.SUBQ(imm(g.lanes), left)
	g.JLT(operand.LabelRef("rest"))
	g.loop("vectors")
	body()
	for _, r := range append([]reg.Register{dst}, rows...) {
		g.ADDQ(imm(g.bytes()), r)
	}
	g.SUBQ(imm(g.lanes), left)
	g.JGE(operand.LabelRef("vectors"))
	g.Label("rest")
	g.ADDQ(imm(g.lanes), left)
	g.JZ(operand.LabelRef("done"))
	g.beginTail(left)
	body()
	g.endTail()
	g.Label("done")
	g.ret()
}

// combine returns Σ coef[k]*x(k) in a register. That is x(k) itself where the sum is a single x(k) in a register, and a
// new one otherwise.
func (g *asm) combine(half reg.Register, coef []float64, x func(k int) operand.Op) reg.VecVirtual {
	sum := func(unit float64) (v reg.VecVirtual) {
		var terms []int // positive ones first
		for k, c := range coef {
			if c == unit {
				terms = append([]int{k}, terms...)
			} else if c == -unit {
				terms = append(terms, k)
			}
		}
		for i, k := range terms {
			op := x(k)
			switch {
			case i == 0:
				if r, ok := op.(reg.VecVirtual); ok && len(terms) == 1 {
					v = r
				} else if ok {
					v = g.vec()
					g.VMOVUPS(r, v)
				} else {
					v = g.load(op.(operand.Mem))
				}
			case coef[k] == unit:
				g.VADDPS(g.read(op), v, v)
			default:
				g.VSUBPS(g.read(op), v, v)
			}
		}
		return v
	}
	whole, halves := sum(1), sum(0.5)
	switch {
	case halves == nil:
		return whole
	case whole == nil:
		v := g.vec()
		g.VMULPS(half, halves, v)
		return v
	}
	v := g.vec()
	g.VMOVUPS(whole, v)
	g.VFMADD231PS(half, halves, v)
	return v
}

// read returns op for an instruction to read: op itself if it is a register.
func (g *asm) read(op operand.Op) operand.Op {
	if m, ok := op.(operand.Mem); ok {
		return g.source(m)
	}
	return op
}

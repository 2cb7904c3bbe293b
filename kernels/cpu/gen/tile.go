package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// unroll is the number of values of k that one iteration of the inner loop handles.
const unroll = 4

const tileParams = "outer, k int, a *float32, lda, astep int, b *float32, ldb, bstep int, c *float32, ldc int, acc int"

// tiles lists the tiles that are width vectors wide, from one row up.
func tiles(t target, width int, transposed bool) []kernel {
	name, largest := "tile", t.rows
	if transposed {
		name, largest = "tileT", t.rowsT
	}
	var list []kernel
	for rows := 1; rows <= largest; rows++ {
		list = append(list, kernel{
			name:       fmt.Sprintf("%s%dx%d", name, rows, width*t.lanes),
			implements: "[TileFunc]",
			params:     tileParams,
			emit:       func(g *asm) { tile{g, rows, width, transposed}.emit() },
		})
	}
	return list
}

// tile emits the kernel for a block of C of rows by width vectors, which it sums in registers.
type tile struct {
	*asm
	rows, width int
	transposed  bool
}

// chains returns the number of partial sums of each element of C. Small tiles need several: a core starts two FMAs per
// cycle and each takes 4 cycles, so with fewer than 8 sums, in practice 12 with AVX-512, it waits for results.
func (t tile) chains() int {
	enough := 8
	if t.lanes == 16 {
		enough = 12
	}
	n := 1
	for n < unroll && n*t.rows*t.width < enough {
		n *= 2
	}
	return n
}

func (t tile) emit() {
	outer := t.Load(t.Param("outer"), t.GP64())
	a := t.Load(t.Param("a"), t.GP64())
	b := t.Load(t.Param("b"), t.GP64())
	ldb := t.stride("ldb")
	sums := make([][][]reg.VecVirtual, t.chains())
	for s := range sums {
		sums[s] = make([][]reg.VecVirtual, t.rows)
		for i := range sums[s] {
			for range t.width {
				sums[s][i] = append(sums[s][i], t.zero())
			}
		}
	}
	t.TESTQ(outer, outer)
	t.JLE(operand.LabelRef("sum"))

	// For every four rows of A one register moves along k; the three rows after it are addressed by an index.
	var rows rowPointers
	if t.transposed {
		rows = rowPointers{base: []reg.Register{t.GP64()}, ld: t.stride("lda")}
	} else {
		rows = t.newRowPointers("lda")
	}
	bp, left := t.GP64(), t.GP64()

	t.Label("outer")
	t.point(rows, a)
	t.MOVQ(b, bp)
	t.Load(t.Param("k"), left)
	t.SUBQ(imm(unroll), left)
	t.JLT(operand.LabelRef("rest"))
	t.loop("loop")
	for u := range unroll {
		t.step(sums[u%len(sums)], rows, u, bp, ldb)
	}
	t.advance(rows, 4*unroll)
	t.SUBQ(imm(unroll), left)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	t.ADDQ(imm(unroll), left)
	t.JZ(operand.LabelRef("next"))
	t.Label("one")
	t.step(sums[0], rows, 0, bp, ldb)
	t.advance(rows, 4)
	t.DECQ(left)
	t.JNZ(operand.LabelRef("one"))
	t.Label("next")
	t.ADDQ(t.stride("astep"), a)
	t.ADDQ(t.stride("bstep"), b)
	t.DECQ(outer)
	t.JNZ(operand.LabelRef("outer"))

	t.Label("sum")
	for n := len(sums); n > 1; n /= 2 {
		for s := range n / 2 {
			for i, row := range sums[s] {
				for v := range row {
					t.VADDPS(sums[s+n/2][i][v], row[v], row[v])
				}
			}
		}
	}
	t.writeC(sums[0])
	t.ret()
}

// step adds the products for one k: a column of A times a row of B. u counts the steps since the last advance.
func (t tile) step(sums [][]reg.VecVirtual, rows rowPointers, u int, bp, ldb reg.Register) {
	var b []reg.VecVirtual
	for v := range t.width {
		b = append(b, t.load(operand.Mem{Base: bp, Disp: v * t.bytes()}))
	}
	for i, sum := range sums {
		m := operand.Mem{Base: rows.base[0], Disp: 4 * i}
		if !t.transposed {
			m = rows.at(i, 4*u)
		}
		if t.width == 1 && t.lanes == 16 {
			t.VFMADD231PS_BCST(m, b[0], sum[0])
			continue
		}
		a := t.vec()
		t.VBROADCASTSS(m, a)
		for v := range sum {
			t.VFMADD231PS(b[v], a, sum[v])
		}
	}
	t.ADDQ(ldb, bp)
	if t.transposed {
		t.ADDQ(rows.ld, rows.base[0])
	}
}

// advance moves the pointers along the rows of A. For a transposed A each step moves them instead.
func (t tile) advance(rows rowPointers, bytes int) {
	if t.transposed {
		return
	}
	for _, p := range rows.base {
		t.ADDQ(imm(bytes), p)
	}
}

func (t tile) writeC(sum [][]reg.VecVirtual) {
	rows := t.newRowPointers("ldc")
	t.point(rows, t.Load(t.Param("c"), t.GP64()))
	acc := t.Load(t.Param("acc"), t.GP64())
	t.TESTQ(acc, acc)
	t.JZ(operand.LabelRef("store"))
	for i, row := range sum {
		for v := range row {
			t.VADDPS(rows.at(i, v*t.bytes()), row[v], row[v])
		}
	}
	t.Label("store")
	for i, row := range sum {
		for v := range row {
			t.VMOVUPS(row[v], rows.at(i, v*t.bytes()))
		}
	}
}

// stride loads a stride in float32s and returns it in bytes.
func (t tile) stride(param string) reg.Register {
	r := t.Load(t.Param(param), t.GP64())
	t.SHLQ(imm(2), r)
	return r
}

// rowPointers addresses any row of a matrix: a base register for every four rows, plus 0, 1, 2 or 3 strides.
type rowPointers struct {
	base        []reg.Register
	ld, threeLd reg.Register
}

// newRowPointers allocates registers for the tile's rows of a matrix with the given stride.
func (t tile) newRowPointers(stride string) rowPointers {
	var p rowPointers
	for range (t.rows + 3) / 4 {
		p.base = append(p.base, t.GP64())
	}
	if t.rows > 1 {
		p.ld = t.stride(stride)
	}
	if t.rows > 3 {
		p.threeLd = t.GP64()
		t.LEAQ(operand.Mem{Base: p.ld, Index: p.ld, Scale: 2}, p.threeLd)
	}
	return p
}

// point sets the address of the first row, and with it those of the others.
func (t tile) point(p rowPointers, first reg.Register) {
	t.MOVQ(first, p.base[0])
	for i := 1; i < len(p.base); i++ {
		t.LEAQ(operand.Mem{Base: p.base[i-1], Index: p.ld, Scale: 4}, p.base[i])
	}
}

func (p rowPointers) at(row, disp int) operand.Mem {
	m := operand.Mem{Base: p.base[row/4], Disp: disp}
	switch row % 4 {
	case 1:
		return m.Idx(p.ld, 1)
	case 2:
		return m.Idx(p.ld, 2)
	case 3:
		return m.Idx(p.threeLd, 1)
	}
	return m
}

package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// table declares constant bytes.
func (g *asm) table(name string, content []byte) operand.Mem {
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, v := range content {
		g.AddDatum(i, operand.U8(v))
	}
	return m
}

// repeat loads 16 bytes into every part of 16 bytes of a vector.
func (g *asm) repeat(m operand.Mem) reg.VecVirtual {
	v := g.vec()
	if g.lanes == 16 {
		g.VBROADCASTI32X4(m, v)
	} else {
		g.VBROADCASTI128(m, v)
	}
	return v
}

// part returns one of the parts of 16 bytes of a vector.
func (g *asm) part(v reg.VecVirtual, i int) reg.Register {
	x := g.XMM()
	if g.lanes == 16 {
		g.VEXTRACTI32X4(operand.U8(i), v, x)
	} else {
		g.VEXTRACTI128(operand.U8(i), v, x)
	}
	return x
}

// words loads a dword into every lane.
func (g *asm) words(m operand.Mem) reg.VecVirtual {
	v := g.vec()
	g.VPBROADCASTD(m, v)
	return v
}

func (g *asm) clear(v reg.VecVirtual) {
	if g.lanes == 16 {
		g.VPXORD(v, v, v)
	} else {
		g.VPXOR(v, v, v)
	}
}

// copyTo copies a vector.
func (g *asm) copyTo(from, to reg.VecVirtual) {
	if g.lanes == 16 {
		g.VMOVDQA32(from, to)
	} else {
		g.VMOVDQA(from, to)
	}
}

// wordLanes is the number of words in a vector.
func (g *asm) wordLanes() int { return 2 * g.lanes }

// widened loads bytes as words.
func (g *asm) widened(m operand.Mem) reg.VecVirtual {
	v := g.vec()
	g.VPMOVZXBW(m, v)
	return v
}

// everyWord returns the low word of a register in every word of a vector.
func (g *asm) everyWord(r reg.Register) reg.VecVirtual {
	x, v := g.XMM(), g.vec()
	g.VMOVD(r.(reg.GP).As32(), x)
	g.VPBROADCASTW(x, v)
	return v
}

// everyDword returns a constant in every dword of a vector.
func (g *asm) everyDword(bits uint32) reg.VecVirtual {
	r, x, v := g.GP32(), g.XMM(), g.vec()
	g.MOVL(operand.U32(bits), r)
	g.VMOVD(r, x)
	g.VPBROADCASTD(x, v)
	return v
}

func (g *asm) or(a, b reg.VecVirtual) {
	if g.lanes == 16 {
		g.VPORD(a, b, b)
	} else {
		g.VPOR(a, b, b)
	}
}

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Weights have 22 bits behind the point. They are stored as two words, of the lower 15 bits and of the rest, since
// VPMADDWD multiplies words.
const (
	weightBits = 22
	lowBits    = 15
)

// resampling lists the kernels of the struct Resample.
var resampling = []kernel{
	across{1}.kernel(), across{2}.kernel(), across{3}.kernel(), across{4}.kernel(),
	{"resampleDown", "[Resample].Down", "n int, dst, src *byte, stride, taps int, weights *int16", down},
}

// across builds the kernel that resamples rows of pixels of so many bytes.
type across struct{ channels int }

func (a across) kernel() kernel {
	return kernel{
		name:       fmt.Sprintf("resampleAcross%d", a.channels),
		implements: "[Resample].Across",
		params: "n int, dst *byte, dstStride int, src *byte, srcStride int, from *int32, steps int, " +
			"weights *int16",
		emit: a.emit,
	}
}

// step is the number of bytes of a row, and of weights, that one step takes: two, four or eight pixels.
func (a across) step() (pixels, weights int) {
	switch a.channels {
	case 1, 2:
		return 8, 32
	}
	return 2 * a.channels, 8
}

// Offsets of the tables that shuffle bytes into words: those of an even step, and those of an odd one.
const evenStep, oddStep = 0, 16

// shuffles are the tables of 16 bytes for the steps. A lane of four bytes of the result has a channel of two pixels.
func (a across) shuffles() []byte {
	var all []byte
	step, _ := a.step()
	for first := 0; first < 2*step; first += step {
		for lane := range 4 {
			channel, pixel := lane%a.channels, lane/a.channels*2
			at := byte(first + pixel*a.channels + channel)
			if a.channels == 3 && lane == 3 {
				all = append(all, 0x80, 0x80, 0x80, 0x80)
				continue
			}
			all = append(all, at, 0x80, at+byte(a.channels), 0x80)
		}
	}
	return all
}

// half returns one half of a unit of the last bit that stays, in every lane.
func (g *asm) half() reg.VecVirtual { return g.everyDword(1 << (weightBits - 1)) }

// partial is a sum of products with the low and with the high words of the weights.
type partial struct{ low, high reg.VecVirtual }

func (g *asm) newPartial(half reg.VecVirtual) partial {
	p := partial{g.vec(), g.vec()}
	g.copyTo(half, p.low)
	g.clear(p.high)
	return p
}

// add adds words times weights.
func (p partial) add(g *asm, words, low, high reg.VecVirtual) {
	t := g.vec()
	g.VPMADDWD(low, words, t)
	g.VPADDD(t, p.low, p.low)
	u := g.vec()
	g.VPMADDWD(high, words, u)
	g.VPADDD(u, p.high, p.high)
}

// sum returns the sum, in the unit of the weights. Overflow in between does not matter: the sum itself has none, and
// arithmetic is that of integers modulo 2^32.
func (p partial) sum(g *asm) reg.VecVirtual {
	g.VPSLLD(operand.U8(lowBits), p.high, p.high)
	g.VPADDD(p.high, p.low, p.low)
	return p.low
}

// rowsAt loads 16 bytes of each row into a vector.
func (g *asm) rowsAt(p, stride, thrice reg.Register) reg.VecVirtual {
	x, v := g.XMM(), g.vec()
	g.VMOVDQU(operand.Mem{Base: p}, x)
	second := operand.Mem{Base: p, Index: stride, Scale: 1}
	if g.lanes == 8 {
		g.VINSERTI128(operand.U8(1), second, x.AsY(), v)
		return v
	}
	g.VINSERTI32X4(operand.U8(1), second, x.AsZ(), v)
	g.VINSERTI32X4(operand.U8(2), operand.Mem{Base: p, Index: stride, Scale: 2}, v, v)
	g.VINSERTI32X4(operand.U8(3), operand.Mem{Base: p, Index: thrice, Scale: 1}, v, v)
	return v
}

// emit loops over the pixels of the result, and for each over its steps, two at a time: they read the same 16 bytes.
func (a across) emit(g *asm) {
	step, weightStep := a.step()
	table := g.table(fmt.Sprintf("pairs%d", a.channels), a.shuffles())
	even, odd, half := g.repeat(table.Offset(evenStep)), g.repeat(table.Offset(oddStep)), g.half()
	n, dst := g.Load(g.Param("n"), g.GP64()), g.Load(g.Param("dst"), g.GP64())
	dstStride, dstThrice := g.strides("dstStride")
	src := g.Load(g.Param("src"), g.GP64())
	srcStride, srcThrice := g.strides("srcStride")
	from, weights := g.Load(g.Param("from"), g.GP64()), g.Load(g.Param("weights"), g.GP64())
	steps, p, left := g.Load(g.Param("steps"), g.GP64()), g.GP64(), g.GP64()

	g.loop("pixel")
	g.MOVLQSX(operand.Mem{Base: from}, p)
	g.ADDQ(operand.U8(4), from)
	g.ADDQ(src, p)
	sum := g.newPartial(half)
	take := func(v, table reg.VecVirtual, at int) {
		s := g.vec()
		g.VPSHUFB(table, v, s)
		load := g.repeat
		if weightStep == 8 {
			load = g.words
		}
		m := operand.Mem{Base: weights, Disp: at}
		sum.add(g, s, load(m), load(m.Offset(weightStep/2)))
	}
	g.MOVQ(steps, left)
	g.SUBQ(operand.U8(2), left)
	g.JLT(operand.LabelRef("last"))
	g.Label("two")
	v := g.rowsAt(p, srcStride, srcThrice)
	take(v, even, 0)
	take(v, odd, weightStep)
	g.ADDQ(operand.U8(2*step), p)
	g.ADDQ(operand.U8(2*weightStep), weights)
	g.SUBQ(operand.U8(2), left)
	g.JGE(operand.LabelRef("two"))
	g.Label("last")
	g.ADDQ(operand.U8(2), left)
	g.JZ(operand.LabelRef("sum"))
	take(g.rowsAt(p, srcStride, srcThrice), even, 0)
	g.ADDQ(operand.U8(weightStep), weights)
	g.Label("sum")
	a.store(g, sum, half, [3]reg.Register{dst, dstStride, dstThrice})
	g.ADDQ(operand.U8(a.channels), dst)
	g.DECQ(n)
	g.JNZ(operand.LabelRef("pixel"))
	g.ret()
}

// strides loads a stride and returns it and three times it.
func (g *asm) strides(param string) (once, thrice reg.Register) {
	once = g.Load(g.Param(param), g.GP64())
	t := g.GP64()
	g.LEAQ(operand.Mem{Base: once, Index: once, Scale: 2}, t)
	return once, t
}

// store rounds the sums of a pixel and writes them as four bytes of each row.
func (a across) store(g *asm, sum partial, half reg.VecVirtual, dst [3]reg.Register) {
	v := sum.sum(g)
	// Lanes of several pixels are added up. Each has the half that rounds, of which one stays.
	swapHalves, swapNeighbours := operand.U8(0x4e), operand.U8(0xb1)
	for _, order := range [][]operand.U8{1: {swapHalves, swapNeighbours}, 2: {swapHalves}, 4: nil}[a.channels] {
		t := g.vec()
		g.VPSHUFD(order, v, t)
		g.VPADDD(t, v, v)
		g.VPSUBD(half, v, v)
	}
	g.VPSRAD(operand.U8(weightBits), v, v)
	g.VPACKSSDW(v, v, v)
	g.VPACKUSWB(v, v, v)
	at := []operand.Mem{{Base: dst[0]}, {Base: dst[0], Index: dst[1], Scale: 1},
		{Base: dst[0], Index: dst[1], Scale: 2}, {Base: dst[0], Index: dst[2], Scale: 1}}
	g.VMOVD(v.AsX(), at[0])
	for i := 1; i < g.lanes/4; i++ {
		g.VMOVD(g.part(v, i), at[i])
	}
}

// down emits the loop over a row, a vector of bytes at a time. The last vector ends with the row, so that it may
// overlap with the one before.
func down(g *asm) {
	end, dst := g.Load(g.Param("n"), g.GP64()), g.Load(g.Param("dst"), g.GP64())
	src, stride := g.Load(g.Param("src"), g.GP64()), g.Load(g.Param("stride"), g.GP64())
	taps, first := g.Load(g.Param("taps"), g.GP64()), g.Load(g.Param("weights"), g.GP64())
	half, zero := g.half(), g.zero()
	x, p, weights, left := g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.XORQ(x, x)
	g.SUBQ(operand.U8(g.bytes()), end)

	g.Label("bytes")
	g.LEAQ(operand.Mem{Base: src, Index: x, Scale: 1}, p)
	g.MOVQ(first, weights)
	var sums [4]partial
	for i := range sums {
		sums[i] = g.newPartial(half)
	}
	g.MOVQ(taps, left)
	g.SUBQ(operand.U8(2), left)
	g.JLT(operand.LabelRef("last"))
	g.loop("two")
	a, b := g.vec(), g.vec()
	g.VMOVUPS(operand.Mem{Base: p}, a)
	g.VMOVUPS(operand.Mem{Base: p, Index: stride, Scale: 1}, b)
	g.addRows(sums, a, b, zero, weights)
	g.LEAQ(operand.Mem{Base: p, Index: stride, Scale: 2}, p)
	g.ADDQ(operand.U8(8), weights)
	g.SUBQ(operand.U8(2), left)
	g.JGE(operand.LabelRef("two"))
	g.Label("last")
	g.ADDQ(operand.U8(2), left)
	g.JZ(operand.LabelRef("sum"))
	a = g.vec()
	g.VMOVUPS(operand.Mem{Base: p}, a)
	g.addRows(sums, a, zero, zero, weights)
	g.Label("sum")
	for i := range sums {
		v := sums[i].sum(g)
		g.VPSRAD(operand.U8(weightBits), v, v)
	}
	g.VPACKSSDW(sums[1].low, sums[0].low, sums[0].low)
	g.VPACKSSDW(sums[3].low, sums[2].low, sums[2].low)
	g.VPACKUSWB(sums[2].low, sums[0].low, sums[0].low)
	g.VMOVUPS(sums[0].low, operand.Mem{Base: dst, Index: x, Scale: 1})
	g.CMPQ(x, end)
	g.JGE(operand.LabelRef("done"))
	g.ADDQ(operand.U8(g.bytes()), x)
	g.CMPQ(x, end)
	g.CMOVQGT(end, x)
	g.JMP(operand.LabelRef("bytes"))
	g.Label("done")
	g.ret()
}

// addRows adds two rows of bytes times their weights. The bytes are spread over four vectors in the order in which
// packing collects them.
func (g *asm) addRows(sums [4]partial, a, b, zero reg.VecVirtual, weights reg.Register) {
	low, high := g.words(operand.Mem{Base: weights}), g.words(operand.Mem{Base: weights, Disp: 4})
	for i := range sums {
		t := g.vec()
		if i < 2 {
			g.VPUNPCKLBW(b, a, t)
		} else {
			g.VPUNPCKHBW(b, a, t)
		}
		if i%2 == 0 {
			g.VPUNPCKLBW(zero, t, t)
		} else {
			g.VPUNPCKHBW(zero, t, t)
		}
		sums[i].add(g, t, low, high)
	}
}

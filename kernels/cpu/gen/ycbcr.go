package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// photographs lists the kernels of the struct photographKernels. Each handles whole vectors of words.
var photographs = []kernel{
	{"yCbCrToRGB", "[Kernels.YCbCrToRGB]", "n int, dst, y, cb, cr *byte", yCbCrToRGB},
	{"weighSamples", "[Kernels.WeighSamples]", "n int, dst *uint16, near, far *byte, a, b int", weighSamples},
	{"widenSamples", "[Kernels.WidenSamples]", "n int, dst *byte, sums *uint16, shift, even, odd int", widenSamples},
}

// eachVector emits a loop over vectors of words; body gets the register that counts those that are done.
func (g *asm) eachVector(body func(done reg.Register)) {
	n, done := g.Load(g.Param("n"), g.GP64()), g.GP64()
	g.XORQ(done, done)
	g.loop("vector")
	body(done)
	g.ADDQ(operand.U8(g.wordLanes()), done)
	g.CMPQ(done, n)
	g.JLT(operand.LabelRef("vector"))
	g.ret()
}

// pair is two weights of words, for the lower and the upper word of a dword.
func pair(low, high int16) uint32 { return uint32(uint16(low)) | uint32(uint16(high))<<16 }

// yCbCrToRGB splits the factors into a whole number and a part that fits a word: 1.402 is 1 + 26345/65536, 0.714 is
// 1 - 18734/65536, 1.772 is 2 - 14942/65536.
func yCbCrToRGB(g *asm) {
	red, green, blue := g.everyDword(pair(0, 26345)), g.everyDword(pair(-22554, 18734)), g.everyDword(pair(-14942, 0))
	half, middle := g.everyDword(1<<15), g.everyDword(pair(128, 128))
	var shuffles [4]reg.VecVirtual
	for i := range shuffles {
		shuffles[i] = g.repeat(g.table("interleave"+string(rune('0'+i)), interleave(i)))
	}
	zero := g.zero()
	dst := g.Load(g.Param("dst"), g.GP64())
	y, cb, cr := g.Load(g.Param("y"), g.GP64()), g.Load(g.Param("cb"), g.GP64()), g.Load(g.Param("cr"), g.GP64())
	g.eachVector(func(done reg.Register) {
		at := func(base reg.Register) operand.Mem { return operand.Mem{Base: base, Index: done, Scale: 1} }
		l, b, r := g.widened(at(y)), g.widened(at(cb)), g.widened(at(cr))
		g.VPSUBW(middle, b, b)
		g.VPSUBW(middle, r, r)
		lower, upper := g.vec(), g.vec()
		g.VPUNPCKLWD(r, b, lower)
		g.VPUNPCKHWD(r, b, upper)
		part := func(weights reg.VecVirtual) reg.VecVirtual {
			s, t := g.vec(), g.vec()
			g.VPMADDWD(weights, lower, s)
			g.VPMADDWD(weights, upper, t)
			for _, v := range []reg.VecVirtual{s, t} {
				g.VPADDD(half, v, v)
				g.VPSRAD(operand.U8(16), v, v)
			}
			g.VPACKSSDW(t, s, s)
			g.VPADDW(l, s, s)
			return s
		}
		reds, greens, blues := part(red), part(green), part(blue)
		g.VPADDW(r, reds, reds)
		g.VPSUBW(r, greens, greens)
		g.VPADDW(b, blues, blues)
		g.VPADDW(b, blues, blues)
		g.VPACKUSWB(greens, reds, reds)
		g.VPACKUSWB(zero, blues, blues)
		g.storeRGB(dst, reds, blues, shuffles)
	})
}

// interleave is one of the tables that make pixels of a lane's eight reds and greens, and of its blues: the first 16
// bytes of each, then the other 8.
func interleave(i int) []byte {
	var all []byte
	for at := i / 2 * 16; at < i/2*16+16; at++ {
		pixel, channel := byte(at/3), at%3
		switch {
		case at < 24 && i%2 == 0 && channel < 2:
			all = append(all, pixel+8*byte(channel))
		case at < 24 && i%2 == 1 && channel == 2:
			all = append(all, pixel)
		default:
			all = append(all, 0x80)
		}
	}
	return all
}

// storeRGB writes 24 bytes of every lane and moves dst behind them.
func (g *asm) storeRGB(dst reg.Register, redsGreens, blues reg.VecVirtual, shuffles [4]reg.VecVirtual) {
	var out [2]reg.VecVirtual
	for i := range out {
		other := g.vec()
		out[i] = g.vec()
		g.VPSHUFB(shuffles[2*i], redsGreens, out[i])
		g.VPSHUFB(shuffles[2*i+1], blues, other)
		g.or(other, out[i])
	}
	for lane := range g.lanes / 4 {
		first, rest := out[0].AsX(), out[1].AsX()
		if lane > 0 {
			first, rest = g.part(out[0], lane), g.part(out[1], lane)
		}
		g.VMOVDQU(first, operand.Mem{Base: dst, Disp: 24 * lane})
		g.VMOVQ(rest, operand.Mem{Base: dst, Disp: 24*lane + 16})
	}
	g.ADDQ(imm(6*g.lanes), dst)
}

func weighSamples(g *asm) {
	dst := g.Load(g.Param("dst"), g.GP64())
	near, far := g.Load(g.Param("near"), g.GP64()), g.Load(g.Param("far"), g.GP64())
	a, b := g.everyWord(g.Load(g.Param("a"), g.GP64())), g.everyWord(g.Load(g.Param("b"), g.GP64()))
	g.eachVector(func(done reg.Register) {
		v := g.widened(operand.Mem{Base: near, Index: done, Scale: 1})
		w := g.widened(operand.Mem{Base: far, Index: done, Scale: 1})
		g.VPMULLW(a, v, v)
		g.VPMULLW(b, w, w)
		g.VPADDW(w, v, v)
		g.VMOVUPS(v, operand.Mem{Base: dst, Index: done, Scale: 2})
	})
}

func widenSamples(g *asm) {
	dst, sums := g.Load(g.Param("dst"), g.GP64()), g.Load(g.Param("sums"), g.GP64())
	even, odd := g.everyWord(g.Load(g.Param("even"), g.GP64())), g.everyWord(g.Load(g.Param("odd"), g.GP64()))
	shift := g.XMM()
	g.VMOVQ(g.Load(g.Param("shift"), g.GP64()), shift)
	g.eachVector(func(done reg.Register) {
		at := func(offset int) operand.Mem { return operand.Mem{Base: sums, Index: done, Scale: 2, Disp: offset} }
		here, three := g.vec(), g.vec()
		g.VMOVUPS(at(0), here)
		g.VPADDW(here, here, three)
		g.VPADDW(here, three, three)
		side := func(offset int, half reg.VecVirtual) reg.VecVirtual {
			v := g.vec()
			g.VPADDW(at(offset), three, v)
			g.VPADDW(half, v, v)
			g.VPSRLW(shift, v, v)
			return v
		}
		first, second := side(-2, even), side(2, odd)
		g.VPSLLW(operand.U8(8), second, second)
		g.or(second, first)
		g.VMOVUPS(first, operand.Mem{Base: dst, Index: done, Scale: 2})
	})
}

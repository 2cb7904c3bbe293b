package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakChains is the number of independent FMAs in a round: at least latency times issue width on any machine, and few
// enough for 16 registers.
const peakChains = 12

var peakKernels = []kernel{
	{"peakFMA", "[Kernels.PeakFMA]", "n int, c, d float32", peakFMA},
}

// peakFMA emits rounds of FMAs that touch no memory. Each chain is x = x*c + d with |c| < 1, so values stay normal.
func peakFMA(g *asm) {
	n := g.Load(g.Param("n"), g.GP64())
	c, d := g.broadcast("c"), g.broadcast("d")
	var x []reg.VecVirtual
	for range peakChains {
		x = append(x, g.zero())
	}
	g.loop("round")
	for _, v := range x {
		g.VFMADD213PS(d, c, v)
	}
	g.DECQ(n)
	g.JNZ(operand.LabelRef("round"))
	g.ret()
}

//go:build !nocuda

package cuda

import (
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindStem binds the first convolution to a kernel that also normalises the pixels, by the table of the Normalize node,
// and its weight gradient to another one that does.
func (c *binding) bindStem(op nn.Conv) {
	f, s, k := c.prog.fusion, c.prog.schedule, c.backend.kernels
	t := c.backend.activationType()
	input := &c.graph.Nodes[f.normalize]
	x, y := c.shape(input.Out), c.shape(c.node.Out)
	stem := &kernels.Stem{
		N: x.N, H: x.H, W: x.W, C: x.C, OH: y.H, OW: y.W, Out: y.C,
		Kernel: op.Kernel, Stride: op.EffectiveStride(), Top: op.Pad.Top, Left: op.Pad.Left,
		Pixels: c.pixels.Ptr, Weight: c.param(0), Y: c.data(c.node.Out),
	}
	table, err := c.normalizeTable(input.Op.(nn.Normalize), input.Out, x.C)
	if err != nil {
		c.prog.bindErr = err
		return
	}
	stem.Table = table
	if b := f.statsFor(c.index); b >= 0 && c.prog.Mode != nn.Eval {
		stem.Stats = c.normForward(b)
	}
	stem.Scratch = c.prog.privateScratch("partial sums of "+c.node.Name, k.StemScratch(stem))
	c.prog.add(s.forward[c.index], func() error { return k.Stem(c.prog.stream, t, stem) })
	if !c.training() {
		return
	}
	g := c.gradient()
	scratch := c.prog.privateScratch("gradient of "+c.node.Name, k.StemGradientScratch(stem))
	at, until := s.weightGradientAt(c.index)
	c.prog.place(task{instruction: s.backward[c.index], at: at, side: true, until: until, run: func() error {
		return k.StemWeightGradient(c.prog.stream, t, stem, g, c.dparam(0), scratch)
	}})
}

//go:build !nocuda

package nn

import "resnet/kernels/cuda"

// bindStem puts the first convolution on a kernel that looks the pixels up
// itself, and its weight gradient on one that does so again.
func (c *cudaBinding) bindStem(op Conv) {
	f, s, k := c.prog.fusion, c.prog.schedule, c.backend.kernels
	t := c.backend.activations()
	input := &c.graph.Nodes[f.input]
	x, y := c.shape(input.Out), c.shape(c.node.Out)
	stem := &cuda.Stem{
		N: x.N, H: x.H, W: x.W, C: x.C, OH: y.H, OW: y.W, Out: y.C,
		Kernel: op.Kernel, Stride: op.stride(), Top: op.Pad.Top, Left: op.Pad.Left,
		Pixels: c.pixels.Ptr, Weight: c.param(0), Y: c.data(c.node.Out),
	}
	table, err := c.inputTable(input.Op.(Input), input.Out, x.C)
	if err != nil {
		c.prog.failed = err
		return
	}
	stem.Table = table
	if b := f.normMadeBy(c.index); b >= 0 && c.prog.Mode != Eval {
		stem.Stats = c.normForward(b)
	}
	stem.Scratch = c.prog.private("sums of "+c.node.Name, k.StemScratch(stem))
	c.prog.add(s.forward[c.index], func() error { return k.Stem(c.prog.lane, t, stem) })
	if !c.training() {
		return
	}
	g := c.gradient()
	scratch := c.prog.private("gradient of "+c.node.Name, k.StemGradientScratch(stem))
	at, until := s.weightGradient(c.index)
	c.prog.place(cudaStep{index: s.backward[c.index], at: at, side: true, until: until, run: func() error {
		return k.StemWeightGradient(c.prog.lane, t, stem, g, c.dparam(0), scratch)
	}})
}

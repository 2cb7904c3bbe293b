package cpu

import (
	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// Winograd's F(2x2, 3x3) (Lavin and Gray 2016) computes a 3x3 convolution of stride 1 as 16 matrix products over
// channels, one for each position of a 4x4 tile of the input, with 2.25 times fewer multiplications than directly.
//
// Training uses it for the gradients, which are linear in dy, but not for the forward pass: its rounding differs enough
// from the direct convolution's to flip the ReLU of an element within 1e-7 of zero, and one flipped mask changes
// gradients by 1e-3 where everything else agrees with the reference to 1e-6.

// winogradFits says whether a convolution uses Winograd's algorithm: tiles of 2x2 must cover the output and, for the
// data gradient, the input, and the transforms must be cheap beside the products.
func winogradFits(op nn.Conv, x, y nn.Shape) bool {
	even := func(s nn.Shape) bool { return s.H%2 == 0 && s.W%2 == 0 }
	return op.Kernel == 3 && op.EffectiveStride() == 1 && even(x) && even(y) && x.C >= 8 && y.C >= 8 &&
		max(op.Pad.Top, op.Pad.Left, op.Pad.Bottom, op.Pad.Right) <= 2
}

// positions is the number of positions in a tile; each has a matrix product of its own.
const positions = 16

// winogradTiles is the number of tiles that are transformed before they are multiplied: at least the rows of a tile
// kernel, and few enough for the second-level cache.
const winogradTiles = 56

// winogradPass convolves images of one layout into another.
type winogradPass struct {
	k        *kernels.Kernels
	in, out  int    // channels
	weight   panels // of one position: in x out
	tw       int    // tiles in a row
	pieces   []tile // rows of tiles in pieces
	most     int    // tiles of the largest piece
	a0, aRow int    // input: first pixel of tile (0, 0), next row
	c0, cRow int    // output: likewise
}

func newWinogradPass(k *kernels.Kernels, x, y layout, top, left int) *winogradPass {
	p := &winogradPass{
		k: k, in: x.c, out: y.c, weight: newPanels(x.c, y.c, k.Lanes), tw: y.w / 2,
		a0: x.origin() - top*x.row() - left*x.c, aRow: x.row(), c0: y.origin(), cRow: y.row(),
	}
	th := y.h / 2
	p.pieces = split(th, blocks(th, max(1, th*p.tw/winogradTiles)))
	for _, s := range p.pieces {
		p.most = max(p.most, s.rows*p.tw)
	}
	return p
}

// scratch is the number of floats that run needs, for the transformed input of a piece and its products.
func (p *winogradPass) scratch() int { return positions * p.most * (p.in + 2*p.k.Lanes) }

// run convolves one image with the transformed weights u, one matrix for each position.
func (p *winogradPass) run(wk *worker, x, u, y []float32, acc bool) {
	output := p.k.Winograd.Output
	if acc {
		output = p.k.Winograd.OutputAdd
	}
	vs, us := p.most*p.in, p.weight.floats()
	v, m := wk.scratch[:positions*vs], wk.scratch[positions*vs:]
	for _, piece := range p.pieces {
		p.eachTile(piece, func(t, ty, tx int) {
			p.k.Winograd.Input(p.in, &v[t*p.in], 4*vs, vs, &x[p.a0+2*ty*p.aRow+2*tx*p.in], p.aRow, p.in)
		})
		n := piece.rows * p.tw
		for _, pn := range p.weight.list {
			ms := n * pn.width
			for pos := range positions {
				b := &u[pos*us+p.weight.offset(pn, 0)]
				for t := 0; t < n; {
					rows := nextTile(n-t, p.k.Rows)
					p.k.Tile[pn.wide][rows](1, p.in, &v[pos*vs+t*p.in], p.in, 0, b, pn.width, 0, &m[pos*ms+t*pn.width],
						pn.width, 0)
					t += rows
				}
			}
			p.eachTile(piece, func(t, ty, tx int) {
				output(pn.valid, &y[p.c0+2*ty*p.cRow+2*tx*p.out+pn.col], p.cRow, p.out, &m[t*pn.width], 4*ms, ms)
			})
		}
	}
}

// eachTile calls f for each tile of a piece; t counts them from 0.
func (p *winogradPass) eachTile(piece tile, f func(t, ty, tx int)) {
	t := 0
	for ty := piece.first; ty < piece.first+piece.rows; ty++ {
		for tx := range p.tw {
			f(t, ty, tx)
			t++
		}
	}
}

// bindWinogradForward returns the stages of an inference pass. Weights are transformed only when they have changed.
func bindWinogradForward(c *binding, op nn.Conv) []stage {
	x, y, w := c.in(0), c.out(), c.param(0)
	pass := newWinogradPass(c.k, x.layout, y.layout, op.Pad.Top, op.Pad.Left)
	c.needScratch(pass.scratch())
	u := c.alloc(positions * pass.weight.floats())
	finish := finishConv(c, op, y)
	return []stage{
		{kind: stagePrepare, tasks: func(int) int { return len(pass.weight.list) }, run: func(_ *worker, t, _ int) {
			pass.transform(pass.weight.list[t], w, u)
		}},
		{kind: stageImage, image: func(wk *worker, i int) {
			out := y.image(wk, i)
			pass.run(wk, x.image(wk, i), u, out, false)
			finish(out)
		}},
	}
}

// bindWinogradDataGrad computes dx, the convolution of dy with the flipped and transposed weights.
func bindWinogradDataGrad(c *binding, op nn.Conv, x, dx *view) []stage {
	dy, w := c.dy(), c.param(0)
	forward := newWinogradPass(c.k, x.layout, dy.layout, op.Pad.Top, op.Pad.Left)
	pass := newWinogradPass(c.k, dy.layout, dx.layout, 2-op.Pad.Top, 2-op.Pad.Left)
	c.needScratch(pass.scratch())
	u := c.alloc(positions * forward.weight.floats())
	ut := c.alloc(positions * pass.weight.floats())
	acc := c.accumulate(0)
	return []stage{
		{kind: stagePrepare, tasks: func(int) int { return len(forward.weight.list) }, run: func(_ *worker, t, _ int) {
			pn := forward.weight.list[t]
			forward.transform(pn, w, u)
			transposeFlipped(forward, pass, pn, u, ut)
		}},
		{kind: stageImage, image: func(wk *worker, i int) {
			out := dx.image(wk, i)
			pass.run(wk, dy.image(wk, i), ut, out, acc)
			if !acc {
				dx.clearPads(out)
			}
		}},
	}
}

// transform computes one panel of columns of u, at every position, from the same panel of w.
func (p *winogradPass) transform(pn panel, w, u []float32) {
	us, run := p.weight.floats(), p.in*pn.width
	p.k.Winograd.Filter(run, &u[p.weight.offset(pn, 0)], 4*us, us, &w[9*p.in*pn.col], 3*run, run)
}

// transposeFlipped copies one panel of u to the rows of the data gradient's matrices. Flipping the kernel exchanges the
// first and last row and column of positions.
func transposeFlipped(p, back *winogradPass, pn panel, u, ut []float32) {
	flip := [4]int{3, 1, 2, 0}
	us, ts := p.weight.floats(), back.weight.floats()
	for pos := range positions {
		from := u[(4*flip[pos/4]+flip[pos%4])*us:]
		to := ut[pos*ts:]
		for _, tn := range back.weight.list {
			for o := range pn.valid {
				dst := to[back.weight.offset(tn, pn.col+o):][:tn.valid]
				src := from[p.weight.offset(pn, tn.col)+o:]
				for i := range dst {
					dst[i] = src[i*pn.width]
				}
			}
		}
	}
}

// winogradGradTiles is the number of tiles that a weight gradient multiplies at once, the depth of its products.
const winogradGradTiles = 56

// bindWinogradGrad computes dw: at each position the product of the transformed input and the transformed dy, summed
// over tiles and images in order, then transformed back. Each task owns a block of dw.
func bindWinogradGrad(c *binding, op nn.Conv, x *view) stage {
	dy, dw := c.dy(), c.dparam(0)
	f := newWinogradPass(c.k, x.layout, dy.layout, op.Pad.Top, op.Pad.Left)
	type job struct {
		row, rows int // input channels
		panel     panel
	}
	var jobs []job
	if !c.counts(jobFloats * blocks(f.in, gradRows) * len(f.weight.list)) {
		for row := 0; row < f.in; row += gradRows {
			for _, pn := range f.weight.list {
				jobs = append(jobs, job{row, min(gradRows, f.in-row), pn})
			}
		}
	}
	bias := bindBiasGrad(c, op, dy)
	th := dy.h / 2
	pieces := split(th, max(1, winogradGradTiles/f.tw))
	most := 0
	for _, s := range pieces {
		most = max(most, s.rows*f.tw)
	}
	width := 2 * c.k.Lanes
	c.needScratch(positions * (most*(gradRows+width) + gradRows*width))
	tasks := func(int) int { return len(jobs) + bias.tasks }
	return stage{kind: stageDeferred, tasks: tasks, run: func(wk *worker, task, n int) {
		if task == len(jobs) {
			bias.run(n)
			return
		}
		j := jobs[task]
		pn := j.panel
		vs, gs, ds := most*j.rows, most*pn.width, j.rows*pn.width
		v, g, du := wk.scratch[:positions*vs], wk.scratch[positions*vs:][:positions*gs],
			wk.scratch[positions*(vs+gs):][:positions*ds]
		if pn.valid < pn.width {
			clear(g) // the columns that fill up the panel
		}
		acc := 0
		for i := range n {
			xi, gi := x.image(wk, i), dy.image(wk, i)
			for _, piece := range pieces {
				f.eachTile(piece, func(t, ty, tx int) {
					c.k.Winograd.Input(j.rows, &v[t*j.rows], 4*vs, vs, &xi[f.a0+2*ty*f.aRow+2*tx*f.in+j.row], f.aRow,
						f.in)
					c.k.Winograd.Gradient(pn.valid, &g[t*pn.width], 4*gs, gs,
						&gi[dy.origin()+2*ty*dy.row()+2*tx*dy.c+pn.col], dy.row(), dy.c)
				})
				t := piece.rows * f.tw
				for pos := range positions {
					for r := 0; r < j.rows; {
						rows := nextTile(j.rows-r, c.k.RowsT)
						c.k.TileT[pn.wide][rows](1, t, &v[pos*vs+r], j.rows, 0, &g[pos*gs], pn.width, 0,
							&du[pos*ds+r*pn.width], pn.width, acc)
						r += rows
					}
				}
				acc = 1
			}
		}
		run := f.in * pn.width
		c.k.Winograd.FilterGradient(ds, &dw[9*f.in*pn.col+j.row*pn.width], 3*run, run, &du[0], 4*ds, ds)
	}}
}

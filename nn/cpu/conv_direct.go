package cpu

import (
	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// convPass is a direct convolution over strided memory. For each output pixel it multiplies taps runs of k contiguous
// floats of the padded input, one for each kernel row (kernel columns x channels), by a weight matrix of taps*k rows in
// panels. There is no im2col: the tile kernels read rows of A directly from the image. Strides count floats.
type convPass struct {
	ny, nx                 int // output pixels
	taps, k                int // kernel rows; floats of one
	a0, aRow, aPixel, aTap int // input: start, next output row, next output pixel, next kernel row
	c0, cRow, cPixel       int // output
	weight                 panels
	tiles                  []tile // nx in pieces for the tile kernels
}

// tile is a run of output pixels.
type tile struct{ first, rows int }

// split cuts n rows into the fewest tiles of at most most rows, of nearly equal size, because small tiles are slow.
func split(n, most int) []tile {
	count := (n + most - 1) / most
	tiles := make([]tile, 0, count)
	for i := range count {
		first := i * n / count
		tiles = append(tiles, tile{first, (i+1)*n/count - first})
	}
	return tiles
}

// joinRows treats the image as one row of pixels if its rows are contiguous in input and output, and cuts the tiles.
func (p convPass) joinRows(k *kernels.Kernels) convPass {
	if p.taps == 1 && p.aRow == p.nx*p.aPixel && p.cRow == p.nx*p.cPixel {
		p.nx, p.ny = p.nx*p.ny, 1
	}
	p.tiles = split(p.nx, k.Rows)
	return p
}

// scratchFloats is the scratch memory for a tile that is copied to its place afterwards: the largest tile or the widest
// block of a weight gradient.
func scratchFloats(k *kernels.Kernels) int { return max(k.Rows, gradRows) * 2 * k.Lanes }

// run convolves one image: y (+)= x * w.
func (p *convPass) run(k *kernels.Kernels, wk *worker, x, w, y []float32, acc bool) {
	a := 0
	if acc {
		a = 1
	}
	for _, pn := range p.weight.list {
		b := &w[p.weight.offset(pn, 0)]
		for r := range p.ny {
			from, to := p.a0+r*p.aRow, p.c0+r*p.cRow+pn.col
			for _, t := range p.tiles {
				in := &x[from+t.first*p.aPixel]
				if pn.valid == pn.width {
					k.Tile[pn.wide][t.rows](p.taps, p.k, in, p.aPixel, p.aTap, b, pn.width, p.k*pn.width,
						&y[to+t.first*p.cPixel], p.cPixel, a)
					continue
				}
				k.Tile[pn.wide][t.rows](p.taps, p.k, in, p.aPixel, p.aTap, b, pn.width, p.k*pn.width, &wk.scratch[0],
					pn.width, 0)
				for i := range t.rows {
					out := y[to+(t.first+i)*p.cPixel:][:pn.valid]
					store(out, wk.scratch[i*pn.width:], acc)
				}
			}
		}
	}
}

// store copies the first len(dst) elements of src, or adds them.
func store(dst, src []float32, acc bool) {
	if !acc {
		copy(dst, src)
		return
	}
	for i := range dst {
		dst[i] += src[i]
	}
}

// forwardPass is the forward convolution.
func forwardPass(k *kernels.Kernels, op nn.Conv, x, y layout) convPass {
	s := op.EffectiveStride()
	return convPass{
		ny: y.h, nx: y.w, taps: op.Kernel, k: op.Kernel * x.c,
		a0:   x.origin() - op.Pad.Top*x.row() - op.Pad.Left*x.c,
		aRow: s * x.row(), aPixel: s * x.c, aTap: x.row(),
		c0: y.origin(), cRow: y.row(), cPixel: y.c,
		weight: newPanels(op.Kernel*op.Kernel*x.c, y.c, k.Lanes),
	}.joinRows(k)
}

// axisPhase is one residue class of input positions along an axis. With stride s, dx[i] = Σ_m dy[q-m] w[p+m*s] where
// i+pad = q*s+p: all positions of one p use the same taps of the kernel, so the data gradient is s*s dense convolutions
// of stride 1.
type axisPhase struct {
	p     int // first tap
	taps  int // number of taps: p, p+s, ...
	i0, n int // first position and number of positions, s apart
	q0    int // q of the first position
}

func axisPhases(size, kernel, stride, pad int) []axisPhase {
	var phases []axisPhase
	for p := range stride {
		i0 := ((p-pad)%stride + stride) % stride
		if i0 >= size {
			continue
		}
		ph := axisPhase{p: p, i0: i0, n: (size-1-i0)/stride + 1, q0: (i0 + pad) / stride}
		if p < kernel {
			ph.taps = (kernel - p + stride - 1) / stride
		}
		phases = append(phases, ph)
	}
	return phases
}

// dataGradPad is the padding of dy that the data gradient needs.
func dataGradPad(op nn.Conv, x, y nn.Shape) int {
	pad := 0
	along := func(size, out, before int) {
		for _, ph := range axisPhases(size, op.Kernel, op.EffectiveStride(), before) {
			if ph.taps > 0 {
				pad = max(pad, ph.taps-1-ph.q0, ph.q0+ph.n-out)
			}
		}
	}
	along(x.H, y.H, op.Pad.Top)
	along(x.W, y.W, op.Pad.Left)
	return pad
}

// dataGradPass is one of the convolutions of a data gradient. Its flipped weights start at weightAt.
type dataGradPass struct {
	convPass
	rows, cols axisPhase
	weightAt   int
}

// dataGradPasses lists the convolutions that compute dx from dy and the floats of their weights. complete is false
// where some pixels of dx are written by none and must be cleared.
func dataGradPasses(k *kernels.Kernels, op nn.Conv, dx, dy layout) (passes []dataGradPass, weights int, complete bool) {
	complete = true
	s := op.EffectiveStride()
	for _, v := range axisPhases(dx.h, op.Kernel, s, op.Pad.Top) {
		for _, u := range axisPhases(dx.w, op.Kernel, s, op.Pad.Left) {
			if v.taps == 0 || u.taps == 0 {
				complete = false
				continue
			}
			p := dataGradPass{rows: v, cols: u, weightAt: weights, convPass: convPass{
				ny: v.n, nx: u.n, taps: v.taps, k: u.taps * dy.c,
				a0:   dy.origin() + (v.q0-v.taps+1)*dy.row() + (u.q0-u.taps+1)*dy.c,
				aRow: dy.row(), aPixel: dy.c, aTap: dy.row(),
				c0: dx.origin() + v.i0*dx.row() + u.i0*dx.c, cRow: s * dx.row(), cPixel: s * dx.c,
				weight: newPanels(v.taps*u.taps*dy.c, dx.c, k.Lanes),
			}.joinRows(k)}
			weights += p.weight.floats()
			passes = append(passes, p)
		}
	}
	return passes, weights, complete
}

// pack copies the flipped weights of tap t (row by row) of a pass: row (t, o) of the pass's matrix is w[.., .., :, o].
func (p *dataGradPass) pack(op nn.Conv, w panels, src, dst []float32, t int) {
	s := op.EffectiveStride()
	m, u := t/p.cols.taps, t%p.cols.taps
	r := p.rows.p + (p.rows.taps-1-m)*s
	q := p.cols.p + (p.cols.taps-1-u)*s
	cin := p.weight.cols
	for _, to := range p.weight.list {
		for _, from := range w.list {
			for c := range to.valid {
				in := src[w.offset(from, (r*op.Kernel+q)*cin+to.col+c):][:from.valid]
				at := p.weightAt + p.weight.offset(to, t*w.cols+from.col) + c
				for o, v := range in {
					dst[at+o*to.width] = v
				}
			}
		}
	}
}

package cpu

import (
	"math"

	"resnet/nn"
)

func init() { register(bindBatchNorm) }

// bindBatchNorm returns the stages of batch normalisation. Forward in training sums d and d² over each image, where d
// is x less the image's first pixel: that is near the mean, so that a small variance is not lost in rounding. It
// reduces these sums to mean and variance in float64 and writes y = x*scale + shift. Backward sums g and g*(x-mean)
// over each image, where g is dy under the ReLU's mask, reduces them, and writes
//
//	dx = weight*invstd * (g - Σg/m - (x-mean)*invstd² * Σ(g*(x-mean))/m).
//
// It computes the mask again from x, so it reads x and dy and nothing else.
func bindBatchNorm(c *binding, op nn.BatchNorm) kernel {
	b := &batchNorm{
		binding: c, op: op, x: c.in(0), y: c.out(),
		weight: c.param(0), bias: c.param(1), runningMean: c.param(2), runningVar: c.param(3),
	}
	b.eps, b.momentum = op.Numerics()
	n := b.x.c
	b.scale, b.shift = make([]float32, n), make([]float32, n)
	if !c.training() {
		apply := stage{kind: stageImage, image: b.apply}
		return kernel{forward: []stage{apply}, prepare: b.inference}
	}
	b.dy, b.dx = c.dy(), c.dx(0)
	b.mean, b.invstd = c.statistic(0, n), c.statistic(1, n)
	b.partial = c.alloc(c.batch() * 2 * n)
	b.group = make([]float32, 2*n)
	b.sums = make([]float64, 2*n)
	b.ca, b.cb, b.ck = make([]float32, n), make([]float32, n), make([]float32, n)
	k := kernel{
		forward: []stage{
			{kind: stageReduce, image: b.sumForward, finish: b.statistics},
			{kind: stageImage, image: b.apply},
		},
		backward: []stage{{kind: stageReduce, image: b.sumBackward, finish: b.coefficients}},
	}
	if b.dx != nil {
		k.backward = append(k.backward, stage{kind: stageImage, image: b.backward})
	}
	return k
}

type batchNorm struct {
	*binding
	op           nn.BatchNorm
	eps          float64
	momentum     float64
	x, y, dy, dx *view

	weight, bias, runningMean, runningVar []float32

	mean, invstd []float32
	scale, shift []float32 // y = x*scale + shift
	ca, cb, ck   []float32 // dx = g*ca + (x-mean)*cb + ck

	partial []float32 // two sums per channel for each image
	group   []float32 // the same for partialGroup images
	sums    []float64 // the same for the batch
}

func (b *batchNorm) sumForward(w *worker, i int) {
	p, x := b.part(i), b.x.image(w, i)
	count, length := lines(b.x.layout)
	for r := range count {
		b.k.Stats(p[:b.x.c], p[b.x.c:], b.x.line(x, r, length), b.x.pixel(x, 0, 0))
	}
}

// part returns the partial sums of image i, cleared.
func (b *batchNorm) part(i int) []float32 {
	p := b.partial[i*2*b.x.c : (i+1)*2*b.x.c]
	clear(p)
	return p
}

// partialGroup is the number of images whose partial sums are added in float32, before float64: few enough to lose no
// precision, enough to take little time.
const partialGroup = 16

// sumPartials adds the partial sums of n images.
func (b *batchNorm) sumPartials(n int) (first, second []float64) {
	clear(b.sums)
	width := len(b.group)
	for i := 0; i < n; i += partialGroup {
		clear(b.group)
		b.k.SumRows(b.group, b.partial[i*width:min(i+partialGroup, n)*width])
		for k, v := range b.group {
			b.sums[k] += float64(v)
		}
	}
	return b.sums[:width/2], b.sums[width/2:]
}

// shifted returns the sums of x-origin and of its square over n images, from the partial sums, in which each image has
// its own first pixel as origin.
func (b *batchNorm) shifted(origin []float32, n int) (sum, sumsq []float64) {
	clear(b.sums)
	c, pixels := len(origin), float64(b.x.h*b.x.w)
	sum, sumsq = b.sums[:c], b.sums[c:]
	for i := range n {
		first := b.x.pixel(b.x.image(nil, i), 0, 0)
		p := b.partial[i*2*c : (i+1)*2*c]
		s, q := p[:c], p[c:]
		for k, v := range first {
			d := float64(v) - float64(origin[k])
			part := float64(s[k])
			sum[k] += part + pixels*d
			sumsq[k] += float64(q[k]) + d*(2*part+pixels*d)
		}
	}
	return sum, sumsq
}

// statistics computes mean, variance, scale and shift and moves the running statistics.
func (b *batchNorm) statistics(n int) {
	origin := b.x.pixel(b.x.image(nil, 0), 0, 0)
	sum, sumsq := b.shifted(origin, n)
	m := float64(n * b.x.h * b.x.w)
	unbias := m / max(m-1, 1)
	for c := range b.mean {
		offset := sum[c] / m
		mean := float64(origin[c]) + offset
		variance := max(sumsq[c]/m-offset*offset, 0)
		invstd := 1 / math.Sqrt(variance+b.eps)
		b.mean[c], b.invstd[c] = float32(mean), float32(invstd)
		b.affine(c, mean, invstd)
		b.runningMean[c] = float32((1-b.momentum)*float64(b.runningMean[c]) + b.momentum*mean)
		b.runningVar[c] = float32((1-b.momentum)*float64(b.runningVar[c]) + b.momentum*variance*unbias)
	}
}

// affine sets scale and shift of channel c.
func (b *batchNorm) affine(c int, mean, invstd float64) {
	b.scale[c] = float32(float64(b.weight[c]) * invstd)
	b.shift[c] = float32(float64(b.bias[c]) - mean*float64(b.scale[c]))
}

// inference computes scale and shift from the running statistics.
func (b *batchNorm) inference() {
	for c := range b.scale {
		b.affine(c, float64(b.runningMean[c]), 1/math.Sqrt(float64(b.runningVar[c])+b.eps))
	}
}

func (b *batchNorm) apply(w *worker, i int) {
	x, y := b.x.image(w, i), b.y.image(w, i)
	count, length := lines(b.x.layout, b.y.layout)
	for r := range count {
		b.k.ScaleShift(b.y.line(y, r, length), b.x.line(x, r, length), b.scale, b.shift, b.op.ReLU)
	}
	b.y.clearPads(y)
}

func (b *batchNorm) sumBackward(w *worker, i int) {
	p, x, dy := b.part(i), b.x.image(w, i), b.dy.image(w, i)
	count, length := lines(b.x.layout, b.dy.layout)
	for r := range count {
		b.k.BatchNormReduce(p[:b.x.c], p[b.x.c:], b.dy.line(dy, r, length), b.x.line(x, r, length), b.mean, b.scale,
			b.shift, b.op.ReLU)
	}
}

// coefficients computes dweight, dbias and the coefficients of dx.
func (b *batchNorm) coefficients(n int) {
	dbias, dweight := b.dparam(1), b.dparam(0)
	sum, sumX := b.sumPartials(n)
	m := float64(n * b.x.h * b.x.w)
	for c := range b.mean {
		invstd := float64(b.invstd[c])
		dbias[c], dweight[c] = float32(sum[c]), float32(sumX[c]*invstd)
		a := float64(b.weight[c]) * invstd
		b.ca[c] = float32(a)
		b.cb[c] = float32(-a * invstd * invstd * sumX[c] / m)
		b.ck[c] = float32(-a * sum[c] / m)
	}
}

func (b *batchNorm) backward(w *worker, i int) {
	x, dy, dx := b.x.image(w, i), b.dy.image(w, i), b.dx.image(w, i)
	acc := b.accumulate(0)
	count, length := lines(b.x.layout, b.dy.layout, b.dx.layout)
	for r := range count {
		b.k.BatchNormBackward(b.dx.line(dx, r, length), b.dy.line(dy, r, length), b.x.line(x, r, length),
			b.mean, b.scale, b.shift, b.ca, b.cb, b.ck, b.op.ReLU, acc)
	}
	if !acc {
		b.dx.clearPads(dx)
	}
}

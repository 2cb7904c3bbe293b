package nntest

import (
	"fmt"
	"math"
	"slices"

	"resnet/nn"
)

func init() {
	forward := func(op nn.BatchNorm, s step) {
		mean, invstd := s.saved(0), s.saved(1)
		if s.mode == nn.Eval {
			mean, invstd = batchNormRunning(op, s.param(2), s.param(3))
		} else {
			batchNormStatistics(op, s.x(0), s.param(2), s.param(3), mean, invstd, s.n)
		}
		s.rounding.round(mean, invstd)
		batchNormForward(op, s.y, s.x(0), s.param(0), s.param(1), mean, invstd, s.n)
	}
	backward := func(op nn.BatchNorm, s step) {
		mean, invstd := s.saved(0), s.saved(1)
		batchNormReduce(op, s, mean, invstd)
		s.rounding.round(s.dparam(0), s.dparam(1))
		batchNormBackward(op, s, mean, invstd)
	}
	register(forward, backward, batchNormCases)
}

// batchNormDefaults returns eps and momentum, with PyTorch's defaults where the op has zeros.
func batchNormDefaults(op nn.BatchNorm) (eps, momentum float64) {
	eps, momentum = 1e-5, 0.1
	if op.Eps != 0 {
		eps = float64(op.Eps)
	}
	if op.Momentum != 0 {
		momentum = float64(op.Momentum)
	}
	return eps, momentum
}

// batchNormStatistics: x (N,H,W,C) -> mean (C) and invstd (C) over N, H, W; updates the running statistics.
func batchNormStatistics(op nn.BatchNorm, x images, runningMean, runningVar, mean, invstd []float64, n int) {
	eps, momentum := batchNormDefaults(op)
	m := float64(n * x.H * x.W)
	for c := range x.C {
		sum, sq := 0.0, 0.0
		for at := c; at < n*x.Elems(); at += x.C {
			sum += x.v[at]
		}
		mean[c] = sum / m
		for at := c; at < n*x.Elems(); at += x.C {
			sq += (x.v[at] - mean[c]) * (x.v[at] - mean[c])
		}
		invstd[c] = 1 / math.Sqrt(sq/m+eps)
		// A single value has no unbiased variance; it counts as 0.
		unbiased := sq / max(m-1, 1)
		runningMean[c] = (1-momentum)*runningMean[c] + momentum*mean[c]
		runningVar[c] = (1-momentum)*runningVar[c] + momentum*unbiased
	}
}

// batchNormRunning returns mean and invstd for inference.
func batchNormRunning(op nn.BatchNorm, runningMean, runningVar []float64) (mean, invstd []float64) {
	eps, _ := batchNormDefaults(op)
	invstd = make([]float64, len(runningVar))
	for c := range invstd {
		invstd[c] = 1 / math.Sqrt(runningVar[c]+eps)
	}
	return slices.Clone(runningMean), invstd
}

// batchNormForward: y (N,H,W,C) = weight*(x-mean)*invstd + bias.
func batchNormForward(op nn.BatchNorm, y, x images, weight, bias, mean, invstd []float64, n int) {
	for at, v := range x.batch(n) {
		c := at % x.C
		v = weight[c]*(v-mean[c])*invstd[c] + bias[c]
		if op.ReLU {
			v = max(v, 0)
		}
		y.v[at] = v
	}
}

// batchNormReduce: with g = dy (0 where a ReLU is off), x̂ = (x-mean)*invstd and sums over N, H, W,
//
//	dbias = Σ g,  dweight = Σ g x̂.
func batchNormReduce(op nn.BatchNorm, s step, mean, invstd []float64) {
	x, dweight, dbias := s.x(0), s.dparam(0), s.dparam(1)
	for at, v := range x.batch(s.n) {
		if c := at % x.C; !op.ReLU || s.y.v[at] > 0 {
			dbias[c] += s.dy.v[at]
			dweight[c] += s.dy.v[at] * (v - mean[c]) * invstd[c]
		}
	}
}

// batchNormBackward: dx = weight*invstd * (g - (dbias + x̂*dweight)/m), m = N*H*W.
func batchNormBackward(op nn.BatchNorm, s step, mean, invstd []float64) {
	x, dx := s.x(0), s.dx(0)
	if dx.v == nil {
		return
	}
	weight, dweight, dbias := s.param(0), s.dparam(0), s.dparam(1)
	m := float64(s.n * x.H * x.W)
	for at, v := range x.batch(s.n) {
		c := at % x.C
		g := s.dy.v[at]
		if op.ReLU && s.y.v[at] <= 0 {
			g = 0
		}
		xhat := (v - mean[c]) * invstd[c]
		dx.v[at] += weight[c] * invstd[c] * (g - (dbias[c]+xhat*dweight[c])/m)
	}
}

func batchNormCases() []*testCase {
	var list []*testCase
	for i, c := range []struct{ c, h, w, batch int }{
		{1, 28, 28, 2}, {3, 5, 7, 5}, {5, 9, 30, 1}, {7, 14, 14, 3}, {10, 1, 1, 8}, {16, 14, 14, 2}, {20, 5, 7, 33},
		{24, 7, 5, 2}, {33, 3, 3, 5}, {48, 2, 2, 8}, {64, 5, 7, 2}, {130, 3, 3, 5}, {6, 1, 1, 1},
	} {
		for _, relu := range []bool{false, true} {
			op := nn.BatchNorm{ReLU: relu}
			if i%2 == 0 {
				op.Eps, op.Momentum = 1e-3, 0.01
			}
			name := fmt.Sprintf("batchnorm/%dx%dx%d relu %t batch %d", c.c, c.h, c.w, relu, c.batch)
			list = append(list, opCase(name, c.c, c.h, c.w, c.batch, func(b *builder, x nn.Value) nn.Value {
				return b.add(op, x)
			}))
		}
	}
	g := network(3, 5, 7, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.BatchNorm{ReLU: true}, x)
	})
	return append(list, newCase("batchnorm/on images", g, 5))
}

package nntest

import (
	"math"
	"slices"

	"resnet/nn"
)

// batchNormDefaults are eps and momentum, PyTorch's where the op has zeros.
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

// batchNormStatistics: x (N,H,W,C) -> mean (C) and invstd (C) over N, H, W; the running statistics move.
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
		// One value alone has no unbiased variance; its 0 is taken as it is.
		unbiased := sq / max(m-1, 1)
		runningMean[c] = (1-momentum)*runningMean[c] + momentum*mean[c]
		runningVar[c] = (1-momentum)*runningVar[c] + momentum*unbiased
	}
}

// batchNormRunning is mean and invstd in inference.
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
func batchNormReduce(op nn.BatchNorm, dweight, dbias []float64, dy, y, x images, mean, invstd []float64, n int) {
	for at, v := range x.batch(n) {
		if c := at % x.C; !op.ReLU || y.v[at] > 0 {
			dbias[c] += dy.v[at]
			dweight[c] += dy.v[at] * (v - mean[c]) * invstd[c]
		}
	}
}

// batchNormBackward: dx = weight*invstd * (g - (dbias + x̂*dweight)/m), m = N*H*W.
func batchNormBackward(op nn.BatchNorm, dx images, dweight, dbias []float64, dy, y, x images, weight, mean,
	invstd []float64, n int) {
	if dx.v == nil {
		return
	}
	m := float64(n * x.H * x.W)
	for at, v := range x.batch(n) {
		c := at % x.C
		g := dy.v[at]
		if op.ReLU && y.v[at] <= 0 {
			g = 0
		}
		xhat := (v - mean[c]) * invstd[c]
		dx.v[at] += weight[c] * invstd[c] * (g - (dbias[c]+xhat*dweight[c])/m)
	}
}

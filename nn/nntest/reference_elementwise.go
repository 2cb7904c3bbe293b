package nntest

import "resnet/nn"

// inputForward: pixels (N,H,W,C) bytes -> y (N,H,W,C) = (pixel/255 - mean[c]) / std[c].
func inputForward(op nn.Normalize, y images, pixels []byte, n int) {
	for at := range y.batch(n) {
		v := float64(pixels[at]) / 255
		if len(op.Mean) > 0 {
			v -= float64(op.Mean[at%y.C])
		}
		if len(op.Std) > 0 {
			v /= float64(op.Std[at%y.C])
		}
		y.v[at] = v
	}
}

func reluForward(y, x images, n int) {
	for at, v := range x.batch(n) {
		y.v[at] = max(v, 0)
	}
}

func reluBackward(dx, dy, y images, n int) {
	if dx.v == nil {
		return
	}
	for at, v := range y.batch(n) {
		if v > 0 {
			dx.v[at] += dy.v[at]
		}
	}
}

func addForward(op nn.Add, y, a, b images, n int) {
	for at := range y.batch(n) {
		y.v[at] = a.v[at] + b.v[at]
		if op.ReLU {
			y.v[at] = max(y.v[at], 0)
		}
	}
}

func addBackward(op nn.Add, da, db, dy, y images, n int) {
	for at, v := range y.batch(n) {
		if op.ReLU && v <= 0 {
			continue
		}
		for _, dx := range []images{da, db} {
			if dx.v != nil {
				dx.v[at] += dy.v[at]
			}
		}
	}
}

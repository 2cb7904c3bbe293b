package nntest

import "resnet/nn"

func init() {
	register(func(op nn.Normalize, s step) { inputForward(op, s.y, s.pixels, s.n) }, nil, normalizeCases)
}

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

func normalizeCases() []*testCase {
	classify := func(in nn.Normalize, c, h, w int) *nn.Graph {
		g := nn.NewGraph("test", c, h, w, 4)
		x := g.Apply("input", in, g.Images)
		g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 4}, x))
		return g
	}
	return []*testCase{
		newCase("input/plain 1x28x28", classify(nn.Normalize{}, 1, 28, 28), 5),
		newCase("input/plain 3x5x7", classify(nn.Normalize{}, 3, 5, 7), 2),
		newCase("input/mean and std 3x9x30",
			classify(nn.Normalize{Mean: []float32{0.4, 0.5, 0.6}, Std: []float32{0.2, 0.25, 0.3}}, 3, 9, 30), 3),
		newCase("input/mean alone 2x1x1", classify(nn.Normalize{Mean: []float32{0.25, 0.75}}, 2, 1, 1), 8),
	}
}

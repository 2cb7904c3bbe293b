package nntest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"resnet/nn"
)

// Values are random values of a parameter or statistic, under which no gradient path is trivially zero: what training
// starts from has zeros and ones. They depend on its name and shape alone.
func Values(g *nn.Graph, v nn.Value) []float32 {
	p := g.Param(v)
	h := fnv.New64a()
	h.Write([]byte(g.ValueName(v)))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	w := make([]float32, p.Shape.Elems())
	for i := range w {
		switch {
		case p.Dims > 1: // keeps the scale of activations, He et al. 2015
			w[i] = float32(rng.NormFloat64() * math.Sqrt(2/float64(p.Shape.C*p.Shape.H*p.Shape.W)))
		case p.Init == nn.Ones: // batch norm's weight, running_var
			w[i] = float32(0.5 + rng.Float64())
		default: // biases, running_mean
			w[i] = float32(rng.NormFloat64() * 0.1)
		}
	}
	return w
}

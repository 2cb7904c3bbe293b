package onnx

import (
	"math"

	"resnet/nn"
)

// batchNorm is a batch norm in inference: weight * (x - mean) / sqrt(variance + eps) + bias.
type batchNorm struct {
	weight, bias, mean, variance []float32
	eps                          float64
}

// foldable returns the batch norm that reads the output of node n if nothing else does, otherwise nil.
func foldable(g *nn.Graph, n *nn.Node) *nn.Node {
	readers := g.Consumers(n.Out)
	if len(readers) != 1 {
		return nil
	}
	next := &g.Nodes[readers[0]]
	if _, ok := next.Op.(nn.BatchNorm); !ok {
		return nil
	}
	return next
}

// fold merges a batch norm into the convolution before it: with s = bn.weight / sqrt(variance + eps) for each output
// channel, the weight becomes s*weight and the bias bn.bias + s*(bias - mean). A nil bias is zero.
func (bn *batchNorm) fold(weight, bias []float32) (w, b []float32) {
	channels := len(bn.weight)
	w, b = make([]float32, len(weight)), make([]float32, channels)
	each := len(weight) / channels
	for k := range channels {
		s := float64(bn.weight[k]) / math.Sqrt(float64(bn.variance[k])+bn.eps)
		for i := k * each; i < (k+1)*each; i++ {
			w[i] = float32(s * float64(weight[i]))
		}
		shift := -float64(bn.mean[k])
		if bias != nil {
			shift += float64(bias[k])
		}
		// The conversion of the product forbids a fused multiply-add: the same bytes on every machine.
		b[k] = float32(float64(bn.bias[k]) + float64(s*shift))
	}
	return w, b
}

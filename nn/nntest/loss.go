package nntest

import (
	"fmt"
	"math"

	"resnet/nn"
)

func init() {
	forward := func(op nn.SoftmaxCrossEntropy, s step) { lossForward(op, s.y, s.x(0), s.labels, &s.metrics, s.n) }
	backward := func(op nn.SoftmaxCrossEntropy, s step) { lossBackward(op, s.dx(0), s.y, s.labels, s.n) }
	register(forward, backward, lossCases)
}

// target is the target probability of a class.
func target(op nn.SoftmaxCrossEntropy, class, label, classes int) float64 {
	s := float64(op.Smoothing)
	if class == label {
		return 1 - s + s/float64(classes)
	}
	return s / float64(classes)
}

// lossForward: logits z (N,K), labels (N) -> p (N,K) = softmax(z); adds the sum of the losses and the number of correct
// images to the metrics.
func lossForward(op nn.SoftmaxCrossEntropy, p, z images, labels []int32, metrics *[2]float64, n int) {
	for i := range n {
		logits := z.v[i*z.C : (i+1)*z.C]
		best := nn.Argmax(logits)
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(v - logits[best])
		}
		logSum := logits[best] + math.Log(sum)
		for k, v := range logits {
			p.v[i*z.C+k] = math.Exp(v - logSum)
			metrics[0] -= target(op, k, int(labels[i]), z.C) * (v - logSum)
		}
		if best == int(labels[i]) {
			metrics[1]++
		}
	}
}

// lossBackward: dz = (p - t) / n.
func lossBackward(op nn.SoftmaxCrossEntropy, dz, p images, labels []int32, n int) {
	if dz.v == nil {
		return
	}
	for i := range n {
		for k := range p.C {
			at := i*p.C + k
			dz.v[at] += (p.v[at] - target(op, k, int(labels[i]), p.C)) / float64(n)
		}
	}
}

func lossCases() []*testCase {
	var list []*testCase
	for _, c := range []struct {
		classes, batch int
		smoothing      float32
	}{{2, 5, 0}, {10, 33, 0.1}, {33, 8, 0.3}, {100, 3, 0}} {
		g := network(1, 5, 7, c.classes, nn.SoftmaxCrossEntropy{Smoothing: c.smoothing},
			func(b *builder, x nn.Value) nn.Value { return x })
		name := fmt.Sprintf("loss/%d classes smoothing %g batch %d", c.classes, c.smoothing, c.batch)
		list = append(list, newCase(name, g, c.batch))
	}
	return list
}

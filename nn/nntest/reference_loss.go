package nntest

import (
	"math"

	"resnet/nn"
)

// target is the wanted probability of a class.
func target(op nn.SoftmaxCrossEntropy, class, label, classes int) float64 {
	s := float64(op.Smoothing)
	if class == label {
		return 1 - s + s/float64(classes)
	}
	return s / float64(classes)
}

// lossForward: logits z (N,K), labels (N) -> p (N,K) = softmax(z); the sum of the images' losses and the number of
// correct ones are added to the metrics.
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

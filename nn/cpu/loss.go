package cpu

import (
	"math"

	"resnet/nn"
)

// bindLoss returns the stages of softmax and cross-entropy. Each is one task, because a few classes per image cost
// little beside the network.
//
//	forward   p = softmax(z), metrics += loss, correct
//	backward  dz = (p - t) / n
func bindLoss(c *binding, op nn.SoftmaxCrossEntropy) kernel {
	z, p := c.in(0), c.out()
	classes := z.c
	on, off := op.Targets(classes)
	one := func(int) int { return 1 }
	k := kernel{forward: []stage{{kind: stageWhole, tasks: one, run: func(_ *worker, _, n int) {
		for i := range n {
			logits, probs := z.image(nil, i)[:classes], p.image(nil, i)[:classes]
			best, logSum := softmax(probs, logits)
			label := c.labels[i]
			loss := 0.0
			for k, v := range logits {
				t := off
				if int32(k) == label {
					t = on
				}
				if t != 0 {
					loss -= t * (float64(v) - logSum)
				}
			}
			c.metrics[0] += loss
			if best == int(label) {
				c.metrics[1]++
			}
		}
	}}}}
	if !c.training() {
		return k
	}
	dz := c.dx(0)
	k.backward = []stage{{kind: stageWhole, tasks: one, run: func(_ *worker, _, n int) {
		for i := range n {
			probs, d := p.image(nil, i)[:classes], dz.image(nil, i)[:classes]
			for k, v := range probs {
				t := off
				if int32(k) == c.labels[i] {
					t = on
				}
				d[k] = float32((float64(v) - t) / float64(n))
			}
		}
	}}}
	return k
}

// softmax writes the probabilities p of logits z and returns the index of the first largest logit and log Σ exp(z).
func softmax(p, z []float32) (best int, logSum float64) {
	best = nn.Argmax(z)
	m := float64(z[best])
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(float64(v) - m)
	}
	logSum = m + math.Log(sum)
	for k, v := range z {
		p[k] = float32(math.Exp(float64(v) - logSum))
	}
	return best, logSum
}

package nntest

import (
	"fmt"
	"math"
	"testing"

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

// runLargeLogits checks the loss where exp(z) overflows or is 0 for every class: softmax has to subtract the largest
// logit first. The logits are those of the linear layer's bias, since its weight is 0. With one image of each label the
// targets of a class sum to 1, with smoothing too, so that Σ loss = Σ_k (log Σ exp(z) - z_k) and db = p - 1/3.
func runLargeLogits(t *testing.T, b nn.Backend) {
	const large = 1e4
	third, ln2 := 1.0/3, math.Log(2)
	for _, c := range []struct {
		z    []float32
		p    []float64
		loss float64
	}{
		{[]float32{large, large, -large}, []float64{0.5, 0.5, 0}, 3*ln2 + 2*large},
		{[]float32{-large, -large, -large}, []float64{third, third, third}, 3 * math.Log(3)},
		{[]float32{-large, large, 0}, []float64{0, 1, 0}, 3 * large},
	} {
		for _, smoothing := range []float32{0, 0.1} {
			g := network(1, 2, 2, 3, nn.SoftmaxCrossEntropy{Smoothing: smoothing},
				func(_ *builder, x nn.Value) nn.Value { return x })
			e, err := b.Compile(g, nn.PlanConfig{Batch: 3, Optimizer: nn.SGD{}})
			must(t, err)
			params := g.Nodes[len(g.Nodes)-2].Params
			weight, bias := params[0], params[1]
			must(t, e.Write(nn.Ref{Value: weight}, make([]byte, 4*g.Elems(weight, 1))))
			must(t, e.Write(nn.Ref{Value: bias}, nn.Bytes(c.z)))
			must(t, e.Write(nn.Ref{Value: g.Images}, make([]byte, g.Elems(g.Images, 3))))
			must(t, e.Write(nn.Ref{Value: g.Labels}, nn.Bytes([]int32{0, 1, 2})))
			for _, mode := range []nn.Mode{nn.Eval, nn.Gradient} {
				must(t, e.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes([]float64{0, 0})))
				must(t, e.Run(mode, 3))
				metrics := make([]float64, 2)
				must(t, e.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics)))
				// Sums of logits round to 2^-53 of them in float64.
				if d := math.Abs(metrics[0] - c.loss); !(d <= 1e-15*6*large) || metrics[1] != 1 {
					t.Errorf("%v, logits %v: loss %g, %g correct, want %g and 1", mode, c.z, metrics[0], metrics[1],
						c.loss)
				}
				p := readFloats(t, e, nn.Ref{Value: g.Probabilities}, 9)
				for i, v := range p {
					// A rounding to float32 below 1.
					if d := math.Abs(v - c.p[i%3]); !(d <= 1.0/(1<<24)) {
						t.Errorf("%v, logits %v: p %v, want %v", mode, c.z, p[i/3*3:][:3], c.p)
						break
					}
				}
			}
			for k, v := range readFloats(t, e, nn.Ref{Value: bias, Role: nn.Grad}, 3) {
				// Three terms below 1 in magnitude, each rounded to float32 like the sums.
				if d := math.Abs(v - (c.p[k] - third)); !(d <= 6.0/(1<<24)) {
					t.Errorf("logits %v: db[%d] %g, want %g", c.z, k, v, c.p[k]-third)
				}
			}
			must(t, e.Close())
		}
	}
}

package nntest

import (
	"strings"
	"testing"

	"resnet/nn"
)

// runMisuse checks that wrong calls are refused with a message of one line and leave the executor as it was.
func runMisuse(t *testing.T, b nn.Backend) {
	g := network(2, 3, 4, 5, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return b.add(nn.BatchNorm{ReLU: true}, b.add(nn.Conv{Out: 3, Kernel: 1}, x))
	})
	compile := func(c nn.PlanConfig) nn.Executor {
		c.Batch = 4
		e, err := b.Compile(g, c)
		must(t, err)
		t.Cleanup(func() { must(t, e.Close()) })
		randomize(t, e, g)
		writeBatch(t, e, g, 4, 1)
		return e
	}
	e := compile(nn.PlanConfig{Optimizer: nn.SGD{}})
	weight, hidden := g.Nodes[1].Params[0], g.Nodes[1].Out
	must(t, e.Run(nn.Eval, 4))
	before := readFloats(t, e, nn.Ref{Value: g.Logits}, 20)

	image := g.Elems(g.Images, 1)
	for _, c := range []struct {
		what string
		err  error
	}{
		{"run of 0 images", e.Run(nn.Train, 0)},
		{"run of a negative number of images", e.Run(nn.Eval, -1)},
		{"run of more images than the batch", e.Run(nn.Eval, 5)},
		{"write of half an image", e.Write(nn.Ref{Value: g.Images}, make([]byte, image/2))},
		{"write of no image", e.Write(nn.Ref{Value: g.Images}, nil)},
		{"write of more images than the batch", e.Write(nn.Ref{Value: g.Images}, make([]byte, 5*image))},
		{"write of more labels than the batch", e.Write(nn.Ref{Value: g.Labels}, make([]byte, 5*4))},
		{"write of a label that is no class", e.Write(nn.Ref{Value: g.Labels}, nn.Bytes([]int32{5}))},
		{"write of a negative label", e.Write(nn.Ref{Value: g.Labels}, nn.Bytes([]int32{-1}))},
		{"write of a parameter too short", e.Write(nn.Ref{Value: weight}, make([]byte, 4*5))},
		{"write of a parameter too long", e.Write(nn.Ref{Value: weight}, make([]byte, 4*7))},
		{"write of step scalars too short", e.Write(nn.Ref{Value: nn.StepParamsValue}, make([]byte, 4))},
		{"write of an activation", e.Write(nn.Ref{Value: hidden}, make([]byte, 4*3*12*4))},
		{"write of an unknown value", e.Write(nn.Ref{Value: nn.Value(g.NumValues())}, make([]byte, 4))},
		{"write of a role that does not exist", e.Write(nn.Ref{Value: weight, Role: nn.SecondMoment + 1},
			make([]byte, 4*6))},
		{"write of part of a label", e.Write(nn.Ref{Value: g.Labels}, make([]byte, 5))},
		{"read of logits of more than the batch", e.Read(nn.Ref{Value: g.Logits}, make([]byte, 4*5*5))},
		{"read of a parameter too short", e.Read(nn.Ref{Value: weight}, make([]byte, 4*5))},
		{"read of metrics too long", e.Read(nn.Ref{Value: nn.MetricsValue}, make([]byte, 24))},
		{"read of an unknown value", e.Read(nn.Ref{Value: nn.Value(g.NumValues())}, make([]byte, 4))},
		{"read of a state that the optimiser has not",
			e.Read(nn.Ref{Value: weight, Role: nn.SecondMoment}, make([]byte, 4*6))},
		{"read of a role that does not exist", e.Read(nn.Ref{Value: weight, Role: nn.SecondMoment + 1},
			make([]byte, 4*6))},
		{"read of an activation in planned memory", e.Read(nn.Ref{Value: hidden}, make([]byte, 4*3*12*4))},
		{"training run of a plan for inference", compile(nn.PlanConfig{}).Run(nn.Train, 4)},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.what)
		} else if strings.Contains(c.err.Error(), "\n") {
			t.Errorf("%s: error of more than one line: %q", c.what, c.err)
		}
	}
	must(t, e.Run(nn.Eval, 4))
	for i, v := range readFloats(t, e, nn.Ref{Value: g.Logits}, 20) {
		if v != before[i] {
			t.Fatalf("logit %d is %g after misuse, was %g", i, v, before[i])
		}
	}
}

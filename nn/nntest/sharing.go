package nntest

import (
	"fmt"
	"math"
	"testing"

	"resnet/nn"
)

// runSharing checks what executors of one backend may share: nothing that a run changes.
func runSharing(t *testing.T, b nn.Backend) {
	c := *networkCases()[0]
	c.script = []action{{nn.Train, c.batch}, {nn.Train, c.batch}}
	alone := c.run(t, b, false)
	other := *optimizerCases()[0]
	neighbour := other.start(t, b, false)
	defer neighbour.close(t)
	e := c.start(t, b, false)
	defer e.close(t)
	var beside trace
	for i := range c.script {
		neighbour.act(t, i)
		beside = append(beside, e.act(t, i)...)
	}
	sameBits(t, "beside another executor", beside, alone)
}

// runInference checks that a plan without an optimiser evaluates as one with it.
func runInference(t *testing.T, b nn.Backend) {
	for _, c := range networkCases() {
		c := *c
		c.script = []action{{nn.Eval, c.batch}, {nn.Eval, 1}}
		want := c.run(t, b, false)
		c.opt = nil
		sameBits(t, c.name+": plan for inference", c.run(t, b, false), want)
	}
}

// runEvalBatch checks that a plan whose batches for inference are larger or smaller than those for training computes
// what one with the larger for both does.
func runEvalBatch(t *testing.T, b nn.Backend) {
	for _, c := range networkCases() {
		large, small := *c, *c
		large.evalBatch = 3*c.batch + 1
		large.script = []action{{nn.Train, c.batch}, {nn.Eval, large.evalBatch}, {nn.Train, c.batch},
			{nn.Eval, c.batch + 1}, {nn.Train, 1}}
		small.evalBatch = 1
		small.script = []action{{nn.Train, c.batch}, {nn.Eval, 1}, {nn.Train, 1}}
		for _, part := range []testCase{large, small} {
			whole := part
			whole.batch, whole.evalBatch = max(part.batch, part.evalBatch), 0
			sameBits(t, fmt.Sprintf("%s: batches of %d for inference", c.name, part.evalBatch), part.run(t, b, false),
				whole.run(t, b, false))
		}
	}
}

// runNaN checks that a weight that is not a number reaches the loss, whatever ReLUs and pools lie between: a diverged
// run must be seen.
func runNaN(t *testing.T, b nn.Backend) {
	for _, c := range networkCases() {
		for _, mode := range []nn.Mode{nn.Eval, nn.Gradient} {
			c := *c
			c.script = []action{{mode, 1}}
			e := c.start(t, b, false)
			v := c.graph.Parameters()[0]
			w := make([]float32, c.graph.Elems(v, 1))
			for i := range w {
				w[i] = float32(math.NaN())
			}
			must(t, e.exec.Write(nn.Ref{Value: v}, nn.Bytes(w)))
			e.act(t, 0)
			metrics := make([]float64, 2)
			must(t, e.exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics)))
			if !math.IsNaN(metrics[0]) {
				t.Errorf("%s: loss in %v mode is %g with %s not a number, want NaN", c.name, mode, metrics[0],
					c.graph.ValueName(v))
			}
			e.close(t)
		}
	}
}

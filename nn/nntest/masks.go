package nntest

import (
	"math"
	"testing"

	"resnet/nn"
)

// masks are the outputs of all ReLUs in the training runs of a backend. Among millions of ReLUs a few have an input
// within float32's rounding of zero. A backend whose rounding puts one on the other side gets gradients that are a
// thousandth away, and is as right as the reference: its masks are imposed on the reference then, and how far they lay
// from zero is what is checked.
type masks struct {
	runs [][][]float32 // by run and node; nil for nodes without ReLU
	next int           // the run that the reference takes next

	turned int     // how many masks were not the reference's
	worst  float64 // the largest output that one side had and the other not
}

// rectifies says whether a node ends in a ReLU.
func rectifies(op nn.Op) bool {
	switch op := op.(type) {
	case nn.ReLU:
		return true
	case nn.BatchNorm:
		return op.ReLU
	case nn.Add:
		return op.ReLU
	case nn.Linear:
		return op.ReLU
	}
	return false
}

// record reads the ReLUs of a training run on n images.
func (m *masks) record(t testing.TB, e nn.Executor, g *nn.Graph, n int) {
	t.Helper()
	run := make([][]float32, len(g.Nodes))
	for i := range g.Nodes {
		if !rectifies(g.Nodes[i].Op) {
			continue
		}
		run[i] = make([]float32, g.Elems(g.Nodes[i].Out, n))
		must(t, e.Read(nn.Ref{Value: g.Nodes[i].Out}, nn.Bytes(run[i])))
	}
	m.runs = append(m.runs, run)
}

// impose gives the reference the masks of the next run, between its forward and its backward pass. An output that is
// turned on or off hardly moves.
func (m *masks) impose(e *ReferenceExecutor) {
	for i, y := range m.runs[m.next] {
		exact := e.tensors[nn.Data][e.graph.Nodes[i].Out]
		for k, v := range y {
			if v > 0 == (exact[k] > 0) {
				continue
			}
			m.turned++
			m.worst = max(m.worst, float64(v), exact[k])
			if v > 0 {
				exact[k] = math.SmallestNonzeroFloat64
			} else {
				exact[k] = 0
			}
		}
	}
	m.next++
}

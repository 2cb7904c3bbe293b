package nntest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"resnet/nn"
)

// A testCase is a network and what is done with it.
type testCase struct {
	name      string
	graph     *nn.Graph
	batch     int
	evalBatch int // 0: batch
	opt       nn.Optimizer
	script    []action
}

// isNetwork says whether the case is a whole network rather than one op.
func (c *testCase) isNetwork() bool { return strings.HasPrefix(c.name, "net/") }

// An action is one run on the first n images.
type action struct {
	mode nn.Mode
	n    int
}

// A trace is every tensor read after every action, in the order in which they were computed, so that the first wrong
// one is where the fault is.
type trace []record

type record struct {
	name string
	v    []float64
}

// run does the script on a backend. With keepAll the trace has every activation and gradient, otherwise what can be
// read of any plan.
func (c *testCase) run(t testing.TB, b nn.Backend, keepAll bool) trace {
	t.Helper()
	s := c.start(t, b, keepAll)
	defer s.close(t)
	var tr trace
	for i := range c.script {
		tr = append(tr, s.act(t, i)...)
	}
	return tr
}

// A session is a test case on an executor, part of the way through its script.
type session struct {
	*testCase
	exec    nn.Executor
	keepAll bool
	updates int64
}

// start compiles a plan and gives the parameters their values.
func (c *testCase) start(t testing.TB, b nn.Backend, keepAll bool) *session {
	t.Helper()
	e, err := b.Compile(c.graph, nn.PlanConfig{Batch: c.batch, EvalBatch: c.evalBatch, Optimizer: c.opt,
		KeepAll: keepAll})
	must(t, err)
	randomize(t, e, c.graph)
	must(t, e.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes([]float64{0, 0})))
	return &session{c, e, keepAll, 0}
}

func (s *session) close(t testing.TB) {
	t.Helper()
	must(t, s.exec.Close())
}

// act takes action i of the script, on images of its own, and reads the results.
func (s *session) act(t testing.TB, i int) trace {
	t.Helper()
	a := s.script[i]
	writeBatch(t, s.exec, s.graph, a.n, uint64(i))
	if a.mode == nn.Train {
		s.updates++
		h := s.opt.StepParams(s.updates, 2e-3)
		must(t, s.exec.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(h[:])))
	}
	must(t, s.exec.Run(a.mode, a.n))
	must(t, s.exec.Sync())
	return s.read(t, fmt.Sprintf("run %d (%v): ", i, a), a)
}

// read reads what an action has computed.
func (s *session) read(t testing.TB, prefix string, a action) (tr trace) {
	g, e := s.graph, s.exec
	add := func(what string, r nn.Ref, n int) {
		t.Helper()
		tr = append(tr, record{prefix + g.ValueName(r.Value) + what, readFloats(t, e, r, g.Elems(r.Value, n))})
	}
	for i := range g.Nodes {
		if v := g.Nodes[i].Out; s.keepAll || v == g.Logits || v == g.Probabilities {
			add("", nn.Ref{Value: v}, a.n)
		}
	}
	metrics := make([]float64, 2)
	must(t, e.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics)))
	tr = append(tr, record{prefix + "loss sum", metrics[:1]}, record{prefix + "correct count", metrics[1:]})
	if a.mode == nn.Eval {
		return tr
	}
	needs := g.NeedsGrad()
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := &g.Nodes[i]
		if s.keepAll && needs[n.Out] && n.Out != g.Probabilities {
			add(" gradient", nn.Ref{Value: n.Out, Role: nn.Grad}, a.n)
		}
		for _, v := range n.Params {
			if !g.Param(v).Trainable {
				add("", nn.Ref{Value: v}, 1)
				continue
			}
			add(" gradient", nn.Ref{Value: v, Role: nn.Grad}, 1)
			if a.mode == nn.Train {
				add("", nn.Ref{Value: v}, 1)
				for k := range s.opt.States() {
					add(fmt.Sprintf(" state %d", k), nn.Ref{Value: v, Role: nn.Momentum + nn.Role(k)}, 1)
				}
			}
		}
	}
	return tr
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readFloats reads a float32 tensor.
func readFloats(t testing.TB, e nn.Executor, r nn.Ref, elems int) []float64 {
	t.Helper()
	b := make([]byte, 4*elems)
	must(t, e.Read(r, b))
	v := make([]float64, elems)
	for i := range v {
		v[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return v
}

// randomize gives every parameter and statistic its Values.
func randomize(t testing.TB, e nn.Executor, g *nn.Graph) {
	t.Helper()
	for _, v := range g.Parameters() {
		must(t, e.Write(nn.Ref{Value: v}, nn.Bytes(Values(g, v))))
	}
}

// writeBatch writes n random images and labels.
func writeBatch(t testing.TB, e nn.Executor, g *nn.Graph, n int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	pixels := make([]byte, g.Elems(g.Images, n))
	for i := range pixels {
		pixels[i] = byte(rng.IntN(256))
	}
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(rng.IntN(g.Classes))
	}
	must(t, e.Write(nn.Ref{Value: g.Images}, pixels))
	must(t, e.Write(nn.Ref{Value: g.Labels}, nn.Bytes(labels)))
}

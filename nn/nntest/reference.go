package nntest

import (
	"fmt"

	"resnet/nn"
)

// Reference is the backend "reference": every op in float64, in the simplest loops that compute it, each tensor in
// memory of its own. Step scalars and smoothing are float32 as in the contract, everything else is float64. It is as
// exact as its inputs and far too slow for real training.
type Reference struct {
	noise    uint64  // seed of the rounding noise; 0: none
	roundoff float64 // size of the noise
	masks    *masks  // imposed on the ReLUs; nil: none
}

// NewReference returns the reference without noise.
func NewReference() *Reference { return &Reference{} }

// Name implements nn.Backend.
func (*Reference) Name() string { return "reference" }

// Close implements nn.Backend.
func (*Reference) Close() error { return nil }

// Info implements nn.Backend.
func (r *Reference) Info() nn.Info {
	return nn.Info{Device: r.Name(), Deterministic: true, ISA: "float64"}
}

// Plan implements nn.Backend.
func (*Reference) Plan(g *nn.Graph, c nn.PlanConfig) (*nn.Plan, error) {
	for i := range g.Nodes {
		if n := &g.Nodes[i]; referenceOf(n.Op).forward == nil {
			return nil, fmt.Errorf("nntest: reference: %s: no kernel for op %s", n.Name, n.Op.Kind())
		}
	}
	if c.Optimizer != nil && updateRule(c.Optimizer) == nil {
		return nil, fmt.Errorf("nntest: reference: no kernel for optimiser %s", c.Optimizer.Kind())
	}
	return nn.NewPlan(g, c, Plain{})
}

// Plain is the simplest target: tensors have no padding, and instructions run one after another.
type Plain struct{}

// Bytes implements nn.Target.
func (Plain) Bytes(g *nn.Graph, v nn.Value, _ nn.Role, batch int) int64 {
	return int64(g.Elems(v, batch) * g.Type(v).DType.Size())
}

// AliasGrads implements nn.Target.
func (Plain) AliasGrads(g *nn.Graph, a, b nn.Value) bool { return g.Type(a) == g.Type(b) }

// Schedule implements nn.Target.
func (Plain) Schedule(_ *nn.Graph, _ nn.Mode, list []nn.Instruction) []nn.Span {
	spans := make([]nn.Span, len(list))
	for i := range spans {
		spans[i] = nn.Span{Start: i, End: i}
	}
	return spans
}

// Compile implements nn.Backend; the Executor is a *ReferenceExecutor.
func (r *Reference) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	p, err := r.Plan(g, c)
	if err != nil {
		return nil, err
	}
	e := &ReferenceExecutor{
		plan: p, graph: g,
		pixels: make([]byte, g.Elems(g.Images, p.MaxBatch())),
		labels: make([]int32, p.MaxBatch()),
	}
	e.masks = r.masks
	if r.noise != 0 {
		e.rounding = newRounding(r.noise, r.roundoff)
	}
	for role := range e.tensors {
		e.tensors[role] = make([][]float64, g.NumValues())
	}
	for v := range nn.Value(g.NumValues()) {
		if v == g.Images || v == g.Labels {
			continue
		}
		roles := nn.Role(0)
		switch param := g.Param(v); {
		case param == nil || param.Trainable && p.Optimizer == nil:
			roles = nn.Grad
		case param.Trainable:
			roles = nn.Momentum + nn.Role(p.Optimizer.States()) - 1
		}
		for role := range roles + 1 {
			e.tensors[role][v] = make([]float64, g.Elems(v, p.MaxBatch()))
		}
	}
	return e, nil
}

// ReferenceExecutor is a plan on the Reference.
type ReferenceExecutor struct {
	plan  *nn.Plan
	graph *nn.Graph

	tensors    [nn.SecondMoment + 1][][]float64 // by role and value
	pixels     []byte
	labels     []int32
	stepParams nn.StepParams
	metrics    [2]float64

	last     *nn.Program // of the last run
	rounding *rounding
	masks    *masks
}

// Plan implements nn.Executor.
func (e *ReferenceExecutor) Plan() *nn.Plan { return e.plan }

// Run implements nn.Executor.
func (e *ReferenceExecutor) Run(m nn.Mode, n int) error {
	prog := e.plan.Train
	if m == nn.Eval {
		prog = e.plan.Eval
	}
	if prog == nil {
		return fmt.Errorf("nntest: reference: training run of a plan without an optimiser")
	}
	most := e.plan.Batch
	if m == nn.Eval {
		most = e.plan.EvalBatch
	}
	if n < 1 || n > most {
		return fmt.Errorf("nntest: reference: run on %d images, want 1 to the plan's batch of %d", n, most)
	}
	e.last = prog
	needs := e.graph.NeedsGrad()
	masked := false
	for _, in := range prog.Instructions {
		switch in.Phase {
		case nn.Forward:
			node := &e.graph.Nodes[in.Node]
			referenceOf(node.Op).forward(node.Op, e.step(node, m, n, needs))
		case nn.Backward:
			if e.masks != nil && !masked {
				e.masks.impose(e)
				masked = true
			}
			node := &e.graph.Nodes[in.Node]
			e.clearStored(node, in, needs)
			if backward := referenceOf(node.Op).backward; backward != nil {
				backward(node.Op, e.step(node, m, n, needs))
			}
		case nn.Update:
			if m == nn.Train {
				e.update()
			}
		}
		e.rounding.instruction(e, in, n, m)
	}
	return nil
}

// clearStored zeroes the gradients that an instruction stores rather than adds to, because backward always adds.
func (e *ReferenceExecutor) clearStored(n *nn.Node, in nn.Instruction, needs []bool) {
	for i, v := range n.In {
		if needs[v] && in.Accumulate>>i&1 == 0 {
			clear(e.tensors[nn.Grad][v])
		}
	}
	for _, v := range n.Params {
		clear(e.tensors[nn.Grad][v])
	}
}

// Sync implements nn.Executor.
func (e *ReferenceExecutor) Sync() error { return nil }

// Close implements nn.Executor.
func (e *ReferenceExecutor) Close() error { return nil }

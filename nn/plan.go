package nn

import (
	"cmp"
	"fmt"
)

// A Plan is a Graph in execution order with a place in memory for every tensor, decided before the first step. It is
// plain data: no pointers and no device.
type Plan struct {
	Graph     *Graph
	Batch     int       // images of a training step, at most
	EvalBatch int       // images of an Eval run, at most
	Optimizer Optimizer // nil: inference only
	KeepAll   bool

	// Train is forward, backward, update; nil without an optimiser. Eval is forward on running statistics. The two
	// never run at once, so they use the same activation memory.
	Train, Eval *Program

	// Params, ParamGrads and States place what outlives a step, by Value.
	Params, ParamGrads []Slot
	States             [2][]Slot
	// Bytes is the size of each segment.
	Bytes [NumSegments]int64
}

// PlanConfig says what to plan for.
type PlanConfig struct {
	Batch     int
	EvalBatch int // 0: Batch
	Optimizer Optimizer
	// EvalImages, where EvalBatch is 0, is how many images an evaluation takes. A device that is faster on large
	// batches then evaluates them in a few, as large as its memory allows; others take Batch.
	EvalImages int
	// KeepAll gives every tensor memory of its own, so that all can be read after a run: for tests and for looking
	// inside.
	KeepAll bool
}

// A Target tells the planner what a backend wants.
type Target interface {
	// Bytes is the memory for a tensor of a batch, with whatever padding the backend's kernels like.
	Bytes(g *Graph, v Value, role Role, batch int) int64
	// AliasGrads says whether the gradients of two values lie in memory alike, so that one memory can hold both.
	AliasGrads(g *Graph, a, b Value) bool
	// Schedule says when each step of a program runs.
	Schedule(g *Graph, m Mode, steps []Instruction) []Span
}

// A Span is the time a step takes, in whatever unit a backend counts: steps whose spans overlap may run at once, so
// their tensors must not share memory. Local steps treat each image by itself: a tensor that only steps of one single
// instant touch, all of them local, needs memory for one image per worker.
type Span struct {
	Start, End int
	Local      bool
}

// A Program is a list of steps and where the tensors that they touch lie.
type Program struct {
	Mode         Mode
	Instructions []Instruction
	Spans        []Span
	Data         []Slot // by Value: activations and saved tensors
	Grad         []Slot // by Value: gradients of activations; Bytes is 0 where none flows
}

// Phase is the part of a training step that a Step belongs to.
type Phase uint8

// The phases, in order.
const (
	Forward Phase = iota
	Backward
	Update
)

func (p Phase) String() string { return [...]string{"forward", "backward", "update"}[p] }

// A Step is one node's work in one phase. Update has no node (-1).
type Instruction struct {
	Node  int
	Phase Phase
	// Accumulate has bit i set where the gradient of In[i] is added to what is there; the first writer of a gradient
	// stores.
	Accumulate uint8
}

// Segment is a run of memory that is allocated as one.
type Segment uint8

// The segments. Parameters, gradients and optimiser states lie in one run each, so that one update, one clear, one
// checkpoint write serves them all.
const (
	Params        Segment = iota // trainable parameters
	ParamGrads                   // their gradients
	Momenta                      // optimiser state
	SecondMoments                //
	Statistics                   // running_mean, running_var
	Activations                  // shared by lifetime
	Local                        // one copy per worker, shared by lifetime
	NumSegments
)

// A Slot is a tensor's place. Offset is a multiple of 64 bytes.
type Slot struct {
	Segment       Segment
	Offset, Bytes int64
}

// SlotAlign is what offsets are multiples of, in bytes.
const SlotAlign = 64

// Align is the next multiple of SlotAlign.
func Align(n int64) int64 { return (n + SlotAlign - 1) / SlotAlign * SlotAlign }

// NewPlan orders the graph's instructions and places its tensors as a backend's target wants them. See Backend.Plan.
func NewPlan(g *Graph, c PlanConfig, t Target) (*Plan, error) {
	if g.err != nil {
		return nil, g.err
	}
	if c.Batch < 1 {
		return nil, fmt.Errorf("nn: plan: batch size %d, want at least 1", c.Batch)
	}
	if g.Probabilities == 0 {
		return nil, fmt.Errorf("nn: plan: graph %s has no loss", g.Name)
	}
	for _, n := range g.Nodes {
		if n.Out != g.Probabilities && len(g.Consumers(n.Out)) == 0 {
			return nil, fmt.Errorf("nn: plan: %s: nothing reads its output (a branch that does not reach the loss?)",
				n.Name)
		}
	}
	if c.EvalBatch < 0 {
		return nil, fmt.Errorf("nn: plan: batch size %d for inference, want at least 1, or 0 for that of training",
			c.EvalBatch)
	}
	p := &Plan{Graph: g, Batch: c.Batch, EvalBatch: cmp.Or(c.EvalBatch, c.Batch), Optimizer: c.Optimizer,
		KeepAll: c.KeepAll}
	p.placeParameters(t)
	p.Eval = p.program(t, Eval, forwardInstructions(g))
	if c.Optimizer != nil {
		list := append(forwardInstructions(g), backwardInstructions(g)...)
		p.Train = p.program(t, Train, append(list, Instruction{Node: -1, Phase: Update}))
	}
	return p, nil
}

// MaxBatch is how many images a run may have at most.
func (p *Plan) MaxBatch() int { return max(p.Batch, p.EvalBatch) }

// batch is how many images a run of a mode may have at most.
func (p *Plan) BatchFor(m Mode) int {
	if m == Eval {
		return p.EvalBatch
	}
	return p.Batch
}

func (p *Plan) placeParameters(t Target) {
	n := p.Graph.NumValues()
	p.Params, p.ParamGrads = make([]Slot, n), make([]Slot, n)
	p.States = [2][]Slot{make([]Slot, n), make([]Slot, n)}
	place := func(seg Segment, v Value, role Role) Slot {
		s := Slot{seg, p.Bytes[seg], t.Bytes(p.Graph, v, role, p.Batch)}
		p.Bytes[seg] += Align(s.Bytes)
		return s
	}
	for _, v := range p.Graph.Parameters() {
		if !p.Graph.Param(v).Trainable {
			p.Params[v] = place(Statistics, v, Data)
			continue
		}
		p.Params[v] = place(Params, v, Data)
		if p.Optimizer == nil {
			continue
		}
		p.ParamGrads[v] = place(ParamGrads, v, Grad)
		for i := range p.Optimizer.States() {
			p.States[i][v] = place(Momenta+Segment(i), v, Momentum+Role(i))
		}
	}
}

func forwardInstructions(g *Graph) []Instruction {
	steps := make([]Instruction, len(g.Nodes))
	for i := range g.Nodes {
		steps[i] = Instruction{Node: i, Phase: Forward}
	}
	return steps
}

// NeedsGrad says for each value whether the loss depends on a trainable parameter through it: images and what is
// computed from them alone do not.
func (g *Graph) NeedsGrad() []bool {
	needs := make([]bool, g.NumValues())
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, v := range n.Params {
			needs[v] = g.Param(v).Trainable
			needs[n.Out] = needs[n.Out] || needs[v]
		}
		for _, v := range n.In {
			needs[n.Out] = needs[n.Out] || needs[v]
		}
	}
	return needs
}

func backwardInstructions(g *Graph) []Instruction {
	needs := g.NeedsGrad()
	written := make([]bool, g.NumValues())
	var steps []Instruction
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := &g.Nodes[i]
		if !needs[n.Out] {
			continue
		}
		s := Instruction{Node: i, Phase: Backward}
		for k, v := range n.In {
			if !needs[v] {
				continue
			}
			if written[v] {
				s.Accumulate |= 1 << k
			}
			written[v] = true
		}
		steps = append(steps, s)
	}
	return steps
}

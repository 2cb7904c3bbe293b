package nn

import (
	"cmp"
	"fmt"
)

// A Plan is a Graph in execution order with a place in memory for every tensor, fixed before the first step. It is
// plain data without addresses and knows no device.
type Plan struct {
	Graph     *Graph
	Batch     int       // the most images of a Train or Gradient run
	EvalBatch int       // the most images of an Eval run
	Optimizer Optimizer // nil: inference only
	KeepAll   bool

	// Train is forward, backward, update; nil without an optimiser. Eval is forward on running statistics. They never
	// run at the same time, so they share activation memory.
	Train, Eval *Program

	// Params, ParamGrads and States are the slots of tensors that outlive a step, by Value.
	Params, ParamGrads []Slot
	States             [2][]Slot
	// Bytes is the size of each segment.
	Bytes [NumSegments]int64
}

// PlanConfig are the settings of a plan.
type PlanConfig struct {
	Batch     int
	EvalBatch int // 0: Batch
	Optimizer Optimizer
	// EvalImages, where EvalBatch is 0, is the number of images of an evaluation. A device that is faster on large
	// batches then chooses an EvalBatch as large as its memory allows; others use Batch.
	EvalImages int
	// KeepAll gives every tensor memory of its own, so that all can be read after a run, for tests and inspection.
	KeepAll bool
}

// A Target tells the planner the layout and the schedule of a backend.
type Target interface {
	// Bytes is the size of a tensor of a batch, with the padding that the backend's kernels want.
	Bytes(g *Graph, v Value, role Role, batch int) int64
	// AliasGrads says whether the gradients of two values have the same layout, so that they can share memory.
	AliasGrads(g *Graph, a, b Value) bool
	// Schedule says when each instruction of a program runs.
	Schedule(g *Graph, m Mode, list []Instruction) []Span
}

// A Span is the time during which an instruction runs, in any unit that counts up. Instructions whose spans overlap may
// run at the same time, so their tensors must not share memory. A Local instruction processes each image on its own: a
// tensor that only local instructions touch, all with the same Start and End, needs memory for one image per worker.
type Span struct {
	Start, End int
	Local      bool
}

// A Program is a list of instructions and the slots of the tensors that they touch.
type Program struct {
	Mode         Mode
	Instructions []Instruction
	Spans        []Span
	Data         []Slot // by Value: activations and saved tensors
	Grad         []Slot // by Value: gradients of activations; Bytes is 0 where there is none
}

// Phase is the part of a training step that an Instruction belongs to.
type Phase uint8

// The phases, in order.
const (
	Forward Phase = iota
	Backward
	Update
)

func (p Phase) String() string { return [...]string{"forward", "backward", "update"}[p] }

// An Instruction is the work of one node in one phase. For Update Node is -1.
type Instruction struct {
	Node  int
	Phase Phase
	// Accumulate has bit i set where the gradient of In[i] is added to what is already there; the first node that
	// writes a gradient stores it.
	Accumulate uint8
}

// Segment is a piece of memory that is allocated as one.
type Segment uint8

// The segments. Parameters, gradients and optimiser states are contiguous, so that one update or one clear covers all.
const (
	Params        Segment = iota // trainable parameters
	ParamGrads                   // their gradients
	Momenta                      // their first optimiser state
	SecondMoments                // their second
	Statistics                   // running_mean, running_var
	Activations                  // shared by tensors whose live intervals do not overlap
	Local                        // likewise, one copy per worker, for one image
	NumSegments
)

// A Slot is a tensor's place in a segment. Offset is a multiple of SlotAlign.
type Slot struct {
	Segment       Segment
	Offset, Bytes int64
}

// SlotAlign is what offsets are multiples of, in bytes.
const SlotAlign = 64

// Align is the next multiple of SlotAlign.
func Align(n int64) int64 { return (n + SlotAlign - 1) / SlotAlign * SlotAlign }

// NewPlan orders the graph's instructions and places its tensors for a backend's target; see Backend.Plan.
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
	if most := max(c.Batch, c.EvalBatch); sum(g.shared, product(most, int(g.elems-g.shared))) > maxElems {
		return nil, fmt.Errorf("nn: plan: %s at batch size %d: %w", g.Name, most, errUncountable)
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

// MaxBatch is the largest batch of any mode.
func (p *Plan) MaxBatch() int { return max(p.Batch, p.EvalBatch) }

// BatchFor is the largest batch of a mode.
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
	list := make([]Instruction, len(g.Nodes))
	for i := range g.Nodes {
		list[i] = Instruction{Node: i, Phase: Forward}
	}
	return list
}

// NeedsGrad says for each value whether it is, or depends on, a trainable parameter. Images and what is computed from
// them alone do not.
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
	var list []Instruction
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := &g.Nodes[i]
		if !needs[n.Out] {
			continue
		}
		in := Instruction{Node: i, Phase: Backward}
		for k, v := range n.In {
			if !needs[v] {
				continue
			}
			if written[v] {
				in.Accumulate |= 1 << k
			}
			written[v] = true
		}
		list = append(list, in)
	}
	return list
}

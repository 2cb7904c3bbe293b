package nn

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The checks that every executor makes before it copies or runs anything.

// ParameterSlot is the slot of a parameter, its gradient or its optimiser state.
func (p *Plan) ParameterSlot(r Ref) (Slot, *Param, error) {
	if !p.Graph.has(r.Value) || p.Graph.Param(r.Value) == nil {
		return Slot{}, nil, fmt.Errorf("value %d is no parameter", r.Value)
	}
	var s Slot
	switch r.Role {
	case Data:
		s = p.Params[r.Value]
	case Grad:
		s = p.ParamGrads[r.Value]
	case Momentum, SecondMoment:
		s = p.States[r.Role-Momentum][r.Value]
	}
	if s.Bytes == 0 {
		return Slot{}, nil, fmt.Errorf("%s: the plan keeps no tensor of role %d for it", p.Graph.ValueName(r.Value),
			r.Role)
	}
	return s, p.Graph.Param(r.Value), nil
}

// has says whether v is a value of the graph.
func (g *Graph) has(v Value) bool { return v >= 0 && int(v) < g.NumValues() }

// IsActivation says whether v is a value of the graph and not a parameter.
func (g *Graph) IsActivation(v Value) bool { return g.has(v) && g.Param(v) == nil }

// ActivationSlot is the slot of an activation or its gradient after a run of the program last. It is an error where
// that run has left none, or where bytes are not whole images of at most a batch.
func (p *Plan) ActivationSlot(last *Program, r Ref, bytes int) (Slot, error) {
	g := p.Graph
	name := g.ValueName(r.Value)
	always := r.Role == Data && (r.Value == g.Logits || r.Value == g.Probabilities)
	if last == nil || !(always || p.KeepAll) {
		return Slot{}, fmt.Errorf("%s: only readable after a run of a plan that keeps all tensors", name)
	}
	s := last.Data[r.Value]
	if r.Role == Grad {
		s = last.Grad[r.Value]
	}
	if s.Bytes == 0 {
		return Slot{}, fmt.Errorf("%s: the last run has no tensor of role %d for it", name, r.Role)
	}
	each, most := 4*g.Elems(r.Value, 1), 4*g.Elems(r.Value, p.BatchFor(last.Mode))
	if bytes == 0 || bytes%each != 0 || bytes > most {
		return Slot{}, g.sizeError(r, bytes, most)
	}
	return s, nil
}

// CheckBatch returns an error unless bytes are 1 to MaxBatch whole images or labels of each bytes.
func (p *Plan) CheckBatch(r Ref, bytes, each int) error {
	name, most := p.Graph.ValueName(r.Value), each*p.MaxBatch()
	if r.Role != Data {
		return fmt.Errorf("%s: role %d, want the data", name, r.Role)
	}
	if bytes == 0 || bytes%each != 0 || bytes > most {
		return fmt.Errorf("%s: %d bytes, want a multiple of %d up to %d", name, bytes, each, most)
	}
	return nil
}

// CheckLabels returns an error where one of the int32 labels in p is not a class of the graph.
func (g *Graph) CheckLabels(p []byte) error {
	for i := range len(p) / 4 {
		if l := int32(binary.LittleEndian.Uint32(p[4*i:])); l < 0 || int(l) >= g.Classes {
			return fmt.Errorf("label %d of image %d, want 0 to %d", l, i, g.Classes-1)
		}
	}
	return nil
}

// CheckSize returns an error unless a tensor of want bytes was given got bytes.
func (g *Graph) CheckSize(r Ref, got, want int) error {
	if got != want {
		return g.sizeError(r, got, want)
	}
	return nil
}

func (g *Graph) sizeError(r Ref, got, want int) error {
	name := fmt.Sprintf("value %d", r.Value)
	if g.has(r.Value) {
		name = g.ValueName(r.Value)
	}
	return fmt.Errorf("%s: %d bytes, want %d", name, got, want)
}

// CheckRun returns an error for a run that the plan has no program for or whose batch is too large.
func (p *Plan) CheckRun(m Mode, n int) error {
	if m != Eval && p.Train == nil {
		return errors.New("training run of a plan without an optimiser")
	}
	if most := p.BatchFor(m); n < 1 || n > most {
		return fmt.Errorf("run on %d images, want 1 to the plan's batch of %d", n, most)
	}
	return nil
}

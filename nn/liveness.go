package nn

import (
	"cmp"
	"math"
	"slices"
)

// tensor is a value or its gradient, as the planner sees it.
type tensor struct {
	value Value
	role  Role // Data or Grad
}

// interval is the live interval of a tensor, or of several that share one slot, in the time of the target's spans.
type interval struct {
	start, end int
	local      bool // memory for one image per worker is enough, see Span
	bytes      int64
	members    []tensor
	offset     int64
}

// program schedules the instructions of a mode and gives every tensor that they touch a slot. Tensors whose live
// intervals overlap never share memory.
func (p *Plan) program(t Target, m Mode, list []Instruction) *Program {
	g := p.Graph
	prog := &Program{
		Mode: m, Instructions: list, Spans: t.Schedule(g, m, list),
		Data: make([]Slot, g.NumValues()), Grad: make([]Slot, g.NumValues()),
	}
	intervals := p.liveness(t, prog)
	var shared, local []*interval
	for _, iv := range intervals {
		batch := p.BatchFor(m)
		if iv.local {
			batch = 1
		}
		iv.bytes = Align(t.Bytes(g, iv.members[0].value, iv.members[0].role, batch))
		if iv.local {
			local = append(local, iv)
		} else {
			shared = append(shared, iv)
		}
	}
	p.Bytes[Activations] = max(p.Bytes[Activations], pack(shared))
	p.Bytes[Local] = max(p.Bytes[Local], pack(local))
	for _, iv := range intervals {
		s := Slot{Segment: Activations, Offset: iv.offset, Bytes: iv.bytes}
		if iv.local {
			s.Segment = Local
		}
		for _, t := range iv.members {
			if t.role == Grad {
				prog.Grad[t.value] = s
			} else {
				prog.Data[t.value] = s
			}
		}
	}
	return prog
}

// liveness finds when each tensor is first and last touched, and merges the intervals of gradients that share memory.
func (p *Plan) liveness(t Target, prog *Program) []*interval {
	g := p.Graph
	of := map[tensor]*interval{}
	var all []*interval
	for i, in := range prog.Instructions {
		span := prog.Spans[i]
		for _, t := range touched(g, in, prog.Mode) {
			iv := of[t]
			if iv == nil {
				iv = &interval{start: span.Start, end: span.End, local: true, members: []tensor{t}}
				of[t] = iv
				all = append(all, iv)
			}
			iv.start, iv.end = min(iv.start, span.Start), max(iv.end, span.End)
			iv.local = iv.local && span.Local && g.PerImage(t.value)
		}
	}
	if p.KeepAll {
		for _, iv := range all {
			iv.start, iv.end, iv.local = math.MinInt, math.MaxInt, false
		}
		return all
	}
	// Logits and probabilities can be read after the run.
	for _, v := range []Value{g.Logits, g.Probabilities} {
		if iv := of[tensor{v, Data}]; iv != nil {
			iv.end, iv.local = math.MaxInt, false
		}
	}
	merge := func(x, y tensor) {
		a, b := of[x], of[y]
		if a == nil || b == nil || a == b {
			return
		}
		a.start, a.end, a.local = min(a.start, b.start), max(a.end, b.end), a.local && b.local
		a.members = append(a.members, b.members...)
		for _, t := range b.members {
			of[t] = a
		}
		all = slices.DeleteFunc(all, func(iv *interval) bool { return iv == b })
	}
	for _, pair := range gradientAliases(g, t) {
		merge(tensor{pair[0], Grad}, tensor{pair[1], Grad})
	}
	for _, iv := range all {
		iv.local = iv.local && iv.start == iv.end
	}
	return all
}

// touched lists the activations, saved tensors and gradients that an instruction reads or writes.
func touched(g *Graph, in Instruction, m Mode) []tensor {
	if in.Phase == Update {
		return nil
	}
	n := &g.Nodes[in.Node]
	var ts []tensor
	add := func(role Role, vs ...Value) {
		for _, v := range vs {
			if v != g.Images && v != g.Labels {
				ts = append(ts, tensor{v, role})
			}
		}
	}
	if in.Phase == Forward {
		add(Data, n.In...)
		add(Data, n.Out)
		if m != Eval {
			add(Data, n.Saved...)
		}
		return ts
	}
	if n.ReadsX {
		add(Data, n.In...)
	}
	if n.ReadsY {
		add(Data, n.Out)
	}
	add(Data, n.Saved...)
	if n.Out != g.Probabilities {
		add(Grad, n.Out)
	}
	needs := g.NeedsGrad()
	for _, v := range n.In {
		if needs[v] {
			add(Grad, v)
		}
	}
	return ts
}

// gradientAliases are pairs of gradients that can share memory. The two inputs of a sum have the same gradient; batch
// norm and ReLU compute dx from dy element by element, in place. That is correct only where the input has no other
// reader, whose gradient would be added to dx, and, in place, where the other input of a sum does not still need dy.
func gradientAliases(g *Graph, t Target) [][2]Value {
	readOnce := func(v Value) bool { return len(g.Consumers(v)) == 1 }
	alike := func(a, b Value) bool { return t.AliasGrads(g, a, b) }
	needs := g.NeedsGrad()
	var pairs [][2]Value
	shared := map[Value]bool{} // inputs of a sum whose gradients share memory
	for _, n := range g.Nodes {
		if _, ok := n.Op.(Add); !ok || n.In[0] == n.In[1] {
			continue
		}
		if a, b := n.In[0], n.In[1]; readOnce(a) && readOnce(b) && needs[a] && needs[b] && alike(a, b) {
			pairs = append(pairs, [2]Value{a, b})
			shared[a], shared[b] = true, true
		}
	}
	for _, n := range g.Nodes {
		// With a ReLU dx is dy under a mask, so it must not overwrite a dy that another input still reads.
		if op, ok := n.Op.(Add); ok && shared[n.In[0]] && alike(n.In[0], n.Out) && !(op.ReLU && shared[n.Out]) {
			pairs = append(pairs, [2]Value{n.Out, n.In[0]})
		}
	}
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case BatchNorm, ReLU:
			if x := n.In[0]; needs[x] && readOnce(x) && !shared[n.Out] && alike(x, n.Out) {
				pairs = append(pairs, [2]Value{n.Out, x})
			}
		}
	}
	return pairs
}

// pack gives each interval an offset, the largest first, at the lowest address that no overlapping interval uses. It
// returns the total size.
func pack(intervals []*interval) int64 {
	order := slices.Clone(intervals)
	slices.SortStableFunc(order, func(a, b *interval) int { return cmp.Compare(b.bytes, a.bytes) })
	var size int64
	var placed []*interval // by offset
	for _, iv := range order {
		var at int64
		for _, o := range placed {
			if o.end < iv.start || iv.end < o.start {
				continue
			}
			if at+iv.bytes <= o.offset {
				break
			}
			at = max(at, o.offset+o.bytes)
		}
		iv.offset = at
		i, _ := slices.BinarySearchFunc(placed, at, func(o *interval, at int64) int {
			return cmp.Compare(o.offset, at)
		})
		placed = slices.Insert(placed, i, iv)
		size = max(size, at+iv.bytes)
	}
	return size
}

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

// life is a tensor's, or a group of aliased tensors', time and size.
type interval struct {
	start, end int
	local      bool
	bytes      int64
	members    []tensor
	offset     int64
}

// program schedules steps and gives every tensor that they touch a slot. Tensors whose lives overlap never share
// memory.
func (p *Plan) program(t Target, m Mode, steps []Instruction) *Program {
	g := p.Graph
	prog := &Program{
		Mode: m, Instructions: steps, Spans: t.Schedule(g, m, steps),
		Data: make([]Slot, g.NumValues()), Grad: make([]Slot, g.NumValues()),
	}
	lives := p.liveness(t, prog)
	var shared, local []*interval
	for _, l := range lives {
		batch := p.BatchFor(m)
		if l.local {
			batch = 1
		}
		l.bytes = Align(t.Bytes(g, l.members[0].value, l.members[0].role, batch))
		if l.local {
			local = append(local, l)
		} else {
			shared = append(shared, l)
		}
	}
	p.Bytes[Activations] = max(p.Bytes[Activations], pack(shared))
	p.Bytes[Local] = max(p.Bytes[Local], pack(local))
	for _, l := range lives {
		s := Slot{Segment: Activations, Offset: l.offset, Bytes: l.bytes}
		if l.local {
			s.Segment = Local
		}
		for _, t := range l.members {
			if t.role == Grad {
				prog.Grad[t.value] = s
			} else {
				prog.Data[t.value] = s
			}
		}
	}
	return prog
}

// lives finds when each tensor is first and last touched, and merges the gradients that may lie in the same memory.
func (p *Plan) liveness(t Target, prog *Program) []*interval {
	g := p.Graph
	of := map[tensor]*interval{}
	var all []*interval
	for i, s := range prog.Instructions {
		span := prog.Spans[i]
		for _, t := range touched(g, s, prog.Mode) {
			l := of[t]
			if l == nil {
				l = &interval{start: span.Start, end: span.End, local: true, members: []tensor{t}}
				of[t] = l
				all = append(all, l)
			}
			l.start, l.end = min(l.start, span.Start), max(l.end, span.End)
			l.local = l.local && span.Local && g.PerImage(t.value)
		}
	}
	if p.KeepAll {
		for _, l := range all {
			l.start, l.end, l.local = math.MinInt, math.MaxInt, false
		}
		return all
	}
	// Logits and probabilities can be read after a run.
	for _, v := range []Value{g.Logits, g.Probabilities} {
		if l := of[tensor{v, Data}]; l != nil {
			l.end, l.local = math.MaxInt, false
		}
	}
	merge := func(a, b tensor) {
		la, lb := of[a], of[b]
		if la == nil || lb == nil || la == lb {
			return
		}
		la.start, la.end, la.local = min(la.start, lb.start), max(la.end, lb.end), la.local && lb.local
		la.members = append(la.members, lb.members...)
		for _, t := range lb.members {
			of[t] = la
		}
		all = slices.DeleteFunc(all, func(l *interval) bool { return l == lb })
	}
	for _, pair := range gradientAliases(g, t) {
		merge(tensor{pair[0], Grad}, tensor{pair[1], Grad})
	}
	for _, l := range all {
		l.local = l.local && l.start == l.end
	}
	return all
}

// touched lists the activations, saved tensors and gradients of a step.
func touched(g *Graph, s Instruction, m Mode) []tensor {
	if s.Phase == Update {
		return nil
	}
	n := &g.Nodes[s.Node]
	var ts []tensor
	add := func(role Role, vs ...Value) {
		for _, v := range vs {
			if v != g.Images && v != g.Labels {
				ts = append(ts, tensor{v, role})
			}
		}
	}
	if s.Phase == Forward {
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

// gradientAliases are pairs of gradients that one memory can hold. A sum gives both its inputs the same gradient, and
// batch norm and ReLU turn theirs into their input's element by element. It is right only where the input has no other
// reader (which would add to it) and, for the ops in place, where no sibling still reads what is overwritten.
func gradientAliases(g *Graph, t Target) [][2]Value {
	alone := func(v Value) bool { return len(g.Consumers(v)) == 1 }
	fits := func(a, b Value) bool { return t.AliasGrads(g, a, b) }
	needs := g.NeedsGrad()
	var pairs [][2]Value
	sibling := map[Value]bool{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(Add); !ok || n.In[0] == n.In[1] {
			continue
		}
		if a, b := n.In[0], n.In[1]; alone(a) && alone(b) && needs[a] && needs[b] && fits(a, b) {
			pairs = append(pairs, [2]Value{a, b})
			sibling[a], sibling[b] = true, true
		}
	}
	for _, n := range g.Nodes {
		// A ReLU's mask must not fall on what a sibling of the sum still reads.
		if op, ok := n.Op.(Add); ok && sibling[n.In[0]] && fits(n.In[0], n.Out) && !(op.ReLU && sibling[n.Out]) {
			pairs = append(pairs, [2]Value{n.Out, n.In[0]})
		}
	}
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case BatchNorm, ReLU:
			if x := n.In[0]; needs[x] && alone(x) && !sibling[n.Out] && fits(x, n.Out) {
				pairs = append(pairs, [2]Value{n.Out, x})
			}
		}
	}
	return pairs
}

// pack gives each life an offset, the largest first, each at the lowest place where nothing alive at the same time
// lies. It returns the size of the whole.
func pack(lives []*interval) int64 {
	order := slices.Clone(lives)
	slices.SortStableFunc(order, func(a, b *interval) int { return cmp.Compare(b.bytes, a.bytes) })
	var size int64
	var placed []*interval // by offset
	for _, l := range order {
		var at int64
		for _, o := range placed {
			if o.end < l.start || l.end < o.start {
				continue
			}
			if at+l.bytes <= o.offset {
				break
			}
			at = max(at, o.offset+o.bytes)
		}
		l.offset = at
		i, _ := slices.BinarySearchFunc(placed, at, func(o *interval, at int64) int {
			return cmp.Compare(o.offset, at)
		})
		placed = slices.Insert(placed, i, l)
		size = max(size, at+l.bytes)
	}
	return size
}

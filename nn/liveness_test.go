package nn_test

import (
	"math"
	"slices"
	"testing"

	"resnet/nn"
	"resnet/nn/models"
)

func TestPlanSharesNoLiveMemory(t *testing.T) {
	var graphs []*nn.Graph
	for _, hidden := range []int{0, 16} {
		g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
			Options: models.Options("base_channels=4").With("hidden", hidden)})
		if err != nil {
			t.Fatal(err)
		}
		graphs = append(graphs, g)
	}
	for seed := range uint64(120) {
		graphs = append(graphs, randomGraph(t, seed))
	}
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) {
			for _, g := range graphs {
				for _, keepAll := range []bool{false, true} {
					for _, opt := range []nn.Optimizer{nil, nn.SGD{}, nn.NewAdam()} {
						p, err := nn.NewPlan(g, nn.PlanConfig{Batch: 3, Optimizer: opt, KeepAll: keepAll}, target)
						if err != nil {
							t.Fatal(err)
						}
						checkSegments(t, p, target)
						for _, prog := range []*nn.Program{p.Eval, p.Train} {
							if prog != nil {
								checkLives(t, p, prog, target)
								replay(t, p, prog)
							}
						}
					}
				}
				if t.Failed() {
					t.Fatalf("graph %s:\n%s", g.Name, describe(g))
				}
			}
		})
	}
}

// tensor is a value or its gradient.
type tensor struct {
	value nn.Value
	role  nn.Role
}

// accesses are what a step reads and writes among activations, gradients and saved tensors, from the definitions of
// Node and Step.
func accesses(g *nn.Graph, s nn.Instruction, m nn.Mode) (reads, writes []tensor) {
	if s.Phase == nn.Update {
		return nil, nil
	}
	n := &g.Nodes[s.Node]
	add := func(list *[]tensor, role nn.Role, vs ...nn.Value) {
		for _, v := range vs {
			if v != g.Images && v != g.Labels && !slices.Contains(*list, tensor{v, role}) {
				*list = append(*list, tensor{v, role})
			}
		}
	}
	if s.Phase == nn.Forward {
		add(&reads, nn.Data, n.In...)
		add(&writes, nn.Data, n.Out)
		if m != nn.Eval {
			add(&writes, nn.Data, n.Saved...)
		}
		return reads, writes
	}
	if n.ReadsX {
		add(&reads, nn.Data, n.In...)
	}
	if n.ReadsY {
		add(&reads, nn.Data, n.Out)
	}
	add(&reads, nn.Data, n.Saved...)
	if n.Out != g.Probabilities {
		add(&reads, nn.Grad, n.Out)
	}
	needs := g.NeedsGrad()
	for i, v := range n.In {
		if needs[v] {
			add(&writes, nn.Grad, v)
			// A node that reads a value twice stores first and then adds to itself.
			if s.Accumulate>>i&1 == 1 && slices.Index(n.In, v) == i {
				add(&reads, nn.Grad, v)
			}
		}
	}
	return reads, writes
}

func slotOf(prog *nn.Program, x tensor) nn.Slot {
	if x.role == nn.Grad {
		return prog.Grad[x.value]
	}
	return prog.Data[x.value]
}

func overlap(a, b nn.Slot) bool {
	return a.Segment == b.Segment && a.Offset < b.Offset+b.Bytes && b.Offset < a.Offset+a.Bytes
}

// checkSegments: parameters, gradients and states lie apart in their segments, whose sizes are what they need.
func checkSegments(t *testing.T, p *nn.Plan, target nn.Target) {
	t.Helper()
	var placed []nn.Slot
	place := func(v nn.Value, role nn.Role, s nn.Slot, want nn.Segment) {
		t.Helper()
		name := p.Graph.ValueName(v)
		if s.Segment != want || s.Offset%64 != 0 || s.Bytes != target.Bytes(p.Graph, v, role, p.Batch) ||
			s.Offset+s.Bytes > p.Bytes[want] {
			t.Errorf("%s, role %d: slot %+v, want aligned %d bytes within the %d of segment %d", name, role, s,
				target.Bytes(p.Graph, v, role, p.Batch), p.Bytes[want], want)
		}
		for _, o := range placed {
			if overlap(o, s) {
				t.Errorf("%s, role %d: slot %+v overlaps %+v", name, role, s, o)
			}
		}
		placed = append(placed, s)
	}
	for _, v := range p.Graph.Parameters() {
		if !p.Graph.Param(v).Trainable {
			place(v, nn.Data, p.Params[v], nn.Statistics)
			continue
		}
		place(v, nn.Data, p.Params[v], nn.Params)
		if p.Optimizer == nil {
			continue
		}
		place(v, nn.Grad, p.ParamGrads[v], nn.ParamGrads)
		for i := range p.Optimizer.States() {
			place(v, nn.Momentum+nn.Role(i), p.States[i][v], nn.Momenta+nn.Segment(i))
		}
	}
}

// checkLives: tensors whose times overlap share memory only where both are gradients in exactly one place, which replay
// then looks at.
func checkLives(t *testing.T, p *nn.Plan, prog *nn.Program, target nn.Target) {
	t.Helper()
	g := p.Graph
	type life struct {
		start, end int
		local      bool // all its steps are
	}
	lives := map[tensor]*life{}
	var order []tensor
	for i, s := range prog.Instructions {
		reads, writes := accesses(g, s, prog.Mode)
		for _, x := range slices.Concat(reads, writes) {
			l := lives[x]
			if l == nil {
				l = &life{math.MaxInt, math.MinInt, true}
				lives[x] = l
				order = append(order, x)
			}
			l.start, l.end = min(l.start, prog.Spans[i].Start), max(l.end, prog.Spans[i].End)
			l.local = l.local && prog.Spans[i].Local
		}
	}
	for _, v := range []nn.Value{g.Logits, g.Probabilities} {
		lives[tensor{v, nn.Data}].end = math.MaxInt
	}
	for i, x := range order {
		s, batch := slotOf(prog, x), p.Batch
		if s.Segment == nn.Local {
			batch = 1
			if l := lives[x]; !l.local || l.start != l.end || !g.PerImage(x.value) || p.KeepAll {
				t.Errorf("%s, role %d, alive %v: in a worker's memory, want it in shared", g.ValueName(x.value), x.role,
					*l)
			}
		} else if s.Segment != nn.Activations {
			t.Errorf("%s, role %d: in segment %d", g.ValueName(x.value), x.role, s.Segment)
		}
		if want := target.Bytes(g, x.value, x.role, batch); s.Offset%64 != 0 || s.Bytes < want ||
			s.Offset+s.Bytes > p.Bytes[s.Segment] {
			t.Errorf("%s, role %d: slot %+v, want aligned %d bytes within %d", g.ValueName(x.value), x.role, s, want,
				p.Bytes[s.Segment])
		}
		for _, y := range order[:i] {
			o := slotOf(prog, y)
			if !overlap(s, o) {
				continue
			}
			a, b := lives[x], lives[y]
			aliased := x.role == nn.Grad && y.role == nn.Grad && s == o && !p.KeepAll
			if p.KeepAll || a.start <= b.end && b.start <= a.end && !aliased {
				t.Errorf("%s, role %d, alive %v at %+v overlaps %s, role %d, alive %v at %+v",
					g.ValueName(x.value), x.role, *a, s, g.ValueName(y.value), y.role, *b, o)
			}
		}
	}
}

// replay runs a program on memory that knows, for each line of 64 bytes, which tensors' values it holds: what a step
// reads must still be there. A line may hold several: a sum gives its inputs one and the same gradient.
func replay(t *testing.T, p *nn.Plan, prog *nn.Program) {
	t.Helper()
	g := p.Graph
	type line struct {
		segment nn.Segment
		at      int64
	}
	held := map[line][]tensor{}
	lines := func(x tensor, f func(l line)) {
		s := slotOf(prog, x)
		for at := s.Offset; at < s.Offset+s.Bytes; at += 64 {
			f(line{s.Segment, at})
		}
	}
	read := func(i int, x tensor) {
		ok := slotOf(prog, x).Bytes > 0
		lines(x, func(l line) { ok = ok && slices.Contains(held[l], x) })
		if !ok {
			t.Errorf("step %d (%+v): %s, role %d is not in its memory any more", i, prog.Instructions[i],
				g.ValueName(x.value), x.role)
		}
	}
	for i, s := range prog.Instructions {
		reads, writes := accesses(g, s, prog.Mode)
		for _, x := range reads {
			read(i, x)
		}
		if s.Phase == nn.Update {
			continue
		}
		n := &g.Nodes[s.Node]
		inPlace, equal := false, []tensor(nil)
		switch op := n.Op.(type) {
		case nn.BatchNorm, nn.ReLU:
			inPlace = s.Phase == nn.Backward
		case nn.Add:
			inPlace = s.Phase == nn.Backward && n.In[0] != n.In[1]
			if inPlace && !op.ReLU {
				equal = []tensor{{n.Out, nn.Grad}}
			}
		}
		_, isAdd := n.Op.(nn.Add)
		for _, x := range writes {
			for _, r := range reads {
				if r == x || !overlap(slotOf(prog, x), slotOf(prog, r)) {
					continue
				}
				if !inPlace || r != (tensor{n.Out, nn.Grad}) || slotOf(prog, x) != slotOf(prog, r) ||
					slices.Contains(reads, x) {
					t.Errorf("step %d (%+v): writes %s, role %d over %s, role %d, which it reads", i, s,
						g.ValueName(x.value), x.role, g.ValueName(r.value), r.role)
				}
			}
			// What holds the same numbers as x stays.
			lines(x, func(l line) {
				keep := slices.DeleteFunc(slices.Clone(held[l]), func(o tensor) bool {
					return !slices.Contains(equal, o) && o != x
				})
				if len(equal) > 0 && slices.Contains(held[l], equal[0]) && !slices.Contains(reads, x) {
					keep = slices.Clone(held[l]) // stored over its equal: nothing changes
				}
				if !slices.Contains(keep, x) {
					keep = append(keep, x)
				}
				held[l] = keep
			})
			if isAdd && s.Phase == nn.Backward && !slices.Contains(reads, x) && n.In[0] != n.In[1] {
				equal = append(equal, x)
			}
		}
	}
	for _, v := range []nn.Value{g.Logits, g.Probabilities} {
		read(len(prog.Instructions)-1, tensor{v, nn.Data})
	}
}

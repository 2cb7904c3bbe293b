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
								checkLiveness(t, p, prog, target)
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

// accesses are the activations, gradients and saved tensors that an instruction reads and writes, from the definitions
// of Node and Instruction.
func accesses(g *nn.Graph, in nn.Instruction, m nn.Mode) (reads, writes []tensor) {
	if in.Phase == nn.Update {
		return nil, nil
	}
	n := &g.Nodes[in.Node]
	add := func(list *[]tensor, role nn.Role, vs ...nn.Value) {
		for _, v := range vs {
			if v != g.Images && v != g.Labels && !slices.Contains(*list, tensor{v, role}) {
				*list = append(*list, tensor{v, role})
			}
		}
	}
	if in.Phase == nn.Forward {
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
			if in.Accumulate>>i&1 == 1 && slices.Index(n.In, v) == i {
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

// checkSegments: parameters, gradients and states have slots in their segments that do not overlap.
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

// checkLiveness: tensors whose live intervals overlap share memory only where both are gradients with the same slot;
// replay checks those.
func checkLiveness(t *testing.T, p *nn.Plan, prog *nn.Program, target nn.Target) {
	t.Helper()
	g := p.Graph
	type interval struct {
		start, end int
		local      bool // all its instructions are
	}
	live := map[tensor]*interval{}
	var order []tensor
	for i, in := range prog.Instructions {
		reads, writes := accesses(g, in, prog.Mode)
		for _, x := range slices.Concat(reads, writes) {
			l := live[x]
			if l == nil {
				l = &interval{math.MaxInt, math.MinInt, true}
				live[x] = l
				order = append(order, x)
			}
			l.start, l.end = min(l.start, prog.Spans[i].Start), max(l.end, prog.Spans[i].End)
			l.local = l.local && prog.Spans[i].Local
		}
	}
	for _, v := range []nn.Value{g.Logits, g.Probabilities} {
		live[tensor{v, nn.Data}].end = math.MaxInt
	}
	for i, x := range order {
		s, batch := slotOf(prog, x), p.Batch
		if s.Segment == nn.Local {
			batch = 1
			if l := live[x]; !l.local || l.start != l.end || !g.PerImage(x.value) || p.KeepAll {
				t.Errorf("%s, role %d, live %v: in a worker's memory, want it in shared", g.ValueName(x.value), x.role,
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
			a, b := live[x], live[y]
			aliased := x.role == nn.Grad && y.role == nn.Grad && s == o && !p.KeepAll
			if p.KeepAll || a.start <= b.end && b.start <= a.end && !aliased {
				t.Errorf("%s, role %d, live %v at %+v overlaps %s, role %d, live %v at %+v",
					g.ValueName(x.value), x.role, *a, s, g.ValueName(y.value), y.role, *b, o)
			}
		}
	}
}

// replay runs a program on a model of memory that records, for each line of 64 bytes, which tensors it contains: what
// an instruction reads must still be there. A line may contain several, since the inputs of a sum have equal gradients.
func replay(t *testing.T, p *nn.Plan, prog *nn.Program) {
	t.Helper()
	g := p.Graph
	type line struct {
		segment nn.Segment
		at      int64
	}
	contents := map[line][]tensor{}
	lines := func(x tensor, f func(l line)) {
		s := slotOf(prog, x)
		for at := s.Offset; at < s.Offset+s.Bytes; at += 64 {
			f(line{s.Segment, at})
		}
	}
	read := func(i int, x tensor) {
		ok := slotOf(prog, x).Bytes > 0
		lines(x, func(l line) { ok = ok && slices.Contains(contents[l], x) })
		if !ok {
			t.Errorf("instruction %d (%+v): %s, role %d is not in its memory any more", i, prog.Instructions[i],
				g.ValueName(x.value), x.role)
		}
	}
	for i, in := range prog.Instructions {
		reads, writes := accesses(g, in, prog.Mode)
		for _, x := range reads {
			read(i, x)
		}
		if in.Phase == nn.Update {
			continue
		}
		n := &g.Nodes[in.Node]
		inPlace, equal := false, []tensor(nil)
		switch op := n.Op.(type) {
		case nn.BatchNorm, nn.ReLU:
			inPlace = in.Phase == nn.Backward
		case nn.Add:
			inPlace = in.Phase == nn.Backward && n.In[0] != n.In[1]
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
					t.Errorf("instruction %d (%+v): writes %s, role %d over %s, role %d, which it reads", i, in,
						g.ValueName(x.value), x.role, g.ValueName(r.value), r.role)
				}
			}
			// Tensors with the same values as x remain valid.
			lines(x, func(l line) {
				keep := slices.DeleteFunc(slices.Clone(contents[l]), func(o tensor) bool {
					return !slices.Contains(equal, o) && o != x
				})
				if len(equal) > 0 && slices.Contains(contents[l], equal[0]) && !slices.Contains(reads, x) {
					keep = slices.Clone(contents[l]) // overwritten by equal values
				}
				if !slices.Contains(keep, x) {
					keep = append(keep, x)
				}
				contents[l] = keep
			})
			if isAdd && in.Phase == nn.Backward && !slices.Contains(reads, x) && n.In[0] != n.In[1] {
				equal = append(equal, x)
			}
		}
	}
	for _, v := range []nn.Value{g.Logits, g.Probabilities} {
		read(len(prog.Instructions)-1, tensor{v, nn.Data})
	}
}

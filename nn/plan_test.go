package nn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/nntest"
)

// chained is a target that pads the outputs of 3x3 convolutions, runs as many instructions as it can image by image,
// and lets backward passes of convolutions overlap with the next such chain.
type chained struct{ nntest.Plain }

func (t chained) Bytes(g *nn.Graph, v nn.Value, role nn.Role, batch int) int64 {
	n := t.Plain.Bytes(g, v, role, batch)
	if i := g.Producer(v); i >= 0 {
		if op, ok := g.Nodes[i].Op.(nn.Conv); ok && op.Kernel == 3 {
			n += int64(100 * batch)
		}
	}
	return n
}

func (t chained) AliasGrads(g *nn.Graph, a, b nn.Value) bool {
	return g.Type(a) == g.Type(b) && t.Bytes(g, a, nn.Grad, 1) == t.Bytes(g, b, nn.Grad, 1)
}

func (chained) Schedule(g *nn.Graph, m nn.Mode, list []nn.Instruction) []nn.Span {
	spans := make([]nn.Span, len(list))
	now := 0
	for i, in := range list {
		spans[i] = nn.Span{Start: now, End: now, Local: true}
		if in.Phase == nn.Update {
			spans[i] = nn.Span{Start: now + 1, End: now + 1}
			continue
		}
		switch g.Nodes[in.Node].Op.(type) {
		case nn.Conv:
			if in.Phase == nn.Backward {
				spans[i] = nn.Span{Start: now, End: now + 1}
			}
		case nn.BatchNorm:
			if m != nn.Eval {
				spans[i].End, now = now+1, now+1
			}
		case nn.Linear, nn.SoftmaxCrossEntropy:
			spans[i] = nn.Span{Start: now + 1, End: now + 1}
			now += 2
		}
	}
	return spans
}

func targets(t *testing.T) map[string]nn.Target {
	cpu, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cpu.Close() })
	return map[string]nn.Target{"plain": nntest.Plain{}, "chained": chained{}, "cpu": cpu.(nn.Target)}
}

func describe(g *nn.Graph) (s string) {
	for _, n := range g.Nodes {
		s += fmt.Sprintf("  %d = %s %+v of %v\n", n.Out, n.Op.Kind(), n.Op, n.In)
	}
	return s
}

// randomGraph connects ops of one shape at random, sums up all values without a reader, and classifies the sum.
func randomGraph(t *testing.T, seed uint64) *nn.Graph {
	rng := rand.New(rand.NewPCG(seed, 0))
	g := nn.NewGraph(fmt.Sprintf("random %d", seed), 3, 5, 6, 4)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	values := []nn.Value{g.Apply("stem", nn.Conv{Out: 3, Kernel: 3, Pad: nn.Padding(1)}, x)}
	if rng.IntN(2) == 0 {
		values = append(values, x)
	}
	unread := func() (vs []nn.Value) {
		for _, v := range values {
			if len(g.Consumers(v)) == 0 {
				vs = append(vs, v)
			}
		}
		return vs
	}
	pick := func() nn.Value {
		if vs := unread(); len(vs) > 0 && rng.IntN(3) > 0 {
			return vs[rng.IntN(len(vs))]
		}
		return values[rng.IntN(len(values))]
	}
	for i := range 3 + rng.IntN(12) {
		name, relu := fmt.Sprint("node", i), rng.IntN(2) == 0
		var v nn.Value
		switch rng.IntN(9) {
		case 0:
			v = g.Apply(name, nn.Conv{Out: 3, Kernel: 3, Pad: nn.Padding(1)}, pick())
		case 1:
			v = g.Apply(name, nn.Conv{Out: 3, Kernel: 1, Bias: relu}, pick())
		case 2, 3:
			v = g.Apply(name, nn.BatchNorm{ReLU: relu}, pick())
		case 4:
			v = g.Apply(name, nn.ReLU{}, pick())
		case 5:
			v = g.Apply(name, nn.MaxPool{Kernel: 3, Stride: 1, Pad: nn.Padding(1)}, pick())
		default:
			v = g.Apply(name, nn.Add{ReLU: relu}, pick(), pick())
		}
		values = append(values, v)
	}
	for vs := unread(); len(vs) > 1; vs = unread() {
		values = append(values, g.Apply(fmt.Sprint("sum", len(values)), nn.Add{ReLU: rng.IntN(2) == 0}, vs[0], vs[1]))
	}
	fc := g.Apply("fc", nn.Linear{Out: 4}, unread()[0])
	g.Loss(nn.SoftmaxCrossEntropy{}, fc)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestPlanInstructions: forward in the order of the nodes, backward in reverse for nodes that depend on a parameter,
// then the update; the first writer of a gradient stores, the others add.
func TestPlanInstructions(t *testing.T) {
	g := nn.NewGraph("instructions", 1, 4, 4, 2)
	x := g.Apply("input", nn.Normalize{}, g.Images)           // 0
	p := g.Apply("pool", nn.MaxPool{Kernel: 2, Stride: 1}, x) // 1: before the first parameter
	c := g.Apply("conv", nn.Conv{Out: 1, Kernel: 1}, p)       // 2
	r := g.Apply("relu", nn.ReLU{}, c)                        // 3
	a := g.Apply("add", nn.Add{}, r, c)                       // 4: c has two readers
	b := g.Apply("twice", nn.Add{}, a, a)                     // 5
	m := g.Apply("mixed", nn.Add{}, p, b)                     // 6: p needs no gradient
	f := g.Apply("fc", nn.Linear{Out: 2}, m)                  // 7
	g.Loss(nn.SoftmaxCrossEntropy{}, f)                       // 8
	forward := make([]nn.Instruction, len(g.Nodes))
	for i := range forward {
		forward[i].Node = i
	}
	plan := newPlan(t, g, nn.SGD{})
	if !slices.Equal(plan.Eval.Instructions, forward) {
		t.Errorf("evaluation runs the instructions %v, want %v", plan.Eval.Instructions, forward)
	}
	want := slices.Clone(forward)
	for _, in := range []nn.Instruction{{Node: 8}, {Node: 7}, {Node: 6}, {Node: 5, Accumulate: 0b10}, {Node: 4},
		{Node: 3, Accumulate: 0b1}, {Node: 2}} {
		in.Phase = nn.Backward
		want = append(want, in)
	}
	want = append(want, nn.Instruction{Node: -1, Phase: nn.Update})
	if !slices.Equal(plan.Train.Instructions, want) {
		t.Errorf("training runs the instructions\n%v, want\n%v", plan.Train.Instructions, want)
	}
	for _, v := range []nn.Value{x, p} {
		if plan.Train.Grad[v].Bytes != 0 {
			t.Errorf("%s has memory for a gradient, want none", g.ValueName(v))
		}
	}
	if lean := newPlan(t, g, nil); lean.Train != nil || lean.Bytes[nn.ParamGrads] != 0 || lean.Bytes[nn.Momenta] != 0 {
		t.Errorf("a plan for inference has a training program %v or memory %v", lean.Train, lean.Bytes)
	}
	if sgd := newPlan(t, g, nn.SGD{}); sgd.Bytes[nn.Momenta] == 0 || sgd.Bytes[nn.SecondMoments] != 0 {
		t.Errorf("sgd has state memory %v, want one state", sgd.Bytes)
	}
}

func newPlan(t *testing.T, g *nn.Graph, opt nn.Optimizer) *nn.Plan {
	t.Helper()
	p, err := nn.NewPlan(g, nn.PlanConfig{Batch: 2, Optimizer: opt}, nntest.Plain{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanReusesMemory: evaluation needs most memory where the second batch norm of the last block reads 128 channels
// and writes 128 while the 64 of the shortcut are live, at 14x14 pixels. In training gradients are as large as
// activations and take the memory of those that are no longer read.
func TestPlanReusesMemory(t *testing.T) {
	g := fashionResNet(t, 16, 512)
	whole, err := nn.NewPlan(g, nn.PlanConfig{Batch: 2, Optimizer: nn.SGD{}, KeepAll: true}, nntest.Plain{})
	if err != nil {
		t.Fatal(err)
	}
	if eval, want := newPlan(t, g, nil).Bytes[nn.Activations], int64(2*4*14*14*(128+128+64)); eval != want {
		t.Errorf("evaluation takes %d bytes, want %d", eval, want)
	}
	if train, all := newPlan(t, g, nn.SGD{}).Bytes[nn.Activations], whole.Bytes[nn.Activations]; train > all/2 {
		t.Errorf("training takes %d bytes, want at most half of the %d without sharing", train, all)
	}
}

func TestPlanErrors(t *testing.T) {
	good := fashionResNet(t, 1, 0)
	noLoss := nn.NewGraph("headless", 1, 4, 4, 2)
	noLoss.Apply("input", nn.Normalize{}, noLoss.Images)
	broken := nn.NewGraph("broken", 1, 4, 4, 2)
	broken.Apply("conv", nn.Conv{}, broken.Images)
	for _, c := range []struct {
		graph       *nn.Graph
		batch, eval int
		want        []string
	}{
		{good, 0, 0, []string{"nn: plan: ", "batch size 0"}},
		{good, -3, 0, []string{"nn: plan: ", "batch size -3"}},
		{good, 1, -1, []string{"nn: plan: ", "batch size -1 for inference"}},
		{noLoss, 1, 0, []string{"nn: plan: ", "headless", "no loss"}},
		{broken, 1, 0, []string{"nn: conv: "}},
	} {
		_, err := nn.NewPlan(c.graph, nn.PlanConfig{Batch: c.batch, EvalBatch: c.eval}, nntest.Plain{})
		checkError(t, err, c.want...)
	}
}

// checkError wants an error of one line that contains all parts.
func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, p := range append(parts, "") {
		if text := err.Error(); !strings.Contains(text, p) || strings.Contains(text, "\n") {
			t.Errorf("error %q, want one line with %q", text, p)
		}
	}
}

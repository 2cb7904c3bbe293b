package nn_test

import (
	"fmt"
	"testing"

	"resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/nntest"
)

// openCPU opens the backend as the tests want it. The threads stay unpinned:
// more of them than processors is one of the cases.
func openCPU(isa cpu.ISA, threads int) func(t testing.TB) nn.Backend {
	return func(t testing.TB) nn.Backend {
		t.Helper()
		b, err := nn.NewCPU(nn.CPUConfig{Threads: threads, ISA: &isa, NoPin: true})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestCPU(t *testing.T) {
	for _, isa := range cpu.Supported() {
		for _, threads := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%v/%d threads", isa, threads), func(t *testing.T) { nntest.RunAll(t, openCPU(isa, threads)) })
		}
	}
}

func TestCPUDeterminism(t *testing.T) {
	for _, isa := range cpu.Supported() {
		for _, threads := range []int{2, 3, 8} {
			t.Run(fmt.Sprintf("%v/%d threads", isa, threads), func(t *testing.T) {
				nntest.RunDeterminism(t, openCPU(isa, 1), openCPU(isa, threads))
			})
		}
	}
}

// TestCPUPartialBatch: a step on n images of a larger plan has the bits of a
// step of a plan of n.
func TestCPUPartialBatch(t *testing.T) {
	b := openCPU(cpu.Best(), 2)(t)
	defer b.Close()
	g := seedNetwork(t)
	whole, part := newExecutor(t, b, g, 5), newExecutor(t, b, g, 33)
	for range 2 {
		for _, e := range []nn.Executor{whole, part} {
			if err := e.Run(nn.Train, 5); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, v := range g.Parameters() {
		want, got := make([]byte, 4*g.Elems(v, 1)), make([]byte, 4*g.Elems(v, 1))
		if err := whole.Read(nn.Ref{Value: v}, want); err != nil {
			t.Fatal(err)
		}
		if err := part.Read(nn.Ref{Value: v}, got); err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: differs between 5 images of a plan of 33 and a plan of 5", g.ValueName(v))
		}
	}
}

// TestCPUAllocations: after Compile a step allocates nothing.
func TestCPUAllocations(t *testing.T) {
	for _, threads := range []int{1, 2} {
		b := openCPU(cpu.Best(), threads)(t)
		defer b.Close()
		e := newExecutor(t, b, seedNetwork(t), 4)
		for name, mode := range map[string]nn.Mode{"train": nn.Train, "eval": nn.Eval, "gradient": nn.Gradient} {
			if n := testing.AllocsPerRun(5, func() {
				if err := e.Run(mode, 3); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%d threads: %s step makes %v allocations, want 0", threads, name, n)
			}
		}
	}
}

func seedNetwork(t *testing.T) *nn.Graph {
	t.Helper()
	g, err := nn.Build(nn.ModelConfig{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10, BaseChannels: 8, Hidden: 32})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// newExecutor compiles a plan for training, initialised and with a batch of
// five images, or of as many as fit, and step scalars written.
func newExecutor(t *testing.T, b nn.Backend, g *nn.Graph, batch int) nn.Executor {
	t.Helper()
	opt := nn.NewAdam()
	p, err := nn.NewPlan(g, nn.PlanConfig{Batch: batch, Optimizer: opt, Target: b})
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := nn.Initialize(e, g, 1); err != nil {
		t.Fatal(err)
	}
	n := min(batch, 5)
	pixels, labels := make([]byte, g.Elems(g.Images, n)), make([]int32, n)
	for i := range pixels {
		pixels[i] = byte(i * i)
	}
	for i := range labels {
		labels[i] = int32(i)
	}
	hyper := opt.Hyper(1, 1e-3)
	for v, p := range map[nn.Value][]byte{g.Images: pixels, g.Labels: nn.Bytes(labels), nn.HyperValue: nn.Bytes(hyper[:])} {
		if err := e.Write(nn.Ref{Value: v}, p); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

package cpu_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/models"
	"resnet/nn/nntest"
)

// openCPU opens the backend for the tests, without pinning, since some cases have more threads than there are
// processors.
func openCPU(isa kernels.ISA, threads int) func(t testing.TB) nn.Backend {
	return func(t testing.TB) nn.Backend {
		t.Helper()
		b, err := cpu.New(cpu.Config{Threads: threads, ISA: &isa, NoPin: true})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

// eachCPU runs f for every instruction set and number of threads; with -short for the best instruction set alone. Under
// the race detector, which does not see what assembly reads and writes, it takes portable Go and the most threads.
func eachCPU(t *testing.T, threads []int, f func(t *testing.T, isa kernels.ISA, threads int)) {
	sets := kernels.Supported()
	if nntest.Race {
		sets, threads = []kernels.ISA{kernels.Portable}, threads[len(threads)-1:]
	} else if testing.Short() {
		sets = []kernels.ISA{kernels.Best()}
	}
	for _, isa := range sets {
		for _, n := range threads {
			t.Run(fmt.Sprintf("%v/%d threads", isa, n), func(t *testing.T) { f(t, isa, n) })
		}
	}
}

func TestCPU(t *testing.T) {
	eachCPU(t, []int{1, 2, 3}, func(t *testing.T, isa kernels.ISA, threads int) {
		nntest.RunAll(t, openCPU(isa, threads))
	})
}

func TestCPUDeterminism(t *testing.T) {
	eachCPU(t, []int{2, 3, 5}, func(t *testing.T, isa kernels.ISA, threads int) {
		nntest.RunDeterminism(t, openCPU(isa, 1), openCPU(isa, threads))
	})
}

// TestCPUPinned: the default, one thread pinned to each processor, gives the same bits.
func TestCPUPinned(t *testing.T) {
	nntest.RunDeterminism(t, openCPU(kernels.Best(), 1), func(t testing.TB) nn.Backend {
		b, err := cpu.New(cpu.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if isa := b.Info().ISA; isa != kernels.Best().String() {
			t.Errorf("instruction set %v, want %v", isa, kernels.Best())
		}
		return b
	})
}

func TestCPUConfigErrors(t *testing.T) {
	for _, threads := range []int{-1, 1025} {
		if _, err := cpu.New(cpu.Config{Threads: threads}); err == nil {
			t.Errorf("%d threads: no error", threads)
		}
	}
}

func TestCPUGolden(t *testing.T) {
	eachCPU(t, []int{2}, func(t *testing.T, isa kernels.ISA, threads int) {
		nntest.RunGolden(t, openCPU(isa, threads))
	})
}

func TestCPUGoldenFull(t *testing.T) {
	if nntest.Race {
		t.Skip("TestCPUGolden has the same ops, and is small enough for the race detector")
	}
	eachCPU(t, []int{2}, func(t *testing.T, isa kernels.ISA, threads int) {
		nntest.RunGoldenFull(t, openCPU(isa, threads))
	})
}

// TestCPUEvalSeesNewWeights: what inference derives from the parameters is computed again, before it is used, whenever
// they change.
func TestCPUEvalSeesNewWeights(t *testing.T) {
	g := seedNetwork(t)
	logits := func(e nn.Executor, seed uint64) []float32 {
		if err := nn.Initialize(e, g, seed); err != nil {
			t.Fatal(err)
		}
		if err := e.Run(nn.Eval, 3); err != nil {
			t.Fatal(err)
		}
		z := make([]float32, 3*10)
		if err := e.Read(nn.Ref{Value: g.Logits}, nn.Bytes(z)); err != nil {
			t.Fatal(err)
		}
		return z
	}
	one, two := openCPU(kernels.Best(), 1)(t), openCPU(kernels.Best(), 2)(t)
	defer one.Close()
	defer two.Close()
	alone, pair := newExecutor(t, one, g, 4), newExecutor(t, two, g, 4)
	for seed := range uint64(100) {
		if want, got := logits(alone, seed), logits(pair, seed); !slices.Equal(got, want) {
			t.Fatalf("seed %d: logits %v on two threads, want %v", seed, got, want)
		}
	}
}

// TestCPUPartialBatch: a step on n images of a plan for more has the same bits as a step of a plan for n.
func TestCPUPartialBatch(t *testing.T) {
	b := openCPU(kernels.Best(), 2)(t)
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

// TestCPUAllocations: after Compile a step allocates nothing. The runtime allocates for itself now and then, so the
// least of several counts is that of the steps.
func TestCPUAllocations(t *testing.T) {
	for _, threads := range []int{1, 2} {
		b := openCPU(kernels.Best(), threads)(t)
		defer b.Close()
		e := newExecutor(t, b, seedNetwork(t), 4)
		for name, mode := range map[string]nn.Mode{"train": nn.Train, "eval": nn.Eval, "gradient": nn.Gradient} {
			least := uint64(math.MaxUint64)
			for range 5 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range 5 {
					if err := e.Run(mode, 3); err != nil {
						t.Fatal(err)
					}
				}
				runtime.ReadMemStats(&after)
				least = min(least, after.Mallocs-before.Mallocs)
			}
			if least != 0 {
				t.Errorf("%d threads: 5 %s steps make %d allocations, want 0", threads, name, least)
			}
		}
	}
}

func seedNetwork(t *testing.T) *nn.Graph {
	t.Helper()
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=8 hidden=32"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// newExecutor compiles a plan for training, initialises it and writes the step scalars and a batch of five images, or
// as many as fit.
func newExecutor(t *testing.T, b nn.Backend, g *nn.Graph, batch int) nn.Executor {
	t.Helper()
	opt := nn.NewAdam()
	e, err := b.Compile(g, nn.PlanConfig{Batch: batch, Optimizer: opt})
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
	params := opt.StepParams(1, 1e-3)
	for v, p := range map[nn.Value][]byte{g.Images: pixels, g.Labels: nn.Bytes(labels),
		nn.StepParamsValue: nn.Bytes(params[:])} {
		if err := e.Write(nn.Ref{Value: v}, p); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

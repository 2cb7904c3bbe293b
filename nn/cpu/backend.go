// Package cpu is the backend "cpu": SIMD kernels on a fixed set of threads.
//
// Each op has its forward and backward pass in a file named as in package nn. Binding an op to memory gives stages,
// which the schedule puts into regions; between two regions all threads synchronise. An image passes through all ops of
// a region before the next one, so that it stays in the cache. Results on one instruction set are bit-identical for any
// number of threads, because no task depends on that number and sums have a fixed order.
package cpu

import (
	"fmt"
	"runtime"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// Config says how the CPU backend runs.
type Config struct {
	// Threads is the number of threads; 0 means one per usable processor, or GOMAXPROCS if that is less.
	Threads int
	// ISA is the instruction set; nil means the best of this machine.
	ISA *kernels.ISA
	// NoPin turns pinning off. If there is one thread per usable processor, each is pinned to one by default, because
	// unpinned threads may share a core for a long time.
	NoPin bool
}

type backend struct {
	k       *kernels.Kernels
	threads int
	cpus    []int // processors that the threads are pinned to; nil: not pinned

	allocate func(floats int) []float32 // zeroed memory
}

// Processors is how many processors this process may use: those of its affinity, or GOMAXPROCS if that is less, as it
// is where a container has a CPU quota. More threads than that wait for each other.
func Processors() int {
	usable := min(runtime.GOMAXPROCS(0), runtime.NumCPU())
	if n := len(usableCPUs()); n > 0 {
		usable = min(usable, n)
	}
	return usable
}

// New returns the backend "cpu".
func New(c Config) (nn.Backend, error) {
	cpus, usable := usableCPUs(), Processors()
	if c.Threads == 0 {
		c.Threads = usable
	}
	if c.Threads < 0 || c.Threads > 1024 {
		return nil, fmt.Errorf("nn: cpu: %d threads, want 1 to 1024 (this machine has %d processors)", c.Threads,
			usable)
	}
	isa := kernels.Best()
	if c.ISA != nil {
		isa = *c.ISA
	}
	b := &backend{k: kernels.For(isa), threads: c.Threads, allocate: allocate}
	if c.Threads == len(cpus) && !c.NoPin {
		b.cpus = cpus
	}
	return b, nil
}

func (b *backend) Name() string { return "cpu" }
func (b *backend) Close() error { return nil }

// Info implements nn.Backend.
func (b *backend) Info() nn.Info {
	return nn.Info{Device: b.Name(), Deterministic: true, ISA: b.k.ISA.String(), Threads: b.threads}
}

// Plan implements nn.Backend.
func (b *backend) Plan(g *nn.Graph, c nn.PlanConfig) (*nn.Plan, error) {
	for i := range g.Nodes {
		if n := &g.Nodes[i]; binder(n.Op) == nil {
			return nil, fmt.Errorf("nn: cpu: %s: no kernel for op %s", n.Name, n.Op.Kind())
		}
	}
	if err := b.checkFloor(g); err != nil {
		return nil, err
	}
	return nn.NewPlan(g, c, b)
}

// pinned says whether each worker has a processor of its own.
func (b *backend) pinned() bool { return b.cpus != nil && b.threads > 1 }

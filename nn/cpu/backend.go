// Package cpu is the backend "cpu": SIMD kernels on a fixed set of threads.
//
// Every op has its forward and backward pass in a file of its own, under the op's name in package nn. An op is bound to
// memory as stages, which the schedule puts into regions: between two regions all threads meet. Images go one at a time
// through every op of a region, so that they stay in the cache. Results are bit-identical for any number of threads on
// one instruction set, because no task depends on the number of threads and sums are added in a fixed order.
package cpu

import (
	"fmt"
	"runtime"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// Config says how the CPU backend runs.
type Config struct {
	// Threads is the number of workers; 0 means one per usable processor, or GOMAXPROCS where that is less.
	Threads int
	// ISA is the instruction set; nil means the best that the machine has.
	ISA *kernels.ISA
	// NoPin leaves the threads to the system. By default they are pinned, one to a processor, where there is one thread
	// per usable processor: two unpinned ones may share a core for a long time.
	NoPin bool
}

type backend struct {
	k       *kernels.Kernels
	threads int
	cpus    []int // that threads are pinned to; nil where they are not
}

// New is the backend "cpu".
func New(c Config) (nn.Backend, error) {
	cpus := usableCPUs()
	// Fewer than there are where a container's quota says so.
	usable := runtime.GOMAXPROCS(0)
	if len(cpus) > 0 {
		usable = min(usable, len(cpus))
	}
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
	b := &backend{k: kernels.For(isa), threads: c.Threads}
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
	return nn.NewPlan(g, c, b)
}

// pinned says whether each worker has a processor of its own.
func (b *backend) pinned() bool { return b.cpus != nil && b.threads > 1 }

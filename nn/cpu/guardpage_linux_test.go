package cpu

import (
	"fmt"
	"os"
	"testing"

	kernels "resnet/kernels/cpu"
	"resnet/kernels/cpu/guardpage"
	"resnet/nn"
	"resnet/nn/nntest"
)

// guarded is the backend with memory in which every tensor, and every buffer of a kernel or worker, directly follows
// or is directly followed by memory that faults.
type guarded struct {
	*backend
	atStart bool
	unmap   []func() // of the executor that is being compiled
}

func newGuarded(isa kernels.ISA, atStart bool) *guarded {
	g := &guarded{atStart: atStart}
	// One thread, because a fault is caught on the goroutine that calls Run.
	g.backend = &backend{k: kernels.For(isa), threads: 1, allocate: g.allocate}
	return g
}

func (g *guarded) allocate(floats int) []float32 {
	mem, unmap := guardpage.Map(floats)
	g.unmap = append(g.unmap, unmap)
	if g.atStart {
		return mem[:floats]
	}
	return mem[len(mem)-floats:]
}

// Compile implements nn.Backend.
func (g *guarded) Compile(graph *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	p, err := g.Plan(graph, c)
	if err != nil {
		return nil, err
	}
	gaps := g.spread(p)
	g.unmap = nil
	e := &guardedExecutor{executor: g.executor(p)}
	e.unmap = g.unmap
	for _, gap := range gaps {
		guardpage.Protect(e.segments[gap.Segment][gap.Offset/4 : (gap.Offset+gap.Bytes)/4])
	}
	return e, nil
}

// spread moves the slots of a plan apart and returns the pages between them. Slots that were one stay one.
func (g *guarded) spread(p *nn.Plan) (gaps []nn.Slot) {
	page := int64(os.Getpagesize())
	moved := map[nn.Slot]nn.Slot{}
	var size [nn.NumSegments]int64
	move := func(slots []nn.Slot) {
		for i, s := range slots {
			if s.Bytes == 0 || s.Segment == nn.Local {
				continue
			}
			to, ok := moved[s]
			if !ok {
				pages := (s.Bytes + page - 1) / page * page
				to = s
				to.Offset = size[s.Segment]
				if !g.atStart {
					to.Offset += pages - s.Bytes
				}
				gap := nn.Slot{Segment: s.Segment, Offset: size[s.Segment] + pages, Bytes: page}
				size[s.Segment] = gap.Offset + gap.Bytes
				gaps = append(gaps, gap)
				moved[s] = to
			}
			slots[i] = to
		}
	}
	for _, slots := range [][]nn.Slot{p.Params, p.ParamGrads, p.States[0], p.States[1]} {
		move(slots)
	}
	for _, prog := range []*nn.Program{p.Eval, p.Train} {
		if prog != nil {
			clear(moved) // another program's tensors
			move(prog.Data)
			move(prog.Grad)
		}
	}
	for s := range size {
		if nn.Segment(s) != nn.Local {
			p.Bytes[s] = size[s]
		}
	}
	return gaps
}

type guardedExecutor struct {
	*executor
	unmap []func()
}

// Run implements nn.Executor; a fault is an error.
func (e *guardedExecutor) Run(m nn.Mode, n int) (err error) {
	if fault := guardpage.Fault(func() { err = e.executor.Run(m, n) }); fault != nil {
		return fault
	}
	return err
}

// Close implements nn.Executor.
func (e *guardedExecutor) Close() error {
	err := e.executor.Close()
	for _, unmap := range e.unmap {
		unmap()
	}
	return err
}

// TestCPUNothingOutside: no op reads or writes a float outside of its tensors.
func TestCPUNothingOutside(t *testing.T) {
	if nntest.Race {
		t.Skip("one goroutine: nothing for the race detector")
	}
	for _, isa := range kernels.Supported() {
		for _, atStart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/start=%v", isa, atStart), func(t *testing.T) {
				nntest.RunAll(t, func(testing.TB) nn.Backend { return newGuarded(isa, atStart) })
			})
		}
	}
}

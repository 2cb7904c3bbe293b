package cpu

import "resnet/nn"

// stageKind says which data a stage needs and so which stages it may run beside.
type stageKind uint8

const (
	// stagePrepare reads only parameters. It runs first, and only when they have changed.
	stagePrepare stageKind = iota
	// stageImage processes each image on its own. Consecutive ones form a chain, which takes one image through all of
	// them while it is in the cache.
	stageImage
	// stageReduce is a stageImage followed by a reduction over all images; it ends a chain.
	stageReduce
	// stageDeferred needs all images, but only the update waits for it: it runs beside the next region's chain.
	stageDeferred
	// stageWhole needs all images, and the next stage needs all of its results.
	stageWhole
)

// A stage is a part of an instruction that the worker pool can run in parallel.
type stage struct {
	kind stageKind
	// image processes image i; for stageImage and stageReduce.
	image func(w *worker, i int)
	// tasks and run are for the other kinds. The number of tasks for n images must not depend on the number of workers,
	// so that results do not either.
	tasks func(n int) int
	run   func(w *worker, task, n int)
	// finish is the reduction of a stageReduce over n images, in a fixed order.
	finish func(n int)

	instruction int // index into the program
}

// scheduler puts stages into regions. Between two regions all workers synchronise.
type scheduler struct {
	now   int  // the region that is being filled; region 0 is for stagePrepare
	chain bool // it has image stages
	last  int  // the last region with stages
}

func newScheduler() scheduler { return scheduler{now: 1} }

func (s *scheduler) add(k stageKind) (region int) {
	region = s.now
	switch k {
	case stagePrepare:
		region = 0
	case stageImage:
		s.chain = true
	case stageReduce:
		s.next()
	case stageDeferred:
		if s.chain {
			region++
		}
	case stageWhole:
		if s.chain {
			s.next()
		}
		region = s.now
		s.next()
	}
	s.last = max(s.last, region)
	return region
}

func (s *scheduler) next() { s.now, s.chain = s.now+1, false }

// begin starts an instruction. The update waits for everything, deferred stages included.
func (s *scheduler) begin(in nn.Instruction) {
	if in.Phase == nn.Update {
		s.now, s.chain = max(s.now, s.last)+1, false
	}
}

// Schedule implements nn.Target: it gives each instruction the regions in which its stages run.
func (b *backend) Schedule(g *nn.Graph, m nn.Mode, list []nn.Instruction) []nn.Span {
	e := &executor{backend: b, graph: g, k: b.k}
	stages, _ := e.bind(m, list, nil)
	s := newScheduler()
	spans := make([]nn.Span, len(list))
	for i, in := range list {
		s.begin(in)
		span := nn.Span{Start: -1, Local: true}
		for _, sg := range stages[i] {
			r := s.add(sg.kind)
			if sg.kind == stagePrepare {
				continue // it touches no activations
			}
			if span.Start < 0 {
				span.Start, span.End = r, r
			}
			span.Start, span.End = min(span.Start, r), max(span.End, r)
			span.Local = span.Local && (sg.kind == stageImage || sg.kind == stageReduce)
		}
		spans[i] = span
	}
	return spans
}

package cpu

import (
	"fmt"
	"runtime"
	"time"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// cpuExecutor is a plan bound to memory and to the worker pool.
type executor struct {
	backend *backend
	plan    *nn.Plan
	graph   *nn.Graph
	k       *kernels.Kernels

	segments   [nn.NumSegments][]float32
	pixels     []byte
	labels     []int32
	stepParams nn.StepParams
	metrics    [2]float64

	pool        *workerPool
	train, eval *program
	last        *nn.Program // what the last run was of
	caller      int         // the thread that Run pinned
	scratch     int         // floats that each worker's kernels need
	generation  int         // of parameters and statistics: what is derived from them is made again when it moves
	profiling   bool
	profiled    nn.RunCounts
}

// needScratch is called while binding.
func (e *executor) needScratch(floats int) { e.scratch = max(e.scratch, floats) }

// cpuProgram is a program as regions of stages.
type program struct {
	*nn.Program
	ahead   []func()
	regions []region
	seen    int // the version that the stages ahead have seen
}

// slack is read, never used, by kernels that load whole vectors at a tensor's end.
const slack = 64

func (b *backend) Compile(p *nn.Plan) (nn.Executor, error) {
	e := &executor{backend: b, plan: p, graph: p.Graph, k: b.k, caller: -1}
	for s, n := range p.Bytes {
		if nn.Segment(s) != nn.Local {
			e.segments[s] = allocate(int(n/4) + slack)
		}
	}
	e.pixels = make([]byte, p.Graph.Elems(p.Graph.Images, p.MaxBatch()))
	e.labels = make([]int32, p.MaxBatch())
	e.needScratch(scratchFloats(b.k))
	var err error
	if e.eval, err = e.compile(p.Eval); err == nil && p.Train != nil {
		e.train, err = e.compile(p.Train)
	}
	if err != nil {
		return nil, err
	}
	e.pool = newWorkerPool(b.threads, int(p.Bytes[nn.Local]/4)+slack, e.scratch+slack, b.cpus)
	return e, nil
}

// slot is a slot's memory.
func (e *executor) slot(s nn.Slot) []float32 {
	return e.segments[s.Segment][s.Offset/4 : (s.Offset+s.Bytes)/4 : (s.Offset+s.Bytes)/4]
}

// compile binds a program's nodes and puts their stages into regions.
func (e *executor) compile(prog *nn.Program) (*program, error) {
	g := e.graph
	needs := g.NeedsGrad()
	backward := make([]nn.Instruction, len(g.Nodes))
	for i := range backward {
		backward[i].Node = -1
	}
	for _, s := range prog.Instructions {
		if s.Phase == nn.Backward {
			backward[s.Node] = s
		}
	}
	bound := make([]kernel, len(g.Nodes))
	p := &program{Program: prog, seen: -1}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &binding{executor: e, prog: prog, node: n, step: backward[i], needs: make([]bool, len(n.In))}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		var err error
		if bound[i], err = e.bind(c); err != nil {
			return nil, err
		}
		if bound[i].ahead != nil {
			p.ahead = append(p.ahead, bound[i].ahead)
		}
	}
	s := newScheduler()
	for i, st := range prog.Instructions {
		var stages []stage
		switch st.Phase {
		case nn.Forward:
			stages = bound[st.Node].forward
		case nn.Backward:
			stages = bound[st.Node].backward
		case nn.Update:
			stages = []stage{e.bindUpdate()}
			s.barrier()
		}
		want := stageKinds(g, prog.Mode, needs, st)
		if len(want) != len(stages) {
			panic(fmt.Sprintf("nn: cpu: step %d has %d stages, want %d", i, len(stages), len(want)))
		}
		for k, sg := range stages {
			if sg.kind != want[k] {
				panic(fmt.Sprintf("nn: cpu: step %d stage %d is of kind %d, want %d", i, k, sg.kind, want[k]))
			}
			sg.step = i
			p.add(s.add(sg.kind), sg)
		}
	}
	for i := range p.regions {
		p.regions[i].bind(e)
	}
	return p, nil
}

// Run implements Executor. Its first call from a goroutine locks that goroutine
// to its thread and, where the backend pins, the thread to a processor: call it
// from one goroutine that lives as long as the work.
func (e *executor) Run(m nn.Mode, n int) error {
	if err := e.plan.CheckRun(m, n); err != nil {
		return wrap(err)
	}
	p := e.train
	if m == nn.Eval {
		p = e.eval
	}
	e.pinCaller()
	e.last = p.Program
	stale := p.seen != e.generation
	p.seen = e.generation
	if stale {
		for _, f := range p.ahead {
			f()
		}
	}
	regions := p.regions
	if m == nn.Gradient {
		regions = regions[:len(regions)-1] // the update is the last
	}
	for i := range regions {
		regions[i].run(e.pool, n, stale)
	}
	if e.profiling {
		e.profiled[n]++
	}
	if m != nn.Eval {
		e.generation++
	}
	return nil
}

// pinCaller pins the goroutine that calls Run, as worker 0.
func (e *executor) pinCaller() {
	if threadID() != e.caller {
		e.backend.pinCaller()
		e.caller = threadID()
	}
}

func (b *backend) pinCaller() {
	if b.cpus != nil && b.threads > 1 {
		runtime.LockOSThread()
		pinThread(b.cpus[0])
	}
}

func (e *executor) Sync() error { return nil }

func (e *executor) Close() error {
	e.pool.close()
	return nil
}

// region is what runs between two meetings of all workers: deferred tasks of
// earlier steps, then the chain, or one whole stage.
type region struct {
	whole []*stage // ahead, deferred, whole
	chain []*stage // image, reduce

	n      int // images of this run
	counts []int
	work   func(w *worker, task int)
}

func (p *program) add(at int, s stage) {
	for len(p.regions) <= at {
		p.regions = append(p.regions, region{})
	}
	r := &p.regions[at]
	sg := &s
	if s.kind == stageImage || s.kind == stageReduce {
		r.chain = append(r.chain, sg)
	} else {
		r.whole = append(r.whole, sg)
	}
}

// bind makes the function that the pool calls, once, so that a run allocates nothing.
func (r *region) bind(e *executor) {
	r.counts = make([]int, len(r.whole))
	r.work = func(w *worker, task int) {
		for i, c := range r.counts {
			if task < c {
				e.timed(w, r.whole[i], func() { r.whole[i].run(w, task, r.n) })
				return
			}
			task -= c
		}
		for _, s := range r.chain {
			e.timed(w, s, func() { s.image(w, task) })
		}
	}
}

func (r *region) run(p *workerPool, n int, stale bool) {
	if len(r.whole)+len(r.chain) == 0 {
		return
	}
	total := 0
	r.n = n
	for i, s := range r.whole {
		r.counts[i] = 0
		if s.kind != stageAhead || stale {
			r.counts[i] = s.tasks(n)
		}
		total += r.counts[i]
	}
	if len(r.chain) > 0 {
		total += n
	}
	p.run(total, r.work)
	for _, s := range r.chain {
		if s.finish != nil {
			s.finish(n)
		}
	}
}

// timed runs f and, when profiling, adds its time to the stage's step.
func (e *executor) timed(w *worker, s *stage, f func()) {
	if !e.profiling {
		f()
		return
	}
	t := time.Now()
	f()
	w.times[s.step] += int64(time.Since(t))
}

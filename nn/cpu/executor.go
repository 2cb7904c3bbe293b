package cpu

import (
	"errors"
	"sync"
	"time"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// executor is a plan bound to memory and to the worker pool.
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

	mu          sync.Mutex // held by Run and Close
	refuse      error      // why Run may not begin, nil if it may
	pool        *workerPool
	leader      *leader // nil: the caller of Run is worker 0
	train, eval *program
	last        *nn.Program // of the last run
	scratch     int         // floats of scratch memory of each worker
	owned       int64       // floats that ops ask for while they are bound without memory, see binding.alloc
	generation  int         // of parameters and statistics; incremented when they change
	profiling   bool
	profiled    nn.RunCounts
	timeline    timeline
}

// needScratch is called by ops while they are bound: their kernels use so many floats of a worker's scratch memory.
func (e *executor) needScratch(floats int) { e.scratch = max(e.scratch, floats) }

// program is an nn.Program bound to memory: its stages in regions.
type program struct {
	*nn.Program
	prepare []func()
	regions []region
	seen    int // the generation for which prepare last ran
}

// Compile implements nn.Backend.
func (b *backend) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	p, err := b.planThatFits(g, c)
	if err != nil {
		return nil, err
	}
	return b.executor(p), nil
}

// executor binds a plan to memory.
func (b *backend) executor(p *nn.Plan) *executor {
	e := &executor{backend: b, plan: p, graph: p.Graph, k: b.k}
	for s, n := range p.Bytes {
		if nn.Segment(s) != nn.Local {
			e.segments[s] = b.allocate(int(n / 4))
		}
	}
	e.pixels = make([]byte, p.Graph.Elems(p.Graph.Images, p.MaxBatch()))
	e.labels = make([]int32, p.MaxBatch())
	e.needScratch(scratchFloats(b.k))
	e.eval = e.compile(p.Eval)
	if p.Train != nil {
		e.train = e.compile(p.Train)
	}
	e.pool = b.newWorkerPool(int(p.Bytes[nn.Local]/4), e.scratch)
	if b.pinned() {
		e.leader = lead(e.step, b.cpus[0])
	}
	return e
}

// Plan implements nn.Executor.
func (e *executor) Plan() *nn.Plan { return e.plan }

// slot is the memory of a slot.
func (e *executor) slot(s nn.Slot) []float32 {
	return e.segments[s.Segment][s.Offset/4 : (s.Offset+s.Bytes)/4 : (s.Offset+s.Bytes)/4]
}

// compile binds a program's nodes and puts their stages into regions.
func (e *executor) compile(prog *nn.Program) *program {
	p := &program{Program: prog, seen: -1}
	bound, prepare := e.bind(prog.Mode, prog.Instructions, prog)
	p.prepare = prepare
	s := newScheduler()
	for i, in := range prog.Instructions {
		s.begin(in)
		for _, sg := range bound[i] {
			sg.instruction = i
			p.add(s.add(sg.kind), sg)
		}
	}
	for i := range p.regions {
		p.regions[i].bind(e)
	}
	return p
}

var (
	errClosed  = errors.New("run of a closed executor")
	errUnknown = errors.New("run after one that panicked: what it computed is incomplete")
)

// Run implements nn.Executor. A panic of a task, on whichever thread, is a panic of Run.
func (e *executor) Run(m nn.Mode, n int) error {
	if err := e.plan.CheckRun(m, n); err != nil {
		return wrap(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse != nil {
		return wrap(e.refuse)
	}
	e.refuse = errUnknown // unless it returns
	if e.leader != nil {
		e.leader.run(m, n)
	} else {
		e.step(m, n)
	}
	e.refuse = nil
	return nil
}

// step runs one step; its goroutine is worker 0.
func (e *executor) step(m nn.Mode, n int) {
	begin := e.timeline.begin()
	p := e.program(m)
	e.last = p.Program
	dirty := p.seen != e.generation
	p.seen = e.generation
	if dirty {
		for _, f := range p.prepare {
			f()
		}
	}
	regions := p.regions
	if m == nn.Gradient {
		regions = regions[:len(regions)-1] // without the update
	}
	for i := range regions {
		regions[i].run(e.pool, n, dirty)
	}
	if e.profiling {
		e.profiled[n]++
	}
	if m != nn.Eval {
		e.generation++
	}
	e.timeline.end(begin)
}

// program is the program of a mode.
func (e *executor) program(m nn.Mode) *program {
	if m == nn.Eval {
		return e.eval
	}
	return e.train
}

// Sync implements nn.Executor: Run returns when the step is done.
func (e *executor) Sync() error { return nil }

// Close implements nn.Executor. It waits for a run that another goroutine has begun; a second Close does nothing.
func (e *executor) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse == errClosed {
		return nil
	}
	e.refuse = errClosed
	if e.leader != nil {
		e.leader.close()
	}
	e.pool.close()
	return nil
}

// region is what runs between two synchronisations of all workers: either one stageWhole, or deferred stages of earlier
// instructions beside a chain of image stages.
type region struct {
	whole []*stage // stagePrepare, stageDeferred, stageWhole
	chain []*stage // stageImage, stageReduce

	n      int   // images of the current run
	counts []int // tasks of each of whole in it; the chain has one for each image
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

// bind creates the function that the pool calls once, here, so that a run allocates nothing.
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

func (r *region) run(p *workerPool, n int, dirty bool) {
	if len(r.whole)+len(r.chain) == 0 {
		return
	}
	total := 0
	r.n = n
	for i, s := range r.whole {
		r.counts[i] = 0
		if s.kind != stagePrepare || dirty {
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

// timed runs f and, when profiling, adds its time to the stage's instruction.
func (e *executor) timed(w *worker, s *stage, f func()) {
	if !e.profiling {
		f()
		return
	}
	t := time.Now()
	f()
	w.times[s.instruction] += int64(time.Since(t))
}

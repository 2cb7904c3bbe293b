package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	kernels "resnet/kernels/cpu"
)

// worker is one thread's own memory.
type worker struct {
	id      int
	local   []float32 // Local segment: one image's tensors
	scratch []float32 // a tile kernel's output before it is copied out
	times   []int64   // nanoseconds by stage, when profiling
}

// pool runs the tasks of a region on a fixed set of threads. The goroutine that calls run is worker 0; the others spin
// for a while between regions and then park. Which worker takes which task is left to chance: no result depends on it.
type workerPool struct {
	workers []*worker
	cpus    []int // to pin to; nil where threads are left to the system

	// One region's state, published by generation.
	tasks int
	work  func(w *worker, task int)

	generation atomic.Uint64
	claimed    atomic.Int64 // tasks given out
	running    atomic.Int64 // helpers that have not finished
	parked     []parking
	stop       atomic.Bool
	helpers    sync.WaitGroup
}

// parking is where one worker waits.
type parking struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [48]byte // one cache line each
}

// spinTime is how long a worker waits awake: longer than the pauses within a step, short enough to give its processor
// to others where one is shared.
const spinTime = 200 * time.Microsecond

// wait returns when done does: it spins, then sleeps until rouse.
func (k *parking) wait(done func() bool) {
	var since time.Time
	for spins := 1; !done(); spins++ {
		if spins%1024 != 0 {
			continue
		}
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > spinTime {
			k.asleep.Store(true)
			if !done() || !k.asleep.CompareAndSwap(true, false) {
				<-k.wake
			}
			since = time.Time{}
		}
	}
}

// rouse wakes a worker that sleeps. What it waits for has been stored before.
func (k *parking) rouse() {
	if k.asleep.Load() && k.asleep.CompareAndSwap(true, false) {
		k.wake <- struct{}{}
	}
}

func newWorkerPool(threads, localFloats, scratchFloats int, cpus []int) *workerPool {
	p := &workerPool{parked: make([]parking, threads), cpus: cpus}
	for i := range threads {
		p.workers = append(p.workers,
			&worker{id: i, local: kernels.Alloc(localFloats), scratch: allocate(scratchFloats)})
	}
	for i := range p.parked {
		p.parked[i].wake = make(chan struct{}, 1)
	}
	for i := 1; i < threads; i++ {
		p.helpers.Add(1)
		go p.help(p.workers[i])
	}
	return p
}

// run gives out tasks 0 to n-1 and returns when all are done.
func (p *workerPool) run(n int, work func(w *worker, task int)) {
	if len(p.workers) == 1 || n <= 1 {
		for t := range n {
			work(p.workers[0], t)
		}
		return
	}
	p.tasks, p.work = n, work
	p.claimed.Store(0)
	p.running.Store(int64(len(p.workers) - 1))
	p.generation.Add(1)
	for i := 1; i < len(p.workers); i++ {
		p.parked[i].rouse()
	}
	p.take(p.workers[0])
	p.parked[0].wait(func() bool { return p.running.Load() == 0 })
}

func (p *workerPool) take(w *worker) {
	for {
		t := int(p.claimed.Add(1)) - 1
		if t >= p.tasks {
			return
		}
		p.work(w, t)
	}
}

func (p *workerPool) help(w *worker) {
	defer p.helpers.Done()
	runtime.LockOSThread()
	if p.cpus != nil {
		pinThread(p.cpus[w.id])
	}
	for seen := uint64(0); ; {
		p.parked[w.id].wait(func() bool { return p.generation.Load() != seen })
		seen = p.generation.Load()
		if p.stop.Load() {
			return // locked to its thread, which ends with it
		}
		p.take(w)
		if p.running.Add(-1) == 0 {
			p.parked[0].rouse()
		}
	}
}

func (p *workerPool) close() {
	p.stop.Store(true)
	p.generation.Add(1)
	for i := 1; i < len(p.workers); i++ {
		p.parked[i].rouse()
	}
	p.helpers.Wait()
}

package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	kernels "resnet/kernels/cpu"
)

// worker is the memory of one thread.
type worker struct {
	id      int
	local   []float32 // the Local segment: tensors of one image
	scratch []float32 // for the kernels, see executor.needScratch
	times   []int64   // nanoseconds by instruction, when profiling
}

// workerPool runs the tasks of a region on a fixed set of threads. The goroutine that calls run is worker 0; the others
// spin for a while between regions and then park. Workers take tasks in any order; no result depends on who runs which.
type workerPool struct {
	workers []*worker
	cpus    []int // processors to pin the threads to; nil: not pinned

	// The current region, published by incrementing generation.
	tasks int
	work  func(w *worker, task int)

	generation atomic.Uint64
	claimed    atomic.Int64 // tasks that workers have taken
	running    atomic.Int64 // helpers that have not finished
	parking    []parkingSpot
	stop       atomic.Bool
	helpers    sync.WaitGroup
}

// parkingSpot is where one worker waits.
type parkingSpot struct {
	parked atomic.Bool
	wake   chan struct{}
	_      [48]byte // one cache line each
}

// spinTime is how long a worker spins before it parks: longer than the pauses within a step, short enough to yield the
// processor soon to other programs.
const spinTime = 200 * time.Microsecond

// wait returns once done returns true: it spins, then parks until unpark is called.
func (s *parkingSpot) wait(done func() bool) {
	var since time.Time
	for spins := 1; !done(); spins++ {
		if spins%1024 != 0 {
			continue
		}
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > spinTime {
			s.parked.Store(true)
			if !done() || !s.parked.CompareAndSwap(true, false) {
				<-s.wake
			}
			since = time.Time{}
		}
	}
}

// unpark wakes the worker if it is parked. The caller has made its condition true before.
func (s *parkingSpot) unpark() {
	if s.parked.Load() && s.parked.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}

func newWorkerPool(threads, localFloats, scratchFloats int, cpus []int) *workerPool {
	p := &workerPool{parking: make([]parkingSpot, threads), cpus: cpus}
	for i := range threads {
		p.workers = append(p.workers,
			&worker{id: i, local: kernels.Alloc(localFloats), scratch: allocate(scratchFloats)})
	}
	for i := range p.parking {
		p.parking[i].wake = make(chan struct{}, 1)
	}
	for i := 1; i < threads; i++ {
		p.helpers.Add(1)
		go p.help(p.workers[i])
	}
	return p
}

// run executes tasks 0 to n-1 on all workers and returns when all are done.
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
		p.parking[i].unpark()
	}
	p.take(p.workers[0])
	p.parking[0].wait(func() bool { return p.running.Load() == 0 })
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
		p.parking[w.id].wait(func() bool { return p.generation.Load() != seen })
		seen = p.generation.Load()
		if p.stop.Load() {
			return // the thread, to which the goroutine is locked, ends with it
		}
		p.take(w)
		if p.running.Add(-1) == 0 {
			p.parking[0].unpark()
		}
	}
}

func (p *workerPool) close() {
	p.stop.Store(true)
	p.generation.Add(1)
	for i := 1; i < len(p.workers); i++ {
		p.parking[i].unpark()
	}
	p.helpers.Wait()
}

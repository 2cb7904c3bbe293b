package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
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
	failure    atomic.Pointer[taskPanic]
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

func (b *backend) newWorkerPool(localFloats, scratchFloats int) *workerPool {
	p := &workerPool{parking: make([]parkingSpot, b.threads), cpus: b.cpus}
	for i := range p.parking {
		w := &worker{id: i, local: b.allocate(localFloats), scratch: b.allocate(scratchFloats)}
		p.workers = append(p.workers, w)
		p.parking[i].wake = make(chan struct{}, 1)
	}
	for _, w := range p.workers[1:] {
		p.helpers.Add(1)
		go p.help(w)
	}
	return p
}

// run executes tasks 0 to n-1 on all workers and returns when all are done. If one panics, the workers take no more,
// and run panics once none uses the memory any longer. Nothing may run after that.
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
	p.lead()
	if f := p.failure.Load(); f != nil {
		panic(f)
	}
}

// lead is the part of worker 0 in a region. It waits for the helpers even when a task of its own panics.
func (p *workerPool) lead() {
	done := false
	defer func() {
		if !done {
			p.abandon()
		}
		p.parking[0].wait(func() bool { return p.running.Load() == 0 })
	}()
	p.take(p.workers[0])
	done = true
}

// abandon leaves no task of the region to take.
func (p *workerPool) abandon() { p.claimed.Add(int64(p.tasks)) }

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
		p.follow(w)
	}
}

// follow is the part of a helper in a region. However a task ends, worker 0 learns that the helper has finished.
func (p *workerPool) follow(w *worker) {
	done := false
	defer func() {
		if !done {
			p.failure.CompareAndSwap(nil, newTaskPanic(recover()))
			p.abandon()
		}
		if p.running.Add(-1) == 0 {
			p.parking[0].unpark()
		}
	}()
	p.take(w)
	done = true
}

func (p *workerPool) close() {
	p.stop.Store(true)
	p.generation.Add(1)
	for i := 1; i < len(p.workers); i++ {
		p.parking[i].unpark()
	}
	p.helpers.Wait()
}

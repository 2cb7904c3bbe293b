package cpu

import (
	"time"

	"resnet/nn"
)

// Profile implements nn.Instrumented.
func (e *executor) Profile(on bool) {
	e.profiling, e.profiled = on, nn.RunCounts{}
	n := len(e.plan.Eval.Instructions)
	if e.plan.Train != nil {
		n = len(e.plan.Train.Instructions)
	}
	for _, w := range e.pool.workers {
		w.times = make([]int64, n)
	}
}

// Profiled implements nn.Instrumented.
func (e *executor) Profiled() []nn.InstructionTime {
	if e.last == nil {
		return nil
	}
	return e.profiled.InstructionTimes(e.plan, e.backend, e.last, func(instruction int) float64 {
		seconds := 0.0
		for _, w := range e.pool.workers {
			seconds += float64(w.times[instruction]) / 1e9
		}
		return seconds
	})
}

// KernelCount implements nn.Instrumented: the number of regions with stages.
func (e *executor) KernelCount(m nn.Mode, n int) (count int, err error) {
	if err := e.plan.CheckRun(m, n); err != nil {
		return 0, wrap(err)
	}
	for _, r := range e.program(m).regions {
		if len(r.whole)+len(r.chain) > 0 {
			count++
		}
	}
	return count, nil
}

// Fused implements nn.Instrumented: every node always has stages of its own.
func (e *executor) Fused(nn.Mode) bool { return false }

// Variant implements nn.Instrumented.
func (e *executor) Variant(nn.Mode) string { return "" }

// timeline records runs on the host's clock, which here is the device's.
type timeline struct {
	left        int // runs still to be recorded
	first, last time.Time
	nn.Timeline
}

func (t *timeline) begin() (now time.Time) {
	if t.left == 0 {
		return now
	}
	now = time.Now()
	if t.Launches == 0 {
		t.first = now
	}
	return now
}

func (t *timeline) end(begin time.Time) {
	if t.left == 0 {
		return
	}
	t.last = time.Now()
	t.left--
	t.Launches++
	t.Busy += t.last.Sub(begin).Seconds()
}

// StartTimeline implements nn.Instrumented.
func (e *executor) StartTimeline(n int) error {
	e.timeline = timeline{left: n}
	return nil
}

// Timeline implements nn.Instrumented.
func (e *executor) Timeline() (nn.Timeline, error) {
	t := e.timeline
	e.timeline = timeline{}
	t.Elapsed = t.last.Sub(t.first).Seconds()
	return t.Timeline, nil
}

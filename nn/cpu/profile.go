package cpu

import "resnet/nn"

// Profile implements Profiler.
func (e *executor) Profile(on bool) {
	e.profiling, e.profiled = on, nn.RunCounts{}
	steps := len(e.plan.Eval.Instructions)
	if e.plan.Train != nil {
		steps = len(e.plan.Train.Instructions)
	}
	for _, w := range e.pool.workers {
		w.times = make([]int64, steps)
	}
}

func (e *executor) Profiled() []nn.InstructionTime {
	if e.last == nil {
		return nil
	}
	return e.profiled.InstructionTimes(e.plan, e.backend, e.last, func(step int) float64 {
		seconds := 0.0
		for _, w := range e.pool.workers {
			seconds += float64(w.times[step]) / 1e9
		}
		return seconds
	})
}

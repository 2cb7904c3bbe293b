package nn

// Profile implements Profiler.
func (e *cpuExecutor) Profile(on bool) {
	e.profiling, e.profiled = on, profiledRuns{}
	steps := len(e.plan.Eval.Steps)
	if e.plan.Train != nil {
		steps = len(e.plan.Train.Steps)
	}
	for _, w := range e.pool.workers {
		w.times = make([]int64, steps)
	}
}

func (e *cpuExecutor) Profiled() []StepTime {
	if e.last == nil {
		return nil
	}
	return e.profiled.stepTimes(e.plan, e.backend, e.last, func(step int) float64 {
		seconds := 0.0
		for _, w := range e.pool.workers {
			seconds += float64(w.times[step]) / 1e9
		}
		return seconds
	})
}

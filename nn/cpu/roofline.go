package cpu

import (
	"resnet/nn"
	"time"
)

// PeakFLOPS measures what a CPU backend's threads can do at most, in floating
// point operations a second: fused multiply-adds between registers, the best of
// many short runs over the given time, since one that something disturbed says
// nothing about the processor. ok is false for other backends.
func PeakFLOPS(b nn.Backend, during time.Duration) (flops float64, ok bool) {
	c, ok := b.(*backend)
	if !ok {
		return 0, false
	}
	p := newWorkerPool(c.threads, 0, 0, c.cpus)
	defer p.close()
	c.pinCaller()
	const rounds = 1 << 16 // well under a millisecond
	done := make([]int64, c.threads)
	for end := time.Now().Add(during); flops == 0 || time.Now().Before(end); {
		start := time.Now()
		p.run(c.threads, func(_ *worker, task int) { done[task] = c.k.PeakFMA(rounds) })
		seconds := time.Since(start).Seconds()
		total := int64(0)
		for _, n := range done {
			total += n
		}
		flops = max(flops, float64(total)/seconds)
	}
	return flops, true
}

package cpu

import (
	"runtime"
	"time"

	"resnet/nn"
)

// Roofline implements nn.RooflineMeter with the peak rate of fused multiply-adds between registers on all threads. It
// is the fastest of many short runs, because a run that other programs disturb says nothing about the processor.
func (b *backend) Roofline(s nn.RooflineSizes) (nn.Roofline, error) {
	if s.Seconds == 0 {
		s.Seconds = 0.3 // long enough for some undisturbed runs on a busy machine
	}
	peak := make(chan float64)
	go func() {
		if b.pinned() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			pinThread(b.cpus[0])
		}
		peak <- b.peak(time.Duration(s.Seconds * float64(time.Second)))
	}()
	return nn.Roofline{ProductFLOPS: <-peak, Sizes: s}, nil
}

func (b *backend) peak(during time.Duration) (flops float64) {
	p := b.newWorkerPool(0, 0)
	defer p.close()
	const rounds = 1 << 16 // well under a millisecond
	done := make([]int64, b.threads)
	for end := time.Now().Add(during); flops == 0 || time.Now().Before(end); {
		start := time.Now()
		p.run(b.threads, func(_ *worker, task int) { done[task] = b.k.PeakFMA(rounds) })
		seconds := time.Since(start).Seconds()
		total := int64(0)
		for _, n := range done {
			total += n
		}
		flops = max(flops, float64(total)/seconds)
	}
	return flops
}

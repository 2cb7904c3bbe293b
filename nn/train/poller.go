package train

import (
	"fmt"
	"math"
	"time"

	"resnet/nn"
	"resnet/nn/infer"
)

// pollEvery is the time between two updates of the metrics.
const pollEvery = 100 * time.Millisecond

// poller keeps the metrics of the current epoch up to date. On an asynchronous device it requests and polls them,
// otherwise it waits for them.
type poller struct {
	feed   *infer.Feeder
	async  nn.Async           // nil: the device is not asynchronous
	images func(step int) int // the number of images in the first steps of an epoch

	began     time.Time // start of the epoch, or of this process within it
	before    int       // images done by then
	score     infer.Score
	speed     float64   // images per second since began
	finiteAt  int       // the last step after which the loss was seen to be finite
	updated   time.Time // time of the last read or request; zero: none in this epoch
	requested int       // the step of an unanswered request; 0: none
}

// begin starts an epoch, or the rest of one after a step.
func (p *poller) begin(now time.Time, step int) {
	p.began, p.before, p.finiteAt = now, p.images(step), step
	p.score, p.speed, p.updated, p.requested = infer.Score{}, 0, time.Time{}, 0
}

// lossNotFinite is the error of a loss that is NaN or infinity.
type lossNotFinite struct {
	loss     float64
	finiteAt int // an earlier step
}

func (e lossNotFinite) Error() string {
	return fmt.Sprintf("training loss is %g (it was finite at step %d)", e.loss, e.finiteAt)
}

// observe updates score and speed after a step. It waits for the device on the first call in an epoch, so that there is
// something to report, if exact is set, and if the device is not asynchronous. If it has waited it returns the metrics
// after the step, otherwise ok is false. The error is a lossNotFinite or that of the device.
func (p *poller) observe(now time.Time, step int, exact bool) (metrics [2]float64, ok bool, err error) {
	if p.requested > 0 && !exact {
		m, answered, err := p.async.PollMetrics()
		if err != nil || !answered {
			return metrics, false, err
		}
		at := p.requested
		p.requested = 0
		if err := p.update(m, at, now); err != nil {
			return metrics, false, err
		}
	}
	due := now.Sub(p.updated) >= pollEvery
	switch {
	case exact || p.updated.IsZero() || p.async == nil && due:
		metrics, err = p.read(step)
		return metrics, err == nil, err
	case due:
		p.updated, p.requested = now, step
		return metrics, false, p.async.RequestMetrics()
	}
	return metrics, false, nil
}

// read waits for all steps up to step and reads the metrics.
func (p *poller) read(step int) ([2]float64, error) {
	m, err := p.feed.Metrics()
	if err != nil {
		return m, err
	}
	now := time.Now()
	p.updated, p.requested = now, 0
	return m, p.update(m, step, now)
}

// update sets score and speed from the metrics after a step.
func (p *poller) update(metrics [2]float64, step int, now time.Time) error {
	if !finite(metrics[0]) {
		return lossNotFinite{metrics[0], p.finiteAt}
	}
	p.finiteAt = step
	done := p.images(step)
	p.score = infer.ScoreOf(metrics, max(done, 1))
	p.speed = float64(done-p.before) / max(now.Sub(p.began).Seconds(), 1e-9)
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

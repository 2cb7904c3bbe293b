package train

import (
	"fmt"
	"math"
	"time"

	"resnet/nn"
	"resnet/nn/infer"
)

// pollEvery is the time between two looks at the metrics.
const pollEvery = 100 * time.Millisecond

// poller knows an epoch's metrics while it lasts. Some devices are asked and answer when they come that far; others are
// waited for.
type poller struct {
	feed   *infer.Feeder
	async  nn.Async           // nil: the device is waited for
	images func(step int) int // that the first steps of an epoch train on

	began     time.Time // the epoch, or this process in the midst of one
	before    int       // images that were done by then
	score     infer.Score
	speed     float64   // images per second since
	finiteAt  int       // the last step at which the loss was known to be finite
	looked    time.Time // when the last look began; zero: none in this epoch
	requested int       // the step that an open request is of; 0: none
}

// begin starts an epoch, or the rest of one behind a step.
func (p *poller) begin(now time.Time, step int) {
	p.began, p.before, p.finiteAt = now, p.images(step), step
	p.score, p.speed, p.looked, p.requested = infer.Score{}, 0, time.Time{}, 0
}

// lossNotFinite is the error of a loss that is NaN or infinity.
type lossNotFinite struct {
	loss     float64
	finiteAt int // a step before
}

func (e lossNotFinite) Error() string {
	return fmt.Sprintf("training loss is %g (it was finite at step %d)", e.loss, e.finiteAt)
}

// observe brings score and speed up to date after a step, without waiting where that is possible. The first look of an
// epoch waits, so that there is something to tell. With now exact it waits as well. Metrics are those of the step,
// where it waited; else ok is false. The error is a lossNotFinite or the device's.
func (p *poller) observe(now time.Time, step int, exact bool) (metrics [2]float64, ok bool, err error) {
	if p.requested > 0 && !exact {
		m, answered, err := p.async.PollMetrics()
		if err != nil || !answered {
			return metrics, false, err
		}
		at := p.requested
		p.requested = 0
		if err := p.learn(m, at, now); err != nil {
			return metrics, false, err
		}
	}
	due := now.Sub(p.looked) >= pollEvery
	switch {
	case exact || p.looked.IsZero() || p.async == nil && due:
		metrics, err = p.look(step)
		return metrics, err == nil, err
	case due:
		p.looked, p.requested = now, step
		return metrics, false, p.async.RequestMetrics()
	}
	return metrics, false, nil
}

// look reads the epoch's metrics up to a step, which waits for the steps under way.
func (p *poller) look(step int) ([2]float64, error) {
	m, err := p.feed.Metrics()
	if err != nil {
		return m, err
	}
	now := time.Now()
	p.looked, p.requested = now, 0
	return m, p.learn(m, step, now)
}

// learn takes in the metrics as they were after a step.
func (p *poller) learn(metrics [2]float64, step int, now time.Time) error {
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

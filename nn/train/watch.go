package train

import (
	"fmt"
	"time"

	"resnet/nn"
	"resnet/nn/infer"
)

// lookEvery is the time between two looks at the metrics.
const lookEvery = 100 * time.Millisecond

// watch is what is known of an epoch's metrics while it lasts. Some devices are
// asked and answer when they come that far; others are waited for.
type watch struct {
	began    time.Time // the epoch, or this process in the midst of one
	before   int       // images that were done by then
	seen     infer.Score
	speed    float64   // images per second since
	finiteAt int       // the last step at which the loss was known to be finite
	looked   time.Time // when the last look began; zero: none in this epoch
	asked    int       // the step that a question which is still open is of; 0: none
}

func (w *watch) begin(now time.Time, step, images int) {
	*w = watch{began: now, before: images, finiteAt: step}
}

// observe keeps the watch up to date without waiting where that is possible.
// The first look of an epoch waits, so that there is something to tell. With
// now exact it waits as well, and the state has the metrics of its last step.
func (t *trainer) observe(now time.Time, exact bool) error {
	w := &t.watch
	p, asks := t.feed.Exec.(nn.Peeker)
	if w.asked > 0 && !exact {
		m, ok, err := p.PollMetrics()
		if err != nil || !ok {
			return err
		}
		step := w.asked
		w.asked = 0
		if err := t.learn(m, step, now); err != nil {
			return err
		}
	}
	switch {
	case exact || w.looked.IsZero() || !asks && now.Sub(w.looked) >= lookEvery:
		return t.look()
	case now.Sub(w.looked) < lookEvery:
		return nil
	}
	w.looked, w.asked = now, t.state.Step
	return p.RequestMetrics()
}

// look reads the epoch's metrics so far, which waits for the steps under way.
func (t *trainer) look() error {
	s, w := &t.state, &t.watch
	if err := t.feed.ReadMetrics(); err != nil {
		return err
	}
	now := time.Now()
	if t.startup.Steps == 0 {
		t.startup.Steps = now.Sub(t.created).Seconds()
	}
	w.looked, w.asked = now, 0
	if err := t.learn(t.feed.Metrics, s.Step, now); err != nil {
		return err
	}
	s.Metrics = t.feed.Metrics
	return nil
}

// learn takes in the metrics as they were after a step.
func (t *trainer) learn(metrics [2]float64, step int, now time.Time) error {
	s, w := &t.state, &t.watch
	if loss := metrics[0]; !finite(loss) {
		return t.diverged(s.Epoch+1, s.Step, fmt.Sprintf("training loss is %g (it was finite at step %d)", loss, w.finiteAt))
	}
	w.finiteAt = step
	done := t.imagesDone(step)
	w.seen = infer.ScoreOf(metrics, max(done, 1))
	w.speed = float64(done-w.before) / max(now.Sub(w.began).Seconds(), 1e-9)
	return nil
}

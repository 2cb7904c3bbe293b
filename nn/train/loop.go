package train

import (
	"context"
	"fmt"
	"time"

	"resnet/data"
)

// train takes the remaining training steps of an epoch and waits for the last one. If ctx ends it returns its error
// with the state ready to be saved.
func (t *trainer) train(ctx context.Context) error {
	s, steps := &t.state, t.steps()
	t.shuffle(s.Epoch)
	t.poller.begin(t.mark, s.Step)
	for s.Step < steps {
		if err := ctx.Err(); err != nil {
			if bad := t.observe(time.Now(), true); bad != nil {
				return bad
			}
			return err
		}
		first := s.Step + 1
		if err := t.take(t.nextSteps()); err != nil {
			return fmt.Errorf("train: epoch %d, step %d: %w", s.Epoch+1, first, err)
		}
		if s.Step == steps {
			t.shuffle(s.Epoch + 1) // while the device runs the last steps
		}
		now := time.Now()
		due := s.Step < steps && t.checkpointer.due(now, s.GlobalStep) // the end of an epoch has a checkpoint anyway
		if err := t.observe(now, due || s.Step == steps); err != nil {
			return err
		}
		if err := t.report(first); err != nil {
			return err
		}
		if err := t.explained(t.checkpointer.poll()); err != nil {
			return err
		}
		if due {
			t.clock()
			if err := t.saveAndWait(); err != nil {
				return err
			}
		}
	}
	return t.exec.Sync()
}

// shuffle puts the images into the order of an epoch, unless that is beyond the last.
func (t *trainer) shuffle(epoch int) {
	if t.cfg.Shuffle && t.ordered != epoch && epoch < t.cfg.Epochs {
		t.order, t.ordered = data.Shuffle(t.order, t.cfg.Seed, epoch), epoch
	}
}

// nextSteps is the number of steps to take in the next call: as many as the device allows, but not beyond the last
// whole batch of the epoch or the next checkpoint.
func (t *trainer) nextSteps() int {
	s := &t.state
	n := min(t.feed.MaxSteps(t.src.Train), len(t.trainIdx)/t.cfg.BatchSize-s.Step)
	if every := int64(t.cfg.CheckpointSteps); every > 0 {
		n = int(min(int64(n), every-s.GlobalStep%every))
	}
	return max(n, 1)
}

// observe updates the metrics; see poller.observe. If that has waited it stores them in the state.
func (t *trainer) observe(now time.Time, exact bool) error {
	s := &t.state
	m, ok, err := t.poller.observe(now, s.Step, exact)
	if err != nil {
		return t.explained(err)
	}
	if !ok {
		return nil
	}
	s.Metrics = m
	if t.startup.Steps == 0 {
		t.startup.Steps = time.Since(t.created).Seconds()
	}
	return nil
}

// take takes the next n steps.
func (t *trainer) take(n int) error {
	s := &t.state
	params := t.params[:n]
	for i := range params {
		step := s.GlobalStep + int64(i)
		params[i] = t.plan.Optimizer.StepParams(step+1, t.lr(step))
	}
	images := t.order[s.Step*t.cfg.BatchSize : t.imagesDone(s.Step+n)]
	if err := t.feed.Train(t.src.Train, images, t.cfg.Augmentation, t.cfg.Seed, s.Epoch, params); err != nil {
		return err
	}
	s.Step += n
	s.GlobalStep += int64(n)
	return nil
}

// report calls the hook for each step from first on.
func (t *trainer) report(first int) error {
	s := &t.state
	for step := first; step <= s.Step; step++ {
		global := s.GlobalStep - int64(s.Step-step)
		t.info = StepInfo{
			Epoch: s.Epoch + 1, Epochs: t.cfg.Epochs, Step: step, Steps: t.steps(), GlobalStep: global,
			Images: t.imagesDone(step), LR: t.lr(global - 1), Train: t.poller.score, ImagesPerSecond: t.poller.speed,
		}
		if err := call(t.hooks.Step, &t.info); err != nil {
			return err
		}
	}
	return nil
}

func (t *trainer) lr(step int64) float64 {
	return t.cfg.Schedule.LR(t.cfg.LR, step, t.steps(), t.cfg.Epochs)
}

package train

import (
	"context"
	"fmt"
	"time"

	"resnet/data"
)

// train takes the training steps that are left of an epoch and waits for the last. When ctx ends it leaves the state
// ready to be saved.
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
		if err := t.take(t.together()); err != nil {
			return fmt.Errorf("train: epoch %d, step %d: %w", s.Epoch+1, first, err)
		}
		if s.Step == steps {
			t.shuffle(s.Epoch + 1) // while the device is at the last steps
		}
		now := time.Now()
		due := s.Step < steps && t.checkpointer.due(now, s.GlobalStep) // an epoch's last step is followed by its own
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

// shuffle puts the images into the order of an epoch, if the run has that one.
func (t *trainer) shuffle(epoch int) {
	if t.cfg.Shuffle && t.ordered != epoch && epoch < t.cfg.Epochs {
		t.order, t.ordered = data.Shuffle(t.order, t.cfg.Seed, epoch), epoch
	}
}

// together is how many steps to take next at once: as many as the device likes, but none beyond the last whole batch of
// the epoch or a checkpoint that is due.
func (t *trainer) together() int {
	s := &t.state
	n := min(t.feed.MaxSteps(t.src.Train), len(t.trainIdx)/t.cfg.BatchSize-s.Step)
	if every := int64(t.cfg.CheckpointSteps); every > 0 {
		n = int(min(int64(n), every-s.GlobalStep%every))
	}
	return max(n, 1)
}

// observe looks at the metrics; see poller.observe. Where that waits, the state has them too.
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

// take trains on the next n batches.
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

// report calls the hook for the steps since first, all of them on their way.
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

package train

import (
	"context"
	"fmt"
	"time"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

// checkpointDue says whether a checkpoint is to be written after this step.
// The last step of an epoch is followed by the epoch's own.
func (t *trainer) checkpointDue(now time.Time) bool {
	s, c := &t.state, t.cfg
	if s.Step == t.steps() {
		return false
	}
	return c.CheckpointSteps > 0 && s.GlobalStep%int64(c.CheckpointSteps) == 0 ||
		c.CheckpointSeconds > 0 && now.Sub(t.lastCheckpoint).Seconds() >= c.CheckpointSeconds
}

// checkpoint writes one of where the run stands and waits for it.
func (t *trainer) checkpoint() error {
	if err := t.save(nil, false); err != nil {
		return err
	}
	return t.saved()
}

// endEpoch takes in a finished epoch and has it saved.
func (t *trainer) endEpoch(row Row) error {
	s := &t.state
	s.Rows = append(s.Rows, row)
	isBest := row.Val == nil || s.Best == nil || row.Val.Accuracy > s.Best.Val.Accuracy
	if isBest {
		s.Best = &Best{Epoch: row.Epoch, Val: row.Val}
	}
	s.Epoch, s.Step, s.Metrics, s.Seconds, s.TrainSeconds = s.Epoch+1, 0, [2]float64{}, 0, 0
	if err := call(t.hooks.Epoch, &EpochInfo{Row: row, Epochs: t.cfg.Epochs, IsBest: isBest, Rows: s.Rows, Later: t.later}); err != nil {
		return err
	}
	return t.save(&row, isBest)
}

// save has a checkpoint written of where the run stands, and the weights of the
// epoch that ended here, if row is not nil. A device that can set its tensors
// aside goes on with training meanwhile; see saver.
func (t *trainer) save(row *Row, isBest bool) error {
	if err := t.saved(); err != nil {
		return err
	}
	m := &moment{trainer: t, state: t.state, row: row, isBest: isBest, tensors: standing{t.feed.Exec}, waiting: t.waiting}
	t.waiting = nil
	t.lastCheckpoint = time.Now()
	aside, ok := t.feed.Exec.(nn.Snapshotter)
	if !ok {
		if err := m.write(); err != nil {
			return err
		}
		return t.saidSaved(m)
	}
	var err error
	if m.tensors, err = aside.Snapshot(); err != nil {
		return err
	}
	t.saver.start(m)
	return nil
}

func (t *trainer) later(f func([]safetensors.Tensor) error) { t.waiting = append(t.waiting, f) }

// saved waits for what is being saved.
func (t *trainer) saved() error {
	m, err := t.saver.wait()
	if m == nil || err != nil {
		return err
	}
	return t.saidSaved(m)
}

// savedMeanwhile is saved where there is nothing to wait for.
func (t *trainer) savedMeanwhile() error {
	if !t.saver.ready() {
		return nil
	}
	return t.saved()
}

func (t *trainer) saidSaved(m *moment) error {
	return call(t.hooks.Checkpoint, &CheckpointInfo{Path: t.dir.checkpoint(), Epoch: m.state.Epoch, Step: m.state.Step})
}

// result sums a finished run up. With held-out images the best weights are put
// back and the test split, which had no part in choosing them, is evaluated.
func (t *trainer) result(ctx context.Context) (*Result, error) {
	s := &t.state
	r := &Result{
		Dir: string(t.dir), Config: *t.cfg, Rows: s.Rows, Best: s.Best,
		BestWeights: t.dir.best(), LastWeights: t.dir.last(),
	}
	if t.cfg.valSplit() != "validation" {
		return r, nil
	}
	err := weights.Load(r.BestWeights, t.feed.Exec, t.plan.Graph)
	if err == nil {
		r.Test, err = infer.Evaluate(ctx, t.feed.Exec, t.plan, t.src.Test, nil)
	}
	if ctx.Err() != nil {
		return nil, t.interrupted()
	}
	return r, err
}

// diverged is the error of a run whose numbers are no good any more.
func (t *trainer) diverged(epoch, step int, what string) error {
	good := "no checkpoint was written yet"
	if exists(t.dir.checkpoint()) {
		good = "last good checkpoint: " + t.dir.checkpoint()
	}
	return fmt.Errorf("train: epoch %d, step %d: %s; %s (try a learning rate below %g)", epoch, step, what, good, t.cfg.LR)
}

func (t *trainer) interrupted() error {
	s := &t.state
	return fmt.Errorf("train: %w after %d epochs and %d steps; checkpoint: %s", ErrInterrupted, s.Epoch, s.Step, t.dir.checkpoint())
}

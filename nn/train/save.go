package train

import (
	"context"
	"fmt"
	"io"
	"time"

	"resnet/nn"
	"resnet/nn/safetensors"
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

// save writes a checkpoint of where the run stands.
func (t *trainer) save() error {
	tensors, err := t.snapshot()
	if err != nil {
		return err
	}
	return t.saveSnapshot(tensors)
}

// snapshot reads all that a checkpoint holds of the device, and refuses values
// from which no training can recover: the checkpoint before is the better one.
func (t *trainer) snapshot() ([]safetensors.Tensor, error) {
	if e, ok := t.feed.exec.(nn.Stateful); ok {
		var err error
		if t.state.Device, err = e.State(); err != nil {
			return nil, err
		}
	}
	tensors, err := nn.ReadTensors(t.feed.exec, t.plan.Graph, optimizerStates(t.plan.Optimizer)...)
	if err != nil {
		return nil, err
	}
	if name := firstBroken(tensors); name != "" {
		return nil, t.diverged(name + " holds NaN or infinity")
	}
	return tensors, nil
}

func (t *trainer) saveSnapshot(tensors []safetensors.Tensor) error {
	path := t.dir.checkpoint()
	if err := writeCheckpoint(path, &t.state, tensors); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	t.lastCheckpoint = time.Now()
	return call(t.hooks.Checkpoint, &CheckpointInfo{Path: path, Epoch: t.state.Epoch, Step: t.state.Step})
}

// endEpoch takes in a finished epoch and writes the files. The weights come
// before the checkpoint that speaks of them: a crash in between repeats the
// epoch and writes the same weights again.
func (t *trainer) endEpoch(row Row) error {
	tensors, err := t.snapshot()
	if err != nil {
		return err
	}
	s := &t.state
	s.Rows = append(s.Rows, row)
	isBest := row.Val == nil || s.Best == nil || row.Val.Accuracy > s.Best.Val.Accuracy
	if isBest {
		s.Best = &Best{Epoch: row.Epoch, Val: row.Val}
		if err := t.saveWeights(t.dir.best(), &row); err != nil {
			return err
		}
	}
	if err := t.saveWeights(t.dir.last(), &row); err != nil {
		return err
	}
	s.Epoch, s.Step, s.Metrics, s.Seconds, s.TrainSeconds = s.Epoch+1, 0, [2]float64{}, 0, 0
	if err := call(t.hooks.Epoch, &EpochInfo{Row: row, Epochs: t.cfg.Epochs, IsBest: isBest, Rows: s.Rows}); err != nil {
		return err
	}
	return t.saveSnapshot(tensors)
}

func (t *trainer) saveWeights(path string, row *Row) error {
	m := nn.Metadata{Model: t.state.Model, Dataset: t.src.Name, Classes: t.src.ClassNames, Epoch: row.Epoch}
	if row.Val != nil {
		m.Accuracy, m.Split = row.Val.Accuracy, t.cfg.valSplit()
	}
	err := WriteFile(path, func(w io.Writer) error {
		return nn.SaveWeights(w, t.feed.exec, t.plan.Graph, m)
	})
	if err != nil {
		return fmt.Errorf("train: weights: %w", err)
	}
	return nil
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
	err := nn.LoadWeights(r.BestWeights, t.feed.exec, t.plan.Graph)
	if err == nil {
		r.Test, err = Evaluate(ctx, t.feed.exec, t.plan, t.src.Test, nil)
	}
	if ctx.Err() != nil {
		return nil, t.interrupted()
	}
	return r, err
}

// diverged is the error of a run whose numbers are no good any more.
func (t *trainer) diverged(what string) error {
	s := &t.state
	good := "no checkpoint was written yet"
	if exists(t.dir.checkpoint()) {
		good = "last good checkpoint: " + t.dir.checkpoint()
	}
	return fmt.Errorf("train: epoch %d, step %d: %s; %s (try a learning rate below %g)", s.Epoch+1, s.Step, what, good, t.cfg.LR)
}

func (t *trainer) interrupted() error {
	s := &t.state
	return fmt.Errorf("train: %w after %d epochs and %d steps; checkpoint: %s", ErrInterrupted, s.Epoch, s.Step, t.dir.checkpoint())
}

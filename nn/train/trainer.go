package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"resnet/data"
	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// trainer is a run in progress.
type trainer struct {
	cfg     *Config
	fs      atomicfile.FS
	dir     checkpoint.Dir
	src     *data.Source
	from    *models.Config // the network that is trained on; nil for a new one
	backend nn.Backend
	exec    nn.Executor
	plan    *nn.Plan
	feed    *infer.Feeder
	hooks   Hooks
	origin  Origin
	log     checkpoint.Logger
	closers []io.Closer // in the order of opening
	created time.Time
	startup startup

	state    checkpoint.State
	trainIdx []int32 // the training images, ascending
	order    []int32 // the same in the order of epoch ordered
	ordered  int
	bestLost bool // the weights of the best epoch so far cannot be had again
	valSet   *data.Set
	valIdx   []int32         // empty: no validation
	params   []nn.StepParams // of the steps of one call
	info     StepInfo        // argument of the Step hook; here so that a step allocates nothing
	mark     time.Time       // when state.Seconds was last updated

	poller       poller
	checkpointer checkpointer
}

// close waits for the checkpoint that is being written and closes everything that was opened. The first error of these
// becomes *err unless that is an error already.
func (t *trainer) close(err *error) {
	if e := t.checkpointer.close(); *err == nil {
		*err = t.explained(e)
	}
	for _, c := range slices.Backward(t.closers) {
		if e := c.Close(); *err == nil {
			*err = e
		}
	}
}

// split chooses the images to train on and those to validate on.
func (t *trainer) split() (err error) {
	t.trainIdx = data.Sequence(make([]int32, t.src.Train.Len()))
	if t.cfg.Val == ValAuto {
		t.cfg.Val = ValTest
		if t.src.Val != nil {
			t.cfg.Val = ValSplit
		}
	}
	switch t.cfg.Val {
	case ValNone:
	case ValSplit:
		if t.src.Val == nil {
			return fmt.Errorf("train: val %s: %s has no validation split (--val N or 10%% holds out training images)",
				ValSplit, t.src.Dir)
		}
		t.valSet, t.valIdx = t.src.Val, data.Sequence(make([]int32, t.src.Val.Len()))
	case ValTest:
		t.valSet, t.valIdx = t.src.Test, data.Sequence(make([]int32, t.src.Test.Len()))
	default:
		t.valSet = t.src.Train
		if share, ok := t.cfg.share(); ok {
			t.trainIdx, t.valIdx, err = data.HoldoutShare(t.src.Train, share)
		} else {
			n, _ := t.cfg.heldOut()
			t.trainIdx, t.valIdx, err = data.Holdout(t.src.Train, n, t.cfg.Seed)
		}
	}
	t.order, t.ordered = slices.Clone(t.trainIdx), -1
	return err
}

// restore sets the state to that of a checkpoint, whose run had the configuration was.
func (t *trainer) restore(s *checkpoint.State, was *Config) error {
	if s.Checksum != t.state.Checksum {
		return fmt.Errorf("data in %s has checksum %.12s…, but the run began on %.12s… (other or changed images?)",
			t.src.Dir, t.state.Checksum, s.Checksum)
	}
	if s.Model != t.state.Model {
		return fmt.Errorf("model %+v, but the run began with %+v", t.state.Model, s.Model)
	}
	if n := int64(s.Epoch)*int64(t.steps()) + int64(s.Step); s.Step > t.steps() || s.GlobalStep != n {
		return fmt.Errorf("state: step %d in all after %d epochs of %d steps and %d steps, want %d "+
			"(damaged checkpoint)", s.GlobalStep, s.Epoch, t.steps(), s.Step, n)
	}
	if s.Backend != t.state.Backend {
		t.log("note: this is %s, the run began on %s: it will not end in the same bits", t.state.Backend, s.Backend)
	}
	backend := t.state.Backend
	t.state = *s
	t.state.Backend, t.state.Device = backend, nil
	// Another precision needs another loss scale, or none.
	if e, ok := t.exec.(nn.Async); ok && s.Device != nil && was.Precision == t.cfg.Precision {
		return e.SetState(s.Device)
	}
	return nil
}

// steps is the number of steps of an epoch; the last one may have fewer images.
func (t *trainer) steps() int {
	return (len(t.trainIdx) + t.cfg.BatchSize - 1) / t.cfg.BatchSize
}

// imagesDone is the number of images in the first n steps of an epoch.
func (t *trainer) imagesDone(n int) int { return min(n*t.cfg.BatchSize, len(t.trainIdx)) }

// run trains from the current state to the end.
func (t *trainer) run(ctx context.Context, dir checkpoint.Dir, resumed bool) (*Result, error) {
	t.dir, t.checkpointer.dir = dir, dir
	t.cfg.Output = string(dir)
	s := &t.state
	var err error
	if s.Config, err = json.Marshal(t.cfg); err != nil {
		return nil, err
	}
	if err := checkpoint.WriteJSON(t.fs, dir.Config(), t.cfg); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := dir.WriteResults(t.fs, s.Rows); err != nil {
		return nil, err
	}
	if err := call(t.hooks.Start, t.startInfo(resumed)); err != nil {
		return nil, err
	}
	if !resumed {
		if err := t.save(nil, nil); err != nil {
			return nil, err
		}
	}
	t.checkpointer.last = time.Now()
	for s.Epoch < t.cfg.Epochs {
		err := t.epoch(ctx)
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			if err := t.saveAndWait(); err != nil {
				return nil, err
			}
			return nil, t.interrupted()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := t.explained(t.checkpointer.wait()); err != nil {
		return nil, err
	}
	r, err := t.result(ctx)
	if err != nil {
		return nil, err
	}
	return r, call(t.hooks.End, r)
}

func (t *trainer) startInfo(resumed bool) *StartInfo {
	s := &t.state
	i := &StartInfo{
		Dir: string(t.dir), FS: t.fs, Config: t.cfg, Model: s.Model, Graph: t.plan.Graph, Dataset: t.src.Name,
		Backend: s.Backend, TrainImages: len(t.trainIdx), ValImages: len(t.valIdx), Steps: t.steps(),
		Resumed: resumed, Epoch: s.Epoch, Step: s.Step, Rows: s.Rows,
		Exec: t.exec, Plan: t.plan, Source: t.src,
	}
	if !resumed {
		i.OnWeights = t.checkpointer.addOnWeights
	}
	return i
}

// epoch takes the remaining steps of an epoch, validates and saves.
func (t *trainer) epoch(ctx context.Context) error {
	s := &t.state
	if err := t.feed.SetMetrics(s.Metrics); err != nil {
		return err
	}
	t.mark = time.Now()
	if s.Step < t.steps() {
		err := t.train(ctx)
		t.clock()
		if err != nil {
			return err
		}
		s.TrainSeconds = s.Seconds
	}
	row := Row{
		Epoch: s.Epoch + 1, Step: s.GlobalStep, LR: t.lr(s.GlobalStep - 1),
		Train:           infer.ScoreOf(s.Metrics, len(t.trainIdx)),
		ImagesPerSecond: float64(len(t.trainIdx)) / max(s.TrainSeconds, 1e-9),
	}
	if len(t.valIdx) > 0 {
		score, err := t.feed.Evaluate(ctx, t.valSet, t.valIdx, nil)
		if err != nil {
			return err
		}
		if !finite(score.Loss) {
			return t.diverged(s.Epoch+1, s.Step, fmt.Sprintf("validation loss is %g", score.Loss))
		}
		row.Val = &score
	} else if err := t.checkLoss(ctx); err != nil {
		return err
	}
	t.clock()
	row.Seconds = s.Seconds
	return t.endEpoch(row)
}

// checkLoss is what a run without validation has instead: weights that are finite, but so large that no loss is, are
// not saved. The loss of one batch tells.
func (t *trainer) checkLoss(ctx context.Context) error {
	some := t.trainIdx[:min(t.plan.EvalBatch, len(t.trainIdx))]
	score, err := t.feed.Evaluate(ctx, t.src.Train, some, nil)
	if err != nil || finite(score.Loss) {
		return err
	}
	what := fmt.Sprintf("the loss of the new weights is %g", score.Loss)
	if tensors, err := t.parameters(); err != nil {
		return err
	} else if name := checkpoint.FirstNotFinite(tensors); name != "" {
		what = (&checkpoint.NotFinite{Tensor: name}).Error()
	}
	return t.diverged(t.state.Epoch+1, t.state.Step, what)
}

// clock updates the duration of the epoch.
func (t *trainer) clock() {
	now := time.Now()
	t.state.Seconds += now.Sub(t.mark).Seconds()
	t.mark = now
}

// endEpoch adds a finished epoch to the state and saves it.
func (t *trainer) endEpoch(row Row) error {
	s := &t.state
	s.Rows = append(s.Rows, row)
	isBest := row.Val == nil || s.Best == nil || t.bestLost || row.Val.Accuracy > s.Best.Val.Accuracy
	if isBest {
		s.Best, t.bestLost = &Best{Epoch: row.Epoch, Val: row.Val}, false
	}
	s.Epoch, s.Step, s.Metrics, s.Seconds, s.TrainSeconds = s.Epoch+1, 0, [2]float64{}, 0, 0
	info := &EpochInfo{Row: row, Epochs: t.cfg.Epochs, IsBest: isBest, Rows: s.Rows,
		OnWeights: t.checkpointer.addOnWeights}
	return t.save(&checkpoint.Epoch{Weights: t.about(row), IsBest: isBest}, func() error {
		return call(t.hooks.Epoch, info)
	})
}

// about describes the weights at the end of an epoch.
func (t *trainer) about(row Row) weights.Metadata {
	m := weights.Metadata{
		Model: t.state.Model, Dataset: t.src.Name, Transposed: t.src.Transposed, Classes: t.src.ClassNames,
		Epoch: row.Epoch,
	}
	if row.Val != nil {
		m.Accuracy, m.Split = row.Val.Accuracy, t.cfg.valSplit()
	}
	return m
}

// save saves the state; see checkpointer.save.
func (t *trainer) save(epoch *checkpoint.Epoch, after func() error) error {
	return t.explained(t.checkpointer.save(t.state, epoch, after))
}

// saveAndWait saves the state and waits until it is on disk.
func (t *trainer) saveAndWait() error {
	if err := t.save(nil, nil); err != nil {
		return err
	}
	return t.explained(t.checkpointer.wait())
}

// result is the result of a finished run. If validation was on held-out images it loads the best weights and evaluates
// them on the test split, which had no part in choosing them.
func (t *trainer) result(ctx context.Context) (*Result, error) {
	s := &t.state
	r := &Result{
		Dir: string(t.dir), Config: *t.cfg, Rows: s.Rows, Best: s.Best, BestWeights: t.dir.Best(),
		LastWeights: t.dir.Last(),
	}
	if t.cfg.valSplit() != "validation" {
		return r, nil
	}
	err := weights.Load(r.BestWeights, t.exec, t.plan.Graph)
	if err == nil {
		r.Test, err = infer.Evaluate(ctx, t.exec, t.src.Test, nil)
	}
	if ctx.Err() != nil {
		return nil, t.interrupted()
	}
	return r, err
}

// explained turns an error about values that are not finite into that of a diverged run.
func (t *trainer) explained(err error) error {
	if err == nil {
		return nil // before variables that escape to the heap
	}
	var tensor *checkpoint.NotFinite
	if errors.As(err, &tensor) {
		s := &tensor.State
		if tensor.Epoch {
			return t.diverged(s.Epoch, t.steps(), tensor.Error())
		}
		return t.diverged(s.Epoch+1, s.Step, tensor.Error())
	}
	var loss lossNotFinite
	if errors.As(err, &loss) {
		return t.diverged(t.state.Epoch+1, t.state.Step, loss.Error())
	}
	return err
}

// diverged is the error of a run with values that are not finite.
func (t *trainer) diverged(epoch, step int, what string) error {
	good := "no checkpoint was written yet"
	if t.dir.Resumable() {
		good = "last good checkpoint: " + t.dir.Checkpoint()
	}
	return fmt.Errorf("train: epoch %d, step %d: %s; %s (try a learning rate below %g)", epoch, step, what, good,
		t.cfg.LR)
}

func (t *trainer) interrupted() error {
	s := &t.state
	return fmt.Errorf("train: %w after %d epochs and %d steps; checkpoint: %s", ErrInterrupted, s.Epoch, s.Step,
		t.dir.Checkpoint())
}

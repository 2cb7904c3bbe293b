package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/safetensors"
)

// trainer is a run in progress.
type trainer struct {
	cfg     *Config
	dir     runDir
	src     *data.Source
	backend nn.Backend
	plan    *nn.Plan
	feed    *infer.Feeder
	hooks   Hooks
	origin  Origin
	log     func(format string, args ...any)
	closers []io.Closer // in the order of opening
	created time.Time
	startup startup

	state    state
	trainIdx []int32 // the images trained on, ascending
	order    []int32 // the same in the order of the epoch ordered
	ordered  int
	valSet   *data.Set
	valIdx   []int32         // empty: no validation
	hypers   []nn.StepParams // of the steps that are taken at once
	info     StepInfo        // of the hook, here so that a step allocates nothing
	watch    watch
	saver    saver
	waiting  []func([]safetensors.Tensor) error // see Later

	mark           time.Time // when state.Seconds was last brought up to date
	lastCheckpoint time.Time
}

// close gives back what was opened, once what is being saved is on disk. What
// goes wrong with that, such as memory of a device that is still in use, becomes
// *err unless that is an error already.
func (t *trainer) close(err *error) {
	if _, e := t.saver.wait(); *err == nil {
		*err = e
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
	switch t.cfg.Val {
	case ValNone:
	case ValTest:
		t.valSet, t.valIdx = t.src.Test, data.Sequence(make([]int32, t.src.Test.Len()))
	default:
		n, _ := t.cfg.heldOut()
		t.valSet = t.src.Train
		t.trainIdx, t.valIdx, err = data.Holdout(t.src.Train, n, t.cfg.Seed)
	}
	t.order, t.ordered = slices.Clone(t.trainIdx), -1
	return err
}

// restore takes over where a checkpoint stands.
func (t *trainer) restore(s *state) error {
	if s.Checksum != t.state.Checksum {
		return fmt.Errorf("data in %s has checksum %.12s…, but the run began on %.12s… (other or changed images?)", t.src.Dir, t.state.Checksum, s.Checksum)
	}
	if s.Model != t.state.Model {
		return fmt.Errorf("model %+v, but the run began with %+v", t.state.Model, s.Model)
	}
	if n := int64(s.Epoch)*int64(t.steps()) + int64(s.Step); s.Step > t.steps() || s.GlobalStep != n {
		return fmt.Errorf("state: step %d in all after %d epochs of %d steps and %d steps, want %d (damaged checkpoint)", s.GlobalStep, s.Epoch, t.steps(), s.Step, n)
	}
	if s.Backend != t.state.Backend {
		t.log("note: this is %s, the run began on %s: it will not end in the same bits", t.state.Backend, s.Backend)
	}
	fresh := t.state
	t.state = *s
	t.state.Config, t.state.Backend, t.state.Device = fresh.Config, fresh.Backend, nil
	// At another precision there is another scale to find, or none.
	if e, ok := t.feed.Exec.(nn.Stateful); ok && s.Device != nil && s.Config.Precision == t.cfg.Precision {
		return e.SetState(s.Device)
	}
	return nil
}

// steps is the number of steps of an epoch; the last one may have fewer images.
func (t *trainer) steps() int {
	return (len(t.trainIdx) + t.cfg.BatchSize - 1) / t.cfg.BatchSize
}

// imagesDone is how many images the first n steps of an epoch train on.
func (t *trainer) imagesDone(n int) int { return min(n*t.cfg.BatchSize, len(t.trainIdx)) }

// run trains to the end from where the state stands.
func (t *trainer) run(ctx context.Context, dir runDir, resumed bool) (*Result, error) {
	t.dir = dir
	t.cfg.Output = string(dir)
	t.state.Config = *t.cfg
	if err := dir.writeConfig(t.cfg); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s := &t.state
	if err := dir.writeResults(s.Rows); err != nil {
		return nil, err
	}
	start := &StartInfo{
		Dir: string(dir), Config: t.cfg, Model: s.Model, Graph: t.plan.Graph, Dataset: t.src.Name, Backend: s.Backend,
		TrainImages: len(t.trainIdx), ValImages: len(t.valIdx), Steps: t.steps(),
		Resumed: resumed, Epoch: s.Epoch, Step: s.Step, Rows: s.Rows,
		Exec: t.feed.Exec, Plan: t.plan, Source: t.src,
	}
	if !resumed {
		start.Later = t.later
	}
	if err := call(t.hooks.Start, start); err != nil {
		return nil, err
	}
	if !resumed {
		if err := t.save(nil, false); err != nil {
			return nil, err
		}
	}
	t.lastCheckpoint = time.Now()
	for s.Epoch < t.cfg.Epochs {
		err := t.epoch(ctx)
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			if err := t.checkpoint(); err != nil {
				return nil, err
			}
			return nil, t.interrupted()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := t.saved(); err != nil {
		return nil, err
	}
	r, err := t.result(ctx)
	if err != nil {
		return nil, err
	}
	return r, call(t.hooks.End, r)
}

// epoch trains on what is left of an epoch, validates and saves.
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
		Epoch: s.Epoch + 1, Step: s.GlobalStep, LR: t.lr(s.GlobalStep - 1), Train: infer.ScoreOf(s.Metrics, len(t.trainIdx)),
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
	}
	t.clock()
	row.Seconds = s.Seconds
	return t.endEpoch(row)
}

// clock brings the epoch's time up to date.
func (t *trainer) clock() {
	now := time.Now()
	t.state.Seconds += now.Sub(t.mark).Seconds()
	t.mark = now
}

package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// ErrInterrupted is what Run and Resume return, wrapped, when their context ended: the step under way is finished and a
// checkpoint written.
var ErrInterrupted = errors.New("interrupted")

// Options are what a run needs besides its Config, none of which changes what it computes. The zero value says nothing.
type Options struct {
	Stderr   io.Writer // progress and notes; nil: none
	Terminal bool      // Stderr is a terminal: draw a bar
	Color    bool      // a terminal that shows colours
	Quiet    bool      // say nothing
	Hooks    Hooks

	// Override changes settings of a run that resumes. Those that would change what it computes are refused, but for a
	// number of epochs that its schedule does not depend on, and for the device, on which its bits depend.
	Override func(*Config)

	NoGraph, Check bool          // see Options
	Tune           nn.TuneConfig // likewise; a run that resumes chooses as it chose before

	Origin Origin
	Force  bool // Run: begin anew in the place of the run that Config.Output holds

	Backend nn.Backend   // nil: opened as Config says
	Source  *data.Source // nil: opened as Config says, downloaded if need be
}

// Best is the epoch whose weights are in best.safetensors.
type Best = checkpoint.Best

// Result is what a run came to.
type Result struct {
	Dir    string `json:"dir"`
	Config Config `json:"config"`
	Rows   []Row  `json:"epochs"`
	Best   *Best  `json:"best"`
	// Test is the test split on the best weights, where validation was on images held out of the training set.
	Test        *infer.Evaluation `json:"test,omitempty"`
	BestWeights string            `json:"best_weights"`
	LastWeights string            `json:"last_weights"`
}

// Run trains as cfg says, in a new run directory. When ctx ends it finishes the step, writes a checkpoint and returns
// ErrInterrupted.
func Run(ctx context.Context, cfg Config, o Options) (r *Result, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t, err := newTrainer(ctx, &cfg, &o)
	if err != nil {
		return nil, err
	}
	defer t.close(&err)
	if cfg.Weights != "" {
		err = weights.Load(cfg.Weights, t.exec, t.plan.Graph)
	} else {
		err = nn.Initialize(t.exec, t.plan.Graph, cfg.Seed)
	}
	if err != nil {
		return nil, err
	}
	dir, err := checkpoint.NewDir(cfg.Output, cfg.Model, time.Now(), o.Force)
	if err != nil {
		return nil, err
	}
	return t.record(ctx, dir, false)
}

// Resume continues the run in a directory from its last checkpoint, bit for bit as if it had never stopped. A run that
// is finished is not trained again.
func Resume(ctx context.Context, path string, o Options) (r *Result, err error) {
	dir := checkpoint.Dir(path)
	s, was, f, err := readCheckpoint(dir.Checkpoint())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cfg := *was
	if o.Override != nil {
		o.Override(&cfg)
	}
	if err := checkOverride(was, &cfg, s.Epoch); err != nil {
		return nil, fmt.Errorf("train: resume: %s: %w", dir, err)
	}
	o.Tune = tuneAsBefore(dir, o.Tune, &was.DeviceConfig, o.logger())
	t, err := newTrainer(ctx, &cfg, &o)
	if err != nil {
		return nil, err
	}
	defer t.close(&err)
	if err := t.restore(s, was); err != nil {
		return nil, fmt.Errorf("train: resume: %s: %w", dir, err)
	}
	if err := weights.WriteTensors(t.exec, t.plan.Graph, f,
		checkpoint.OptimizerStates(t.plan.Optimizer)...); err != nil {
		return nil, fmt.Errorf("train: resume: %s: %w", dir.Checkpoint(), err)
	}
	f.Close() // some systems do not replace a file that is open
	if err := dir.Prepare(); err != nil {
		return nil, err
	}
	return t.record(ctx, dir, true)
}

// logger writes notes, whole lines from any goroutine.
func (o *Options) logger() func(format string, args ...any) {
	var line sync.Mutex
	return func(format string, args ...any) {
		if o.Stderr == nil || o.Quiet {
			return
		}
		line.Lock()
		defer line.Unlock()
		fmt.Fprintf(o.Stderr, format+"\n", args...)
	}
}

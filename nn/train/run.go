package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"resnet/data"
	"resnet/data/atomicfile"
	"resnet/data/terminal"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// ErrInterrupted is wrapped by the error of Run and Resume when their context ends. The current step has then been
// finished and a checkpoint written.
var ErrInterrupted = errors.New("interrupted")

// Options are what a run needs besides its Config. They do not change what it computes.
type Options struct {
	Stderr   io.Writer // for progress and notes; nil: none
	Terminal bool      // Stderr is a terminal that can clear a line: show a progress bar
	Color    bool      // Stderr is a terminal with colours
	Quiet    bool      // write nothing to Stderr
	Hooks    Hooks

	// Override changes settings of a run that resumes. Settings that change what it computes are errors, except the
	// device, which only changes rounding, and the number of epochs if the learning rate does not depend on it.
	Override func(*Config)

	NoGraph, Check bool          // see device.Options
	Tune           nn.TuneConfig // likewise; a run that resumes keeps its earlier choices

	Origin Origin
	Force  bool // Run: replace the run that Config.Output holds

	Backend nn.Backend    // nil: opened as in Config
	Source  *data.Source  // nil: opened as in Config, downloaded if necessary
	FS      atomicfile.FS // nil: the machine's; what the run directory is written to
}

func (o *Options) files() atomicfile.FS {
	if o.FS == nil {
		return atomicfile.OS
	}
	return o.FS
}

// Best is the epoch whose weights are in best.safetensors.
type Best = checkpoint.Best

// Result is the result of a finished run.
type Result struct {
	Dir    string `json:"dir"`
	Config Config `json:"config"`
	Rows   []Row  `json:"epochs"`
	Best   *Best  `json:"best"`
	// Test is the evaluation of the best weights on the test split, if validation was on held-out training images.
	Test        *infer.Evaluation `json:"test,omitempty"`
	BestWeights string            `json:"best_weights"`
	LastWeights string            `json:"last_weights"`
}

// Run trains with the settings of cfg in a new run directory. If ctx ends it finishes the step, writes a checkpoint and
// returns ErrInterrupted.
func Run(ctx context.Context, cfg Config, o Options) (r *Result, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t, err := newTrainer(ctx, &cfg, &o, startOf(cfg.Weights))
	if err != nil {
		return nil, err
	}
	defer t.close(&err)
	if cfg.Weights != "" {
		err = weights.Import(cfg.Weights, t.exec, t.plan.Graph, t.log)
	} else {
		err = nn.Initialize(t.exec, t.plan.Graph, cfg.Seed)
	}
	if err != nil {
		return nil, err
	}
	dir, unlock, err := checkpoint.NewDir(t.fs, cfg.Output, cfg.Model, time.Now(), o.Force, t.log)
	if err != nil {
		return nil, err
	}
	t.closers = append(t.closers, unlock)
	return t.record(ctx, dir, false)
}

// startOf is the network of a weights file to start from; nil where there is none, or where the file, another
// program's, does not say.
func startOf(path string) *models.Config {
	if path == "" {
		return nil
	}
	m, err := weights.ReadMetadata(path)
	if err != nil {
		return nil // and Import finds out whether the file can be read
	}
	return &m.Model
}

// Resume continues the run in a directory from its last checkpoint, or from the one before it if that is damaged, with
// the same bits as if it had never stopped. A finished run is not trained again.
func Resume(ctx context.Context, path string, o Options) (r *Result, err error) {
	dir := checkpoint.Dir(path)
	if err := checkResumable(dir); err != nil {
		return nil, fmt.Errorf("train: resume: %w", err)
	}
	unlock, err := dir.Take(o.files(), o.logger())
	if err != nil {
		return nil, err
	}
	defer unlock.Close()
	s, was, f, damaged, err := readNewest(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if damaged != nil {
		o.logger()("note: %v; the run goes on from the checkpoint before it", damaged)
	}
	cfg := *was
	cfg.DataDir = DataDir(path, was.DataDir)
	if o.Override != nil {
		o.Override(&cfg)
	}
	if err := checkOverride(was, &cfg, s.Epoch); err != nil {
		return nil, fmt.Errorf("train: resume: %s: %w", dir, err)
	}
	if _, err := os.Stat(cfg.DataDir); o.Source == nil && cfg.DataDir != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: resume: %s: data: %s: no such directory (--data-dir DIR says where it is now)",
			dir, cfg.DataDir)
	}
	o.Tune = tuneAsBefore(dir, o.Tune, &was.DeviceConfig, o.logger())
	t, err := newTrainer(ctx, &cfg, &o, &s.Model)
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
	f.Close() // some systems cannot replace an open file
	if err := dir.Prepare(t.fs); err != nil {
		return nil, err
	}
	if damaged != nil {
		if err := dir.Restore(t.fs); err != nil {
			return nil, err
		}
	}
	if err := t.completeWeights(dir); err != nil {
		return nil, err
	}
	return t.record(ctx, dir, true)
}

// InUse says whether a process trains in a run directory now, and its number, 0 if that cannot be read. A run that has
// neither finished nor is in use was interrupted, whatever its environment.json says: nobody writes that for a process
// that is killed.
func InUse(dir string) (pid int, inUse bool) {
	by, inUse := checkpoint.Dir(dir).InUse()
	return by.PID, inUse
}

// logger returns a function that writes notes to Stderr, one line each, from any goroutine.
func (o *Options) logger() checkpoint.Logger {
	var line sync.Mutex
	return func(format string, args ...any) {
		if o.Stderr == nil || o.Quiet {
			return
		}
		line.Lock()
		defer line.Unlock()
		fmt.Fprintln(o.Stderr, terminal.Printable(fmt.Sprintf(format, args...)))
	}
}

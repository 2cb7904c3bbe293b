package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"resnet/data"
	"resnet/nn"
)

// ErrInterrupted is what Run and Resume return, wrapped, when their context
// ended: the step under way is finished and a checkpoint written.
var ErrInterrupted = errors.New("interrupted")

// Options are what a run needs besides its Config, none of which changes what
// it computes. The zero value trains on the CPU and says nothing.
type Options struct {
	Stderr   io.Writer // progress and notes; nil: none
	Terminal bool      // Stderr is a terminal: draw a bar
	Quiet    bool      // say nothing
	Hooks    Hooks

	// Override changes settings of a run that resumes. Those that would change
	// what it computes are refused, but for a number of epochs that its
	// schedule does not depend on.
	Override func(*Config)

	Backend nn.Backend   // nil: the CPU, with Config.Threads
	Source  *data.Source // nil: opened as Config says, downloaded if need be
}

// Best is the epoch whose weights are in best.safetensors: the first with the
// highest validation accuracy, or the last one where nothing validates.
type Best struct {
	Epoch int    `json:"epoch"` // from 1
	Val   *Score `json:"val,omitempty"`
}

// Result is what a run came to.
type Result struct {
	Dir    string `json:"dir"`
	Config Config `json:"config"`
	Rows   []Row  `json:"epochs"`
	Best   *Best  `json:"best"`
	// Test is the test split on the best weights, where validation was on
	// images held out of the training set.
	Test        *Evaluation `json:"test,omitempty"`
	BestWeights string      `json:"best_weights"`
	LastWeights string      `json:"last_weights"`
}

// Run trains as cfg says, in a new run directory. It runs on a goroutine of
// its own, which some executors lock to a thread. When ctx ends it finishes
// the step, writes a checkpoint and returns ErrInterrupted.
func Run(ctx context.Context, cfg Config, o Options) (*Result, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return onGoroutine(func() (*Result, error) {
		src, err := open(ctx, &cfg, &o)
		if err != nil {
			return nil, err
		}
		t, err := newTrainer(&cfg, &o, src)
		if err != nil {
			return nil, err
		}
		defer t.close()
		if cfg.Weights != "" {
			err = nn.LoadWeights(cfg.Weights, t.feed.exec, t.plan.Graph)
		} else {
			err = nn.Initialize(t.feed.exec, t.plan.Graph, cfg.Seed)
		}
		if err != nil {
			return nil, err
		}
		dir, err := newRunDir(cfg.Output, cfg.Model, time.Now())
		if err != nil {
			return nil, err
		}
		return t.run(ctx, dir, false)
	})
}

// Resume continues the run in dir from its last checkpoint, bit for bit as if
// it had never stopped. A run that is finished is not trained again.
func Resume(ctx context.Context, dir string, o Options) (*Result, error) {
	return onGoroutine(func() (*Result, error) {
		s, f, err := readCheckpoint(runDir(dir).checkpoint())
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cfg := s.Config
		if o.Override != nil {
			o.Override(&cfg)
		}
		if err := checkOverride(&s.Config, &cfg, s.Epoch); err != nil {
			return nil, fmt.Errorf("train: resume: %s: %w", dir, err)
		}
		src, err := open(ctx, &cfg, &o)
		if err != nil {
			return nil, err
		}
		if src.Checksum != s.Checksum {
			return nil, fmt.Errorf("train: resume: %s: data in %s has checksum %.12s…, but the run began on %.12s… (other or changed images?)", dir, src.Dir, src.Checksum, s.Checksum)
		}
		t, err := newTrainer(&cfg, &o, src)
		if err != nil {
			return nil, err
		}
		defer t.close()
		if err := t.restore(s); err != nil {
			return nil, fmt.Errorf("train: resume: %s: %w", dir, err)
		}
		if err := nn.WriteTensors(t.feed.exec, t.plan.Graph, f, optimizerStates(t.plan.Optimizer)...); err != nil {
			return nil, fmt.Errorf("train: resume: %s: %w", runDir(dir).checkpoint(), err)
		}
		f.Close() // some systems do not replace a file that is open
		if err := runDir(dir).prepare(); err != nil {
			return nil, err
		}
		return t.run(ctx, runDir(dir), true)
	})
}

// onGoroutine runs f on a goroutine of its own and waits.
func onGoroutine(f func() (*Result, error)) (r *Result, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = f()
	}()
	<-done
	return r, err
}

func open(ctx context.Context, cfg *Config, o *Options) (*data.Source, error) {
	if o.Source != nil {
		return o.Source, nil
	}
	src, err := data.Open(ctx, data.Options{Dataset: cfg.Dataset, Dir: cfg.DataDir, Classes: cfg.Classes, Download: true, Log: o.logf})
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("train: %w while the data set was being opened", ErrInterrupted)
	}
	return src, err
}

func (o *Options) logf(format string, args ...any) {
	if o.Stderr != nil && !o.Quiet {
		fmt.Fprintf(o.Stderr, format+"\n", args...)
	}
}

// newTrainer builds the network and all buffers; the parameters are zeros.
func newTrainer(cfg *Config, o *Options, src *data.Source) (*trainer, error) {
	t := &trainer{cfg: cfg, src: src, log: o.logf}
	if err := t.split(); err != nil {
		return nil, err
	}
	t.state = state{
		Version: checkpointVersion, Config: *cfg, Model: cfg.modelConfig(src), Checksum: src.Checksum,
		Rows: []Row{},
	}
	withLoss := t.state.Model
	withLoss.Smoothing = float32(cfg.Smoothing)
	graph, err := nn.Build(withLoss)
	if err != nil {
		return nil, err
	}
	for _, set := range []*data.Set{src.Train, src.Test} {
		if err := checkSet(graph, set); err != nil {
			return nil, fmt.Errorf("train: %s: %w", src.Dir, err)
		}
	}
	backend := o.Backend
	if backend == nil {
		if backend, err = nn.NewCPU(nn.CPUConfig{Threads: cfg.Threads}); err != nil {
			return nil, err
		}
		t.closers = append(t.closers, backend)
	}
	t.state.Backend = backend.Name()
	if isa, ok := nn.ISA(backend); ok {
		t.state.Backend += " " + isa.String()
	}
	t.plan, err = nn.NewPlan(graph, nn.PlanConfig{Batch: cfg.BatchSize, Optimizer: cfg.optimizer(), Target: backend})
	if err != nil {
		t.close()
		return nil, err
	}
	exec, err := backend.Compile(t.plan)
	if err != nil {
		t.close()
		return nil, err
	}
	t.closers = append(t.closers, exec)
	t.feed = newFeeder(exec, t.plan)
	t.hyperBytes = nn.Bytes(t.hyper[:])
	if o.Stderr != nil && !o.Quiet {
		t.hooks = Progress(o.Stderr, o.Terminal)
	}
	t.hooks = Join(t.hooks, o.Hooks)
	return t, nil
}

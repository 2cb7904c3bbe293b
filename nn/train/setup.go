package train

import (
	"context"
	"fmt"
	"time"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/device"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/train/checkpoint"
)

// newTrainer opens the device and the data, builds the network and allocates all buffers. The parameters are zeros. If
// from is not nil, pixels are normalised as that network has it.
func newTrainer(ctx context.Context, cfg *Config, o *Options, from *models.Config) (*trainer, error) {
	if o.Stderr != nil {
		// One screen for progress and notes: these would end up in the progress bar's line.
		o.Stderr = screenOn(o.Stderr, o.Terminal)
	}
	t := &trainer{cfg: cfg, fs: o.files(), log: o.logger(), origin: o.Origin, created: time.Now(),
		from: from}
	if o.Stderr != nil && !o.Quiet {
		t.hooks = Progress(o.Stderr, o.Terminal, o.Color)
	}
	t.hooks = Join(t.hooks, o.Hooks)
	if err := t.open(ctx, o); err != nil {
		t.close(&err)
		return nil, err
	}
	return t, nil
}

func (t *trainer) open(ctx context.Context, o *Options) error {
	backend, err := t.openBoth(ctx, o)
	if err != nil {
		return err
	}
	t.backend = backend
	if o.Source == nil {
		t.cfg.Dataset = t.src.Name
		if d, err := data.Lookup(t.src.Name); err == nil && d.Scaled {
			set := t.src.Train
			t.cfg.Input = data.Size{C: set.C, H: set.H, W: set.W}.String()
		}
		if err := t.recordDataDir(); err != nil {
			return err
		}
	}
	model := t.cfg.modelConfig(t.src)
	if t.from != nil {
		model.Mean, model.Std = t.from.Mean, t.from.Std
	}
	t.state = checkpoint.State{
		Version: checkpoint.Version, Model: model, Checksum: t.src.Checksum,
		Backend: backend.Info().String(), Rows: []Row{},
	}
	withLoss := t.state.Model
	withLoss.Smoothing = float32(t.cfg.Smoothing)
	graph, err := models.Build(withLoss)
	if err != nil {
		return err
	}
	for _, set := range []*data.Set{t.src.Train, t.src.Val, t.src.Test} {
		if set == nil {
			continue
		}
		if err := infer.CheckSet(graph, set); err != nil {
			return fmt.Errorf("train: %s: %w", t.src.Dir, err)
		}
	}
	begin := time.Now()
	defer func() { t.startup.Compile = time.Since(begin).Seconds() }()
	return t.compile(graph, backend)
}

// openBoth opens the device and the data at the same time, because one waits for a driver while the other reads files.
// An error of the device takes precedence and cancels the search for data.
func (t *trainer) openBoth(ctx context.Context, o *Options) (nn.Backend, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened := make(chan error, 1)
	go func() {
		err := t.openData(ctx, o)
		t.startup.Data = time.Since(t.created).Seconds()
		opened <- err
	}()
	backend, err := t.openDevice(o)
	t.startup.Device = time.Since(t.created).Seconds()
	if err != nil {
		cancel()
		<-opened
		return nil, err
	}
	return backend, <-opened
}

func (t *trainer) openDevice(o *Options) (nn.Backend, error) {
	if o.Backend != nil {
		return o.Backend, nil
	}
	b, err := t.cfg.Open(device.Options{
		CPU: cpu.Config{Threads: t.cfg.Threads}, NoGraph: o.NoGraph, Check: o.Check, Tune: o.Tune, Log: t.log,
	})
	if err == nil {
		t.closers = append(t.closers, b)
	}
	return b, err
}

func (t *trainer) openData(ctx context.Context, o *Options) error {
	t.src = o.Source
	if t.src == nil {
		size, err := t.cfg.size()
		if err != nil {
			return err // Validate has refused it
		}
		t.src, err = data.Open(ctx, data.Options{
			Dataset: t.cfg.Dataset, Dir: t.cfg.DataDir, Columns: data.ParseColumns(t.cfg.Columns),
			Classes: t.cfg.Classes, Transpose: t.cfg.Transpose, Size: size, OnBad: t.cfg.OnBadImage,
			Download: true, Log: t.log,
		})
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("train: %w while the data set was being opened", ErrInterrupted)
		}
		if err != nil {
			return err
		}
		for _, n := range t.src.Notes {
			t.log("note: %s", n)
		}
	}
	return t.split()
}

// compile compiles the graph and uploads the data sets.
func (t *trainer) compile(g *nn.Graph, b nn.Backend) (err error) {
	evaluated := len(t.valIdx)
	if evaluated == 0 {
		evaluated = t.src.Test.Len()
	}
	t.exec, err = b.Compile(g, nn.PlanConfig{Batch: t.cfg.BatchSize, Optimizer: t.cfg.optimizer(),
		EvalImages: evaluated})
	if err != nil {
		return err
	}
	t.closers = append(t.closers, t.exec)
	t.plan = t.exec.Plan()
	t.feed = infer.NewFeeder(t.exec)
	sets := []*data.Set{t.src.Train}
	if t.valSet != nil && t.valSet != t.src.Train {
		sets = append(sets, t.valSet)
	}
	left, err := t.feed.Upload(sets...)
	for _, s := range left {
		t.log("note: %d images do not fit in the device's memory beside the network: each step sends its own", s.N)
	}
	t.params = make([]nn.StepParams, t.feed.MaxSteps(t.src.Train))
	t.poller = poller{feed: t.feed, images: t.imagesDone}
	t.poller.async, _ = t.exec.(nn.Async)
	t.checkpointer = checkpointer{
		exec: t.exec, fs: t.fs, every: time.Duration(t.cfg.CheckpointSeconds * float64(time.Second)),
		steps: int64(t.cfg.CheckpointSteps), written: t.hooks.Checkpoint,
	}
	return err
}

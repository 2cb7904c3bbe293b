package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/models"
)

// Phase is what is measured.
type Phase string

// The phases.
const (
	Train   Phase = "train"   // forward, loss, backward, update
	Infer   Phase = "infer"   // forward on running statistics, batch after batch
	Latency Phase = "latency" // from one image in host memory to its probabilities there; ignores BatchSizes
)

// Phases lists the names of the phases.
func Phases() []string { return []string{string(Train), string(Infer), string(Latency)} }

// Config says what to measure.
type Config struct {
	Model      models.Config
	Optimizer  nn.Optimizer // of the training phase
	Phases     []Phase
	BatchSizes []int
	Seconds    float64 // per measurement, after a warm-up of a tenth of that; there are at least minWindows windows
	Count      int     // measurements of each phase and batch size; 0 means 1
	Device     device.Config
	Options    device.Options
	Layers     bool // also time every op
	// Roofline, if not nil, are the sizes at which a GPU's bandwidth and arithmetic are measured first.
	Roofline *nn.RooflineSizes

	// Progress, if not nil, is called with what is measured next.
	Progress func(format string, args ...any)
}

// minWindows is the number of windows that are timed however long they take, so that there is a median.
const minWindows = 5

// Validate returns an error for the first invalid setting.
func (c *Config) Validate() error {
	if len(c.Phases) == 0 || len(c.BatchSizes) == 0 {
		return fmt.Errorf("bench: %d phases and %d batch sizes, want at least one of each", len(c.Phases),
			len(c.BatchSizes))
	}
	for _, p := range c.Phases {
		if !slices.Contains(Phases(), string(p)) {
			return fmt.Errorf("bench: phase %q, want %s, %s or %s", p, Train, Infer, Latency)
		}
	}
	for _, b := range c.BatchSizes {
		if b < 1 {
			return fmt.Errorf("bench: batch size %d, want at least 1", b)
		}
	}
	if !(c.Seconds >= 0 && c.Seconds <= 3600) {
		return fmt.Errorf("bench: %g seconds, want 0 to 3600", c.Seconds)
	}
	if c.Count < 0 {
		return fmt.Errorf("bench: count %d, want at least 1", c.Count)
	}
	return c.Device.Validate(c.Options)
}

// Run measures every phase at every batch size. If ctx ends it returns its error.
func Run(ctx context.Context, c Config) (r *Report, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	g, err := models.Build(c.Model)
	if err != nil {
		return nil, err
	}
	backend, err := c.Device.Open(c.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	if err := c.checkMemory(backend, g); err != nil {
		return nil, err
	}
	r = &Report{Machine: ThisMachine(), Model: c.Model, Cost: CostOf(g)}
	if err := c.describe(&r.Machine, backend); err != nil {
		return nil, err
	}
	for _, phase := range c.Phases {
		for _, batch := range c.batchSizes(phase) {
			for range max(1, c.Count) {
				c.progress("%s, batch size %d", phase, batch)
				res, err := c.measure(ctx, backend, g, phase, batch, r)
				if err != nil {
					return nil, err
				}
				r.Results = append(r.Results, res)
			}
		}
	}
	if gpu := c.gpu(backend); gpu != nil {
		r.Machine.GPU.Tuning = gpu.Tuning // after all algorithms have been chosen
	}
	return r, nil
}

// checkMemory returns an error if a measurement would need more memory than there is, before the first one begins.
func (c *Config) checkMemory(b nn.Backend, g *nn.Graph) error {
	m, ok := b.(nn.MemoryChecker)
	if !ok {
		return nil
	}
	for _, phase := range c.Phases {
		for _, batch := range c.batchSizes(phase) {
			if err := m.CheckMemory(g, c.plan(phase, batch)); err != nil {
				return err
			}
		}
	}
	return nil
}

// plan is what a phase compiles.
func (c *Config) plan(p Phase, batch int) nn.PlanConfig {
	pc := nn.PlanConfig{Batch: batch}
	if p == Train {
		pc.Optimizer = c.Optimizer
	}
	return pc
}

func (c *Config) batchSizes(p Phase) []int {
	if p == Latency {
		return []int{1}
	}
	return c.BatchSizes
}

func (c *Config) progress(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(format, args...)
	}
}

// describe sets the fields of the backend and its measured roofline.
func (c *Config) describe(m *Machine, b nn.Backend) error {
	info := b.Info()
	m.Device, m.Threads, m.ISA, m.GPU = b.Name(), info.Threads, info.ISA, c.gpu(b)
	meter, ok := b.(nn.RooflineMeter)
	if !ok || m.GPU != nil && c.Roofline == nil {
		return nil
	}
	sizes := nn.RooflineSizes{}
	if c.Roofline != nil {
		sizes = *c.Roofline
	}
	c.progress("roofline of %s", m.Device)
	r, err := meter.Roofline(sizes)
	if err != nil {
		return err
	}
	if m.GPU == nil {
		m.PeakGFLOPS = r.ProductFLOPS / 1e9
		return nil
	}
	m.GPU.CopyGBPerSecond, m.GPU.ProductGFLOPS = r.CopyBytesPerSecond/1e9, r.ProductFLOPS/1e9
	return nil
}

func (c *Config) gpu(b nn.Backend) *GPU { return gpuOf(b, !c.Options.NoGraph && !c.Options.Check) }

// measure compiles a plan and times it.
func (c *Config) measure(ctx context.Context, b nn.Backend, g *nn.Graph, phase Phase, batch int,
	r *Report) (res Result, err error) {
	exec, err := b.Compile(g, c.plan(phase, batch))
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, exec.Close()) }()
	if err := nn.Initialize(exec, g, 1); err != nil {
		return Result{}, err
	}
	s, err := newStepper(exec, phase)
	if err != nil {
		return Result{}, err
	}
	s.behind = r.Machine.GPU != nil && phase != Latency
	if err := s.warmUp(ctx, c.Seconds/10); err != nil {
		return Result{}, err
	}
	seconds, err := s.runFor(ctx, c.Seconds, minWindows)
	if err != nil {
		return Result{}, err
	}
	res = newResult(phase, batch, seconds, s.window, r)
	if res.GPU, err = s.usage(ctx, res.MsPerStep/1e3); err != nil {
		return Result{}, err
	}
	if c.Layers {
		res.Layers, err = s.layers(ctx, c.Seconds, &r.Machine)
	}
	return res, err
}

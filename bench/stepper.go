package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"resnet/data"
	"resnet/nn"
)

// stepper takes steps as the training loop does, on random images that lie where a data set would: in the memory of a
// device that keeps sets there.
type stepper struct {
	exec   nn.Executor
	phase  Phase
	plan   *nn.Plan
	pixels []byte
	labels []int32
	step   int64

	async   nn.Async // nil: images are written for each step
	set     int
	samples []data.Sample
	params  []nn.StepParams // of the steps that are taken at once; nil: they are taken one by one

	answer []byte // the probabilities of a latency's image

	behind bool // steps are done later than Run returns
	most   int  // steps that take takes
	window int  // steps between two looks at the clock, each after the device is done; a multiple of most
}

// windowTime is what a window lasts at least on a device that is waited for: the wait, some tens of microseconds that
// training does not have, is then nothing.
const windowTime = 20 * time.Millisecond

func newStepper(exec nn.Executor, phase Phase) (*stepper, error) {
	plan := exec.Plan()
	g := plan.Graph
	s := &stepper{exec: exec, phase: phase, plan: plan, most: 1, window: 1}
	s.pixels = make([]byte, g.Elems(g.Images, plan.Batch))
	s.labels = make([]int32, plan.Batch)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range s.pixels {
		s.pixels[i] = byte(rng.Uint32())
	}
	for i := range s.labels {
		s.labels[i] = int32(rng.IntN(g.Classes))
	}
	if phase == Latency {
		s.answer = make([]byte, 4*g.Elems(g.Probabilities, plan.Batch))
		return s, nil
	}
	return s, s.upload()
}

// upload keeps the images on the device, where that can.
func (s *stepper) upload() error {
	async, ok := s.exec.(nn.Async)
	if !ok {
		return nil
	}
	set, err := async.Upload(s.pixels, s.labels)
	if errors.Is(err, nn.ErrOutOfMemory) {
		return nil
	}
	s.async, s.set = async, set
	if n := async.MaxSteps(); s.phase == Train && n > 0 {
		s.most, s.window, s.params = n, n, make([]nn.StepParams, n)
	}
	s.samples = make([]data.Sample, s.most*s.plan.Batch)
	for i := range s.samples {
		s.samples[i].Index = int32(i % s.plan.Batch)
	}
	return err
}

// learningRate is small: random images teach nothing, and weights that ran away could meet slow arithmetic.
const learningRate = 1e-5

// mode is how the phase runs the network.
func (s *stepper) mode() nn.Mode {
	if s.phase == Train {
		return nn.Train
	}
	return nn.Eval
}

// take takes as many steps as one call does.
func (s *stepper) take() error {
	switch {
	case s.phase == Latency:
		return s.ask()
	case s.params != nil:
		return s.takeSeveral()
	}
	if err := s.load(); err != nil {
		return err
	}
	if o := s.plan.Optimizer; o != nil {
		s.step++
		params := o.StepParams(s.step, learningRate)
		if err := s.exec.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(params[:])); err != nil {
			return err
		}
	}
	return s.exec.Run(s.mode(), s.plan.Batch)
}

// takeSeveral takes several training steps at once.
func (s *stepper) takeSeveral() error {
	for i := range s.params {
		s.step++
		s.params[i] = s.plan.Optimizer.StepParams(s.step, learningRate)
	}
	return s.async.RunSteps(s.set, s.samples, s.params)
}

// ask takes images from the host's memory to their probabilities there, which reading waits for.
func (s *stepper) ask() error {
	g := s.plan.Graph
	if err := s.exec.Write(nn.Ref{Value: g.Images}, s.pixels); err != nil {
		return err
	}
	if err := s.exec.Run(s.mode(), s.plan.Batch); err != nil {
		return err
	}
	return s.exec.Read(nn.Ref{Value: g.Probabilities}, s.answer)
}

func (s *stepper) load() error {
	if s.async != nil {
		return s.async.Assemble(s.set, s.samples)
	}
	g := s.plan.Graph
	if err := s.exec.Write(nn.Ref{Value: g.Images}, s.pixels); err != nil {
		return err
	}
	return s.exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(s.labels))
}

// warmUp takes steps for so many seconds and then finds how many fill a window.
func (s *stepper) warmUp(ctx context.Context, seconds float64) error {
	if _, err := s.runFor(ctx, seconds, 2); err != nil {
		return err
	}
	for s.behind {
		times, err := s.runFor(ctx, 0, 1)
		if err != nil || times[0]*float64(s.window) >= windowTime.Seconds() {
			return err
		}
		s.window *= 2
	}
	return nil
}

// runFor takes windows for so many seconds and at least n, and returns how long a step took in each.
func (s *stepper) runFor(ctx context.Context, seconds float64, n int) ([]float64, error) {
	var times []float64
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for t := time.Now(); len(times) < n || t.Before(end); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for range s.window / s.most {
			if err := s.take(); err != nil {
				return nil, err
			}
		}
		if s.phase != Latency { // whose steps have waited already
			if err := s.exec.Sync(); err != nil {
				return nil, err
			}
		}
		now := time.Now()
		times = append(times, now.Sub(t).Seconds()/float64(s.window))
		t = now
	}
	return slices.Clip(times), nil
}

// usageTime is what the steps that usage records take together.
const usageTime = 100 * time.Millisecond

// usage records more steps, of which one takes so many seconds; nil on a device without a clock of its own. But for a
// latency's own there is no wait between them.
func (s *stepper) usage(ctx context.Context, seconds float64) (*Usage, error) {
	device, ok := s.exec.(nn.Instrumented)
	if _, async := s.exec.(nn.Async); !ok || !async {
		return nil, nil
	}
	calls := max(2, int(usageTime.Seconds()/seconds)/s.most)
	steps := calls * s.most
	if err := device.StartTimeline(steps); err != nil {
		return nil, err
	}
	for range calls {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.take(); err != nil {
			return nil, err
		}
	}
	t, err := device.Timeline()
	if err != nil {
		return nil, err
	}
	n, err := device.KernelCount(s.mode(), s.plan.Batch)
	return &Usage{Kernels: n, DeviceMs: 1e3 * t.Busy / float64(steps), IdleShare: t.Idle(),
		Fused: device.Fused(s.mode())}, err
}

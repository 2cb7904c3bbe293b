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

// stepper takes steps as the training loop does, on random images that are kept where a data set would be: on a device
// that can hold resident sets, in its memory.
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
	params  []nn.StepParams // of the steps of one RunSteps; nil: steps are taken one by one

	answer []byte // probabilities, in the latency phase

	behind bool // Run returns before the step is done
	most   int  // steps of one call of take
	window int  // steps between two readings of the clock, each after a wait for the device; a multiple of most
}

// windowTime is the least duration of a window on a device that runs behind the host. The wait at its end, some tens of
// microseconds that training does not have, is negligible then.
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

// upload copies the images to a device that can keep them.
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

// learningRate is small, because training on random images may diverge, and NaN or denormal numbers may be slow.
const learningRate = 1e-5

// mode is the mode in which the phase runs the network.
func (s *stepper) mode() nn.Mode {
	if s.phase == Train {
		return nn.Train
	}
	return nn.Eval
}

// take takes one step, or as many as one call of RunSteps does.
func (s *stepper) take() error {
	switch {
	case s.phase == Latency:
		return s.classify()
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

// takeSeveral takes several training steps in one call.
func (s *stepper) takeSeveral() error {
	for i := range s.params {
		s.step++
		s.params[i] = s.plan.Optimizer.StepParams(s.step, learningRate)
	}
	return s.async.RunSteps(s.set, s.samples, s.params)
}

// classify copies images to the device, runs the network and reads the probabilities, which waits for them.
func (s *stepper) classify() error {
	g := s.plan.Graph
	if err := s.exec.Write(nn.Ref{Value: g.Images}, s.pixels); err != nil {
		return err
	}
	if err := s.exec.Run(s.mode(), s.plan.Batch); err != nil {
		return err
	}
	return s.exec.Read(nn.Ref{Value: g.Probabilities}, s.answer)
}

// load writes a batch.
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

// warmUp takes steps for the given number of seconds and then determines the size of a window.
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

// runFor runs windows of steps for the given number of seconds, at least n of them, and returns the time of a step in
// each.
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
		if s.phase != Latency { // its steps have waited already
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

// usageTime is the total duration of the steps that usage records.
const usageTime = 100 * time.Millisecond

// usage records a timeline of further steps, each of which takes about the given number of seconds. Except in the
// latency phase it does not wait between them. It is nil on a device that is not asynchronous.
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
		Fused: device.Fused(s.mode()), Variant: device.Variant(s.mode())}, err
}

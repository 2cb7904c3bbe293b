package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"resnet/nn"
)

// stepper takes steps as the training loop does, on random images that lie
// where a data set would: in the memory of a device that keeps sets there.
type stepper struct {
	exec   nn.Executor
	phase  Phase
	plan   *nn.Plan
	pixels []byte
	labels []int32
	step   int64

	gatherer nn.Gatherer // nil: images are written for each step
	held     int
	draws    []nn.Sample
	repeater nn.Repeater // nil: steps are taken one by one
	hypers   []nn.StepParams

	answer []byte // the probabilities of a latency's image

	async  bool // steps are done later than Run returns
	most   int  // steps that take takes
	window int  // steps between two looks at the clock, each after the device is done; a multiple of most
}

// windowTime is what a window lasts at least on a device that is waited for: the
// wait, some tens of microseconds that training does not have, is then nothing.
const windowTime = 20 * time.Millisecond

func newStepper(exec nn.Executor, plan *nn.Plan, phase Phase) (*stepper, error) {
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
	return s, s.hold()
}

// hold keeps the images on the device, where that can.
func (s *stepper) hold() error {
	holder, ok := s.exec.(nn.Gatherer)
	if !ok {
		return nil
	}
	held, err := holder.Upload(s.pixels, s.labels)
	if errors.Is(err, nn.ErrOutOfMemory) {
		return nil
	}
	s.gatherer, s.held = holder, held
	if r, ok := s.exec.(nn.Repeater); ok && s.phase == Train {
		s.repeater, s.most = r, max(1, r.MaxSteps())
		s.window, s.hypers = s.most, make([]nn.StepParams, s.most)
	}
	s.draws = make([]nn.Sample, s.most*s.plan.Batch)
	for i := range s.draws {
		s.draws[i].Index = int32(i % s.plan.Batch)
	}
	return err
}

// learningRate is small: random images teach nothing, and weights that ran
// away could meet slow arithmetic.
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
	case s.repeater != nil:
		return s.repeat()
	}
	if err := s.load(); err != nil {
		return err
	}
	if o := s.plan.Optimizer; o != nil {
		s.step++
		hyper := o.StepParams(s.step, learningRate)
		if err := s.exec.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(hyper[:])); err != nil {
			return err
		}
	}
	return s.exec.Run(s.mode(), s.plan.Batch)
}

// repeat takes several training steps at once.
func (s *stepper) repeat() error {
	for i := range s.hypers {
		s.step++
		s.hypers[i] = s.plan.Optimizer.StepParams(s.step, learningRate)
	}
	return s.repeater.RunSteps(s.held, s.draws, s.hypers)
}

// ask takes images from the host's memory to their probabilities there, which
// reading waits for.
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
	if s.gatherer != nil {
		return s.gatherer.Assemble(s.held, s.draws)
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
	for s.async {
		times, err := s.runFor(ctx, 0, 1)
		if err != nil || times[0]*float64(s.window) >= windowTime.Seconds() {
			return err
		}
		s.window *= 2
	}
	return nil
}

// runFor takes windows for so many seconds and at least n, and returns how long
// a step took in each.
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

// usageTime is what the steps that usage watches take together.
const usageTime = 100 * time.Millisecond

// usage watches more steps, of which one takes so many seconds; nil on a device
// that has no clock of its own. But for a latency's own there is no wait between them.
func (s *stepper) usage(ctx context.Context, seconds float64) (*Usage, error) {
	w, ok := s.exec.(nn.Watcher)
	l, launches := s.exec.(nn.Launcher)
	if !ok || !launches {
		return nil, nil
	}
	calls := max(2, int(usageTime.Seconds()/seconds)/s.most)
	steps := calls * s.most
	if err := w.StartTimeline(steps); err != nil {
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
	o, err := w.Timeline()
	if err != nil {
		return nil, err
	}
	n, err := l.KernelCount(s.mode(), s.plan.Batch)
	f, ok := s.exec.(nn.Fuser)
	fused := ok && f.Fused(s.mode())
	return &Usage{Launches: n, DeviceMs: 1e3 * o.Busy / float64(steps), IdleShare: o.Idle(), Fused: fused}, err
}

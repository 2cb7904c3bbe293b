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
	plan   *nn.Plan
	pixels []byte
	labels []int32
	step   int64

	gatherer nn.Gatherer // nil: images are written for each step
	held     int
	draws    []nn.Draw

	async  bool // steps are done later than Run returns
	window int  // steps between two looks at the clock, each after the device is done
}

// windowTime is what a window lasts at least on a device that is waited for: the
// wait, some tens of microseconds that training does not have, is then nothing.
const windowTime = 20 * time.Millisecond

func newStepper(exec nn.Executor, plan *nn.Plan) (*stepper, error) {
	g := plan.Graph
	s := &stepper{exec: exec, plan: plan, window: 1}
	s.pixels = make([]byte, g.Elems(g.Images, plan.Batch))
	s.labels = make([]int32, plan.Batch)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range s.pixels {
		s.pixels[i] = byte(rng.Uint32())
	}
	for i := range s.labels {
		s.labels[i] = int32(rng.IntN(g.Classes))
	}
	return s, s.hold()
}

// hold keeps the images on the device, where that can.
func (s *stepper) hold() error {
	holder, ok := s.exec.(nn.Gatherer)
	if !ok {
		return nil
	}
	held, err := holder.Hold(s.pixels, s.labels)
	if errors.Is(err, nn.ErrNoRoom) {
		return nil
	}
	s.gatherer, s.held, s.draws = holder, held, make([]nn.Draw, s.plan.Batch)
	for i := range s.draws {
		s.draws[i].Index = int32(i)
	}
	return err
}

// learningRate is small: random images teach nothing, and weights that ran
// away could meet slow arithmetic.
const learningRate = 1e-5

func (s *stepper) take() error {
	if err := s.load(); err != nil {
		return err
	}
	mode := nn.Eval
	if o := s.plan.Optimizer; o != nil {
		mode = nn.Train
		s.step++
		hyper := o.Hyper(s.step, learningRate)
		if err := s.exec.Write(nn.Ref{Value: nn.HyperValue}, nn.Bytes(hyper[:])); err != nil {
			return err
		}
	}
	return s.exec.Run(mode, s.plan.Batch)
}

func (s *stepper) load() error {
	if s.gatherer != nil {
		return s.gatherer.Gather(s.held, s.draws)
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
		for range s.window {
			if err := s.take(); err != nil {
				return nil, err
			}
		}
		if err := s.exec.Sync(); err != nil {
			return nil, err
		}
		now := time.Now()
		times = append(times, now.Sub(t).Seconds()/float64(s.window))
		t = now
	}
	return slices.Clip(times), nil
}

package bench

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"resnet/nn"
)

// slowGPU is an executor whose steps take a while after Run has returned, and
// for which waiting takes a while too. It counts what it is asked for.
type slowGPU struct {
	nn.Executor
	step, wait             time.Duration
	queued, gathers, syncs int
	room                   bool
}

func (e *slowGPU) Hold([]byte, []int32) (int, error) {
	if !e.room {
		return 0, nn.ErrNoRoom
	}
	return 7, nil
}

func (e *slowGPU) Gather(set int, draws []nn.Draw) error {
	if set == 7 && len(draws) == 6 && draws[5].Index == 5 {
		e.gathers++
	}
	return nil
}

func (e *slowGPU) Write(nn.Ref, []byte) error { return nil }

func (e *slowGPU) Run(nn.Mode, int) error {
	e.queued++
	return nil
}

func (e *slowGPU) Sync() error {
	time.Sleep(time.Duration(e.queued)*e.step + e.wait)
	e.queued = 0
	e.syncs++
	return nil
}

// On a device that runs behind the host the clock is read after windows of at
// least 20 ms, in which the wait for the device hardly counts.
func TestWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := small()
		g, err := nn.Build(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range []bool{true, false} {
			e := &slowGPU{step: 200 * time.Microsecond, wait: 50 * time.Microsecond, room: room}
			s, err := newStepper(e, &nn.Plan{Graph: g, Batch: 6, Optimizer: nn.NewAdam()})
			if err != nil {
				t.Fatal(err)
			}
			s.async = true
			if err := s.warmUp(context.Background(), 0.001); err != nil {
				t.Fatal(err)
			}
			if s.window != 128 { // 64 steps and a wait take 12.85 ms
				t.Errorf("windows of %d steps, want 128", s.window)
			}
			e.gathers, e.syncs, s.step = 0, 0, 0
			times, err := s.runFor(context.Background(), 1, minWindows)
			if err != nil {
				t.Fatal(err)
			}
			// 39 windows of 25.65 ms are the first to pass 1 s.
			if want := 0.0002 + 0.00005/128; len(times) != 39 || e.syncs != 39 || s.step != 39*128 || math.Abs(times[0]-want) > 1e-12 {
				t.Errorf("%d windows, %d waits, %d steps, %v s a step, want 39 of 128 steps of %v s", len(times), e.syncs, s.step, times[0], want)
			}
			if want := map[bool]int{true: 39 * 128, false: 0}[room]; e.gathers != want {
				t.Errorf("images gathered on the device for %d steps, want %d", e.gathers, want)
			}
		}
	})
}

package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/models"
)

// slowGPU is an executor whose steps take time after Run has returned and whose Sync takes time too. It counts calls.
type slowGPU struct {
	nn.Async
	plan                     *nn.Plan
	step, wait               time.Duration
	queued, assembled, syncs int
	room                     bool // Upload succeeds
}

func (e *slowGPU) Plan() *nn.Plan { return e.plan }
func (e *slowGPU) MaxSteps() int  { return 0 }

func (e *slowGPU) Upload([]byte, []int32) (int, error) {
	if !e.room {
		return 0, nn.ErrOutOfMemory
	}
	return 7, nil
}

func (e *slowGPU) Assemble(set int, samples []data.Sample) error {
	if set == 7 && len(samples) == 6 && samples[5].Index == 5 {
		e.assembled++
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

// TestWindows: on a device that runs behind the host the clock is read after windows of at least 20 ms, in which the
// wait for the device is negligible.
func TestWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := small()
		g, err := models.Build(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range []bool{true, false} {
			e := &slowGPU{step: 200 * time.Microsecond, wait: 50 * time.Microsecond, room: room}
			e.plan = &nn.Plan{Graph: g, Batch: 6, Optimizer: nn.NewAdam()}
			s, err := newStepper(e, Train)
			if err != nil {
				t.Fatal(err)
			}
			s.behind = true
			if err := s.warmUp(context.Background(), 0.001); err != nil {
				t.Fatal(err)
			}
			if s.window != 128 { // 64 steps and a wait take 12.85 ms
				t.Errorf("windows of %d steps, want 128", s.window)
			}
			e.assembled, e.syncs, s.step = 0, 0, 0
			times, err := s.runFor(context.Background(), 1, minWindows)
			if err != nil {
				t.Fatal(err)
			}
			// 39 windows of 25.65 ms are the fewest that exceed 1 s.
			if want := 0.0002 + 0.00005/128; len(times) != 39 || e.syncs != 39 || s.step != 39*128 ||
				math.Abs(times[0]-want) > 1e-12 {
				t.Errorf("%d windows, %d waits, %d steps, %v s a step, want 39 of 128 steps of %v s", len(times),
					e.syncs, s.step, times[0], want)
			}
			if want := map[bool]int{true: 39 * 128, false: 0}[room]; e.assembled != want {
				t.Errorf("batches assembled on the device for %d steps, want %d", e.assembled, want)
			}
		}
	})
}

// multiStepGPU is a slowGPU that takes four steps in one call.
type multiStepGPU struct {
	slowGPU
	rates []float32
}

func (e *multiStepGPU) MaxSteps() int { return 4 }

func (e *multiStepGPU) RunSteps(set int, samples []data.Sample, params []nn.StepParams) error {
	if set != 7 || len(samples) != 4*6 || samples[6].Index != 0 || samples[23].Index != 5 || len(params) != 4 {
		return fmt.Errorf("set %d, %d samples, %d scalars", set, len(samples), len(params))
	}
	for _, p := range params {
		e.rates = append(e.rates, p[0])
	}
	e.queued += 4
	return nil
}

// TestRunSteps: if a device takes several steps in one call, training does so, in windows of whole calls, each step
// with its own scalars; inference does not.
func TestRunSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, err := models.Build(small().Model)
		if err != nil {
			t.Fatal(err)
		}
		e := &multiStepGPU{slowGPU: slowGPU{step: 3 * time.Millisecond, room: true}}
		e.plan = &nn.Plan{Graph: g, Batch: 6, Optimizer: nn.NewAdam()}
		s, err := newStepper(e, Train)
		if err != nil {
			t.Fatal(err)
		}
		s.behind = true
		if err := s.warmUp(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
		e.rates = nil
		times, err := s.runFor(context.Background(), 0, 2)
		if err != nil || s.window != 8 || len(times) != 2 || math.Abs(times[0]-0.003) > 1e-12 || len(e.rates) != 16 ||
			e.assembled != 0 {
			t.Errorf("%v: windows of %d steps, times %v, %d scalars, want 2 windows of 8 steps of 3 ms", err, s.window,
				times, len(e.rates))
		}
		for i := range 15 { // Adam's first steps differ by their bias corrections
			if e.rates[i] == e.rates[i+1] {
				t.Errorf("steps %d and %d have the same scalars", i, i+1)
			}
		}
		e.plan = &nn.Plan{Graph: g, Batch: 6}
		if s, err = newStepper(e, Infer); err != nil || s.most != 1 || len(s.samples) != 6 {
			t.Errorf("%v: inference in calls of %d steps, want 1", err, s.most)
		}
	})
}

// recorder is an executor that records calls.
type recorder struct {
	nn.Executor
	plan  *nn.Plan
	calls []string
}

func (e *recorder) Plan() *nn.Plan { return e.plan }

func (e *recorder) Write(r nn.Ref, p []byte) error {
	e.calls = append(e.calls, fmt.Sprintf("write %d: %d bytes", r.Value, len(p)))
	return nil
}

func (e *recorder) Run(m nn.Mode, n int) error {
	e.calls = append(e.calls, fmt.Sprintf("run mode %d on %d", m, n))
	return nil
}

func (e *recorder) Read(r nn.Ref, p []byte) error {
	e.calls = append(e.calls, fmt.Sprintf("read %d: %d bytes", r.Value, len(p)))
	return nil
}

// TestLatency: a latency is measured from the image to its probabilities, without another wait.
func TestLatency(t *testing.T) {
	g, err := models.Build(small().Model)
	if err != nil {
		t.Fatal(err)
	}
	e := &recorder{}
	e.plan = &nn.Plan{Graph: g, Batch: 1}
	s, err := newStepper(e, Latency)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.runFor(context.Background(), 0, 1); err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprintf("write %d: 144 bytes", g.Images), fmt.Sprintf("run mode %d on 1", nn.Eval),
		fmt.Sprintf("read %d: 12 bytes", g.Probabilities),
	}
	if !slices.Equal(e.calls, want) {
		t.Errorf("calls %q, want %q", e.calls, want)
	}
}

package train

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

func schedule(name string, warmup int) Schedule {
	s := Defaults().Schedule
	s.Sched, s.Warmup, s.StepSize, s.Gamma = name, warmup, 2, 0.3
	if name == SchedCosine {
		s.MinLR = 0.002
	}
	return s
}

// TestSchedulesAreAsPyTorch compares with PyTorch's own rates. PyTorch multiplies from step to step, 42 times with an
// error of 2^-53 each; 1e-13 leaves some room.
func TestSchedulesAreAsPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		StepsPerEpoch int `json:"steps_per_epoch"`
		Epochs        int
		Base          float64
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &meta); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"step", "cosine", "onecycle", "step+2", "cosine+2"} {
		var want []float64
		if err := json.Unmarshal(all[key], &want); err != nil || len(want) != meta.StepsPerEpoch*meta.Epochs {
			t.Fatalf("%s: %d rates, %v", key, len(want), err)
		}
		name, warm := strings.CutSuffix(key, "+2")
		s := schedule(name, 0)
		if warm {
			s.Warmup = 2
		}
		for i, w := range want {
			if got := s.LR(meta.Base, int64(i), meta.StepsPerEpoch, meta.Epochs); math.Abs(got-w) > 1e-13*meta.Base {
				t.Errorf("%s, step %d: %.17g, want %.17g", key, i, got, w)
			}
		}
	}
}

func TestWarmup(t *testing.T) {
	constant, cycle := schedule(SchedConstant, 1), schedule(SchedOneCycle, 1)
	after := cycle.LR(1, 4, 4, 3)
	if want := 1.0 / 25; math.Abs(after-want) > 1e-15 { // one rounding
		t.Errorf("onecycle begins with %g after the warm-up, want %g", after, want)
	}
	for i := range 4 {
		want := float64(i+1) / 4
		if got := constant.LR(1, int64(i), 4, 3); got != want {
			t.Errorf("constant, step %d: %g, want %g", i, got, want)
		}
		if got := cycle.LR(1, int64(i), 4, 3); got != after*want {
			t.Errorf("onecycle, step %d: %g, want %g", i, got, after*want)
		}
	}
	if got := constant.LR(1, 4, 4, 3); got != 1 {
		t.Errorf("constant after the warm-up: %g, want 1", got)
	}
}

// TestScheduleExtremes: with any settings a rate is finite and not negative.
func TestScheduleExtremes(t *testing.T) {
	for _, name := range []string{SchedConstant, SchedStep, SchedCosine, SchedOneCycle} {
		for _, pct := range []float64{0, 0.01, 0.5, 1} {
			for _, n := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {3, 5}, {1000, 2}} {
				s := schedule(name, 0)
				s.PctStart = pct
				for step := range n[0] * n[1] {
					if got := s.LR(0.1, int64(step), n[0], n[1]); !(got >= 0 && got <= 0.1) {
						t.Errorf("%s, start %g, %d x %d, step %d: %g, want 0 to 0.1", name, pct, n[0], n[1], step, got)
					}
				}
			}
		}
	}
}

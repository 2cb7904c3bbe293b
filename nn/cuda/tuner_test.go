package cuda

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/nn"
)

// The first candidate wins unless another is faster by more than the error of a measurement. One that cannot run never
// wins.
func TestFastest(t *testing.T) {
	for _, c := range []struct {
		times []float64
		want  int
	}{
		{[]float64{5}, 0},
		{[]float64{100, 98}, 0},
		{[]float64{100, 96}, 1},
		{[]float64{100, 98, 96, 95.9}, 3},
		{[]float64{100, 96, 96.5}, 1},
		{[]float64{100, 0, 120}, 0},
		{[]float64{0, 120, 119}, 2},
		{[]float64{0, 0, 7}, 2},
	} {
		if got := fastest(c.times); got != c.want {
			t.Errorf("%v: %d is taken, want %d", c.times, got, c.want)
		}
	}
}

// chooser is a tuner that counts measurements, which give times, and keeps what is logged.
type chooser struct {
	*tuner
	t        *testing.T
	measured int
	times    []float64
	notes    []string
}

func newChooser(t *testing.T, c nn.TuneConfig) *chooser {
	x := &chooser{t: t}
	c.Log = func(format string, args ...any) { x.notes = append(x.notes, fmt.Sprintf(format, args...)) }
	x.tuner = newTuner(c, nn.TuningScope{Device: "a gpu"})
	return x
}

// takes checks which of names is chosen, and whether it was measured.
func (x *chooser) takes(want string, measured bool, key string, names ...string) {
	x.t.Helper()
	before := x.measured
	i, err := x.choose(key, names, func() ([]float64, error) {
		x.measured++
		return x.times, nil
	})
	if err != nil || names[i] != want || (x.measured > before) != measured {
		x.t.Errorf("%s: %s, measured %v (%v), want %s, %v", key, names[i], x.measured > before, err, want, measured)
	}
}

func TestChoose(t *testing.T) {
	dir := t.TempDir()
	on := newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	on.times = []float64{9, 3, 0}
	on.takes("b", true, "k", "a", "b", "c")
	on.takes("b", false, "k", "a", "b", "c")
	on.takes("x", false, "one way", "x")
	if i, err := on.choose("compiled", []string{"a", "b"}, nil); i != 0 || err != nil {
		t.Errorf("where nothing can be measured %d is taken (%v), want the first", i, err)
	}
	on.save()
	file := filepath.Join(dir, nn.TuningScope{Device: "a gpu"}.FileName())
	if on.report != (nn.TuneReport{Mode: nn.TuneOn, File: file, Choices: 2, Timed: 1, Now: 1}) ||
		on.report.String() != "on: 1 of 2 choices measured, 1 now" {
		t.Errorf("%+v, %v", on.report, on.report)
	}

	// Another process takes it from the file, unless there are candidates that it was not measured against.
	cached := newChooser(t, nn.TuneConfig{Mode: nn.TuneCached, Dir: dir})
	cached.takes("b", false, "k", "d", "b")
	cached.takes("a", false, "other", "a", "b")
	again := newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	again.takes("b", false, "k", "c", "b")
	again = newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	again.times = []float64{1, 2}
	again.takes("d", true, "k", "d", "b")
	again.takes("e", true, "gone", "e", "f")
	off := newChooser(t, nn.TuneConfig{Dir: dir})
	off.takes("a", false, "k", "a", "b")

	// The choices of a run that is resumed win over the file's.
	given := nn.TuneConfig{Mode: nn.TuneOn, Dir: dir, Given: on.used}
	resumed := newChooser(t, given)
	resumed.times = []float64{1, 2}
	resumed.takes("b", false, "k", "d", "b")
	resumed.takes("a", false, "compiled", "a", "b")
	if len(resumed.notes) != 0 {
		t.Errorf("notes %q", resumed.notes)
	}
	resumed = newChooser(t, given)
	resumed.times = []float64{1, 2}
	resumed.takes("y", true, "k", "y", "z")
	if len(resumed.notes) != 1 || !strings.Contains(resumed.notes[0], `k: the run took "b", which there is no more`) {
		t.Errorf("notes %q, want one that the choice is gone", resumed.notes)
	}
	given.Given = nn.NewTuning(nn.TuningScope{Device: "another"})
	if x := newChooser(t, given); len(x.notes) != 1 || !strings.Contains(x.notes[0], "tuning: of another ") {
		t.Errorf("notes %q, want one that names the other GPU", x.notes)
	}
	stop := errors.New("stop")
	fails := func() ([]float64, error) { return nil, stop }
	if _, err := on.choose("fails", []string{"a", "b"}, fails); !errors.Is(err, stop) {
		t.Errorf("error %v, want that of measuring", err)
	}
}

// A file that cannot be read or written is logged, and the choices are made.
func TestChooseWithoutFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, nn.TuningScope{Device: "a gpu"}.FileName())
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	x := newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	x.times = []float64{2, 1}
	x.takes("b", true, "k", "a", "b")
	if len(x.notes) != 1 || !strings.Contains(x.notes[0], "(damaged?); it begins anew") {
		t.Errorf("notes %q, want one that the file is damaged", x.notes)
	}
	x = newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: filepath.Join(file, "sub")})
	x.save()
	if len(x.notes) == 0 || !strings.Contains(x.notes[len(x.notes)-1], "nn: tuning: ") {
		t.Errorf("notes %q, want one that the file cannot be written", x.notes)
	}
	quiet := newTuner(nn.TuneConfig{Mode: nn.TuneOn}, nn.TuningScope{})
	quiet.save()
	if quiet.report.File != "" {
		t.Errorf("without a folder there is a file %s", quiet.report.File)
	}
}

package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/nn/models"
)

// spread is 20 times within 1 % of ms.
func spread(ms float64) []float64 {
	w := make([]float64, 20)
	for i := range w {
		w[i] = ms * (0.99 + 0.001*float64(i))
	}
	return w
}

// measured is a report of training at batch size 32 with steps of ms milliseconds.
func measured(ms float64) *Report {
	return &Report{
		Machine: Machine{CPU: "a cpu", Device: "cuda:0", GPU: &GPU{Name: "a gpu", Precision: "tf32", CUDNN: "9.1",
			Graph: true}},
		Model:   models.Config{Model: "fashion-resnet"},
		Results: []Result{{Phase: Train, BatchSize: 32, WindowsMs: spread(ms)}},
	}
}

func TestCompare(t *testing.T) {
	for ms, want := range map[float64]Verdict{0.5: Faster, 0.96: Faster, 0.995: Same, 1: Same, 1.008: Same,
		1.04: Slower, 2: Slower} {
		r := measured(ms)
		r.Compare(measured(1), "old.json")
		c := r.Comparison.Changes[0]
		if c.Verdict != want || !(c.Low <= c.Ratio && c.Ratio <= c.High) || c.Precision != "tf32" || c.Why != "" {
			t.Errorf("steps of %v ms, were 1: %+v, want %s", ms, c, want)
		}
		// 32 images in the median, 0.9995 ms.
		if ms == 0.5 && (c.Old < 31.9e3 || c.Old > 32.1e3 || c.New < 63.8e3 || c.New > 64.2e3 || !near(c.Ratio, 2)) {
			t.Errorf("%+v, want 32,000 and 64,000 img/s, a ratio of 2", c)
		}
	}
	// With a wide spread a difference is within noise that is not with a narrow one.
	r, old := measured(0.9), measured(1)
	for _, w := range [][]float64{r.Results[0].WindowsMs, old.Results[0].WindowsMs} {
		for i := range w {
			w[i] *= 0.7 + 0.03*float64(i)
		}
	}
	if r.Compare(old, "old.json"); r.Comparison.Changes[0].Verdict != Same {
		t.Errorf("%+v, want the same within noise", r.Comparison.Changes[0])
	}
}

// TestComparePools: the windows of all measurements of one kind are compared together.
func TestComparePools(t *testing.T) {
	r := measured(1)
	r.Results = append(r.Results, Result{Phase: Train, BatchSize: 32, WindowsMs: spread(3)})
	r.Compare(measured(1), "old.json")
	c := r.Comparison.Changes
	if len(c) != 1 || c[0].Verdict != Same || c[0].Low > 0.4 || c[0].High < 0.99 {
		t.Errorf("%+v, want one change with a ratio from a third to 1", c)
	}
}

func TestNotComparable(t *testing.T) {
	for want, change := range map[string]func(*Report){
		"gpu a gpu, was another": func(r *Report) { r.Machine.GPU.Name = "another" },
		"device cuda:0, was cpu": func(r *Report) { r.Machine.GPU, r.Machine.Device = nil, "cpu" },
		"model {Model:fashion-resnet": func(r *Report) {
			r.Model.Options = r.Model.Options.With("hidden", 7)
		},
		"the earlier report has no such measurement":  func(r *Report) { r.Machine.GPU.Precision = "bf16" },
		"the earlier report has no such measurement ": func(r *Report) { r.Results[0].BatchSize = 64 },
		"the earlier report has no such measurement.": func(r *Report) { r.Results[0].WindowsMs = nil },
	} {
		r, old := measured(1), measured(1)
		change(old)
		r.Compare(old, "old.json")
		if c := r.Comparison.Changes[0]; c.Verdict != NotComparable ||
			!strings.HasPrefix(c.Why, strings.TrimRight(want, " .")) {
			t.Errorf("%+v, want it not comparable: %s", c, want)
		}
	}
	onCPU := func(cpu string, threads int) *Report {
		r := measured(1)
		r.Machine = Machine{CPU: cpu, Threads: threads, Device: "cpu"}
		return r
	}
	r := onCPU("a cpu", 2)
	for want, old := range map[string]*Report{"cpu a cpu, was another": onCPU("another", 2),
		"threads 2, was 4": onCPU("a cpu", 4)} {
		if r.Compare(old, "old.json"); r.Comparison.Changes[0].Why != want {
			t.Errorf("%+v, want it not comparable: %s", r.Comparison.Changes[0], want)
		}
	}
}

func TestComparisonTable(t *testing.T) {
	r, old := measured(0.5), measured(1)
	old.Machine.GPU.CUDNN, old.Machine.CPU = "9.0", "an older cpu"
	r.Results = append(r.Results, Result{Phase: Latency, BatchSize: 1, WindowsMs: spread(1)})
	r.Compare(old, "old.json")
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(), `(?m)^compared with old\.json `,
		`(?m)^note: cpu a cpu, was an older cpu\nnote: cudnn 9\.1, was 9\.0$`,
		`(?m)^train +32 tf32 +320\d\d\.\d +640\d\d\.\d +2\.000 1\.982 to 2\.018  faster$`,
		`(?m)^latency +1 tf32 .*  not comparable: the earlier report has no such measurement$`)
}

func TestReadReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	var b strings.Builder
	if err := measured(0.125).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`"windows_ms": \[0\.12375,[-0-9.e,]+\]`).MatchString(b.String()) {
		t.Errorf("windows are not on one line:\n%s", b.String())
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(b.String())
	r, err := ReadReport(path)
	if err != nil || len(r.Results) != 1 || len(r.Results[0].WindowsMs) != 20 || r.Machine.GPU.Name != "a gpu" {
		t.Errorf("%+v, %v, want what was written", r, err)
	}
	for _, text := range []string{"no json", `{"results": []}`} {
		write(text)
		if _, err := ReadReport(path); err == nil ||
			!strings.Contains(err.Error(), "want a report of resnet bench --format json") {
			t.Errorf("%s: error %v, want one that says what it wants", text, err)
		}
	}
}

package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Comparison compares a report with an earlier one.
type Comparison struct {
	With    string   `json:"with"`    // file of the earlier report
	Differs []string `json:"differs"` // what else has changed: "cudnn 9.13.0, was 9.12.0"
	Changes []Change `json:"changes"`
}

// Verdict is the conclusion of a Change.
type Verdict string

// The verdicts.
const (
	Faster        Verdict = "faster"
	Slower        Verdict = "slower"
	Same          Verdict = "same within noise"
	NotComparable Verdict = "not comparable"
)

// Change is the change in speed of one phase at one batch size and precision: Ratio is the ratio of the medians, new to
// old, above 1 if the new one is faster. Low and High bound it by the noise within the two runs: they are the quotients
// of opposite ends of the 95 % intervals of the medians (see medianInterval), over the windows of all measurements of a
// kind.
type Change struct {
	Phase     Phase   `json:"phase"`
	BatchSize int     `json:"batch_size"`
	Precision string  `json:"precision"`
	Old       float64 `json:"old_images_per_second"`
	New       float64 `json:"new_images_per_second"`
	Ratio     float64 `json:"ratio"`
	Low       float64 `json:"ratio_low"`
	High      float64 `json:"ratio_high"`
	Verdict   Verdict `json:"verdict"`
	Why       string  `json:"why,omitempty"` // the reason if it is not comparable
}

// repeatable is the relative difference between the medians of two runs of one program that the noise within the runs
// does not show, because of different addresses or clocks.
const repeatable = 0.01

// maxReport is above the size of any report: a few MB with --layers.
const maxReport = 64 << 20

// ReadReport reads what WriteJSON wrote.
func ReadReport(path string) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if len(b) > maxReport {
		return nil, fmt.Errorf("bench: %s: more than %d bytes; want a report of resnet bench --format json", path,
			maxReport)
	}
	r := &Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("bench: %s: %w; want a report of resnet bench --format json", path, err)
	}
	if len(r.Results) == 0 || r.Machine.Device == "" {
		return nil, fmt.Errorf("bench: %s: no results of a device; want a report of resnet bench --format json", path)
	}
	return r, nil
}

// Compare sets Comparison, the comparison with an earlier report, which was read from a file.
func (r *Report) Compare(old *Report, file string) {
	c := &Comparison{With: file, Differs: r.Machine.differences(&old.Machine)}
	obstacle := r.obstacle(old)
	for _, k := range r.kinds() {
		c.Changes = append(c.Changes, r.change(old, k, obstacle))
	}
	r.Comparison = c
}

// kind identifies measurements that can be compared.
type kind struct {
	phase     Phase
	batch     int
	precision string
}

// kinds are the kinds of the results, each once, in order.
func (r *Report) kinds() []kind {
	var kinds []kind
	seen := map[kind]bool{}
	for _, s := range r.Results {
		k := kind{s.Phase, s.BatchSize, r.Machine.precision()}
		if !seen[k] {
			kinds = append(kinds, k)
		}
		seen[k] = true
	}
	return kinds
}

// windows are the windows of all measurements of a kind.
func (r *Report) windows(k kind) []float64 {
	var all []float64
	for _, s := range r.Results {
		if (kind{s.Phase, s.BatchSize, r.Machine.precision()}) == k {
			all = append(all, s.WindowsMs...)
		}
	}
	return all
}

func (r *Report) change(old *Report, k kind, obstacle error) Change {
	c := Change{Phase: k.phase, BatchSize: k.batch, Precision: k.precision}
	was, is := old.windows(k), r.windows(k)
	if len(was) == 0 && obstacle == nil {
		obstacle = errors.New("the earlier report has no such measurement")
	}
	if obstacle != nil {
		c.Verdict, c.Why = NotComparable, obstacle.Error()
		return c
	}
	wasLow, wasMedian, wasHigh := medianInterval(was)
	isLow, isMedian, isHigh := medianInterval(is)
	images := 1e3 * float64(k.batch)
	c.Old, c.New = images/wasMedian, images/isMedian
	c.Ratio, c.Low, c.High = wasMedian/isMedian, wasLow/isHigh, wasHigh/isLow
	switch {
	case c.Low > 1 && c.Ratio >= 1+repeatable:
		c.Verdict = Faster
	case c.High < 1 && c.Ratio <= 1-repeatable:
		c.Verdict = Slower
	default:
		c.Verdict = Same
	}
	return c
}

// obstacle is an error with the first difference that makes two reports incomparable, or nil.
func (r *Report) obstacle(old *Report) error {
	if r.Model != old.Model {
		return fmt.Errorf("model %+v, was %+v", r.Model, old.Model)
	}
	m, o := &r.Machine, &old.Machine
	switch {
	case (m.GPU == nil) != (o.GPU == nil):
		return fmt.Errorf("device %s, was %s", m.Device, o.Device)
	case m.GPU != nil && m.GPU.Name != o.GPU.Name:
		return fmt.Errorf("gpu %s, was %s", m.GPU.Name, o.GPU.Name)
	case m.GPU == nil && m.CPU != o.CPU:
		return fmt.Errorf("cpu %s, was %s", m.CPU, o.CPU)
	case m.GPU == nil && m.Threads != o.Threads:
		return fmt.Errorf("threads %d, was %d", m.Threads, o.Threads)
	}
	return nil
}

// differences are the differences that may explain a change: in all fields of a machine that are neither measured nor
// an obstacle.
func (m *Machine) differences(old *Machine) []string {
	fields := func(m *Machine) [][2]string {
		all := [][2]string{{"cpu", m.CPU}, {"isa", m.ISA}, {"go", m.Go}, {"version", m.Version}}
		if g := m.GPU; g != nil {
			all = append(all, [][2]string{
				{"driver", g.Driver}, {"cudnn", g.CUDNN}, {"cublas", g.CUBLAS},
				{"deterministic", fmt.Sprint(g.Deterministic)}, {"graph", fmt.Sprint(g.Graph)},
			}...)
		}
		return all
	}
	is, was := fields(m), fields(old)
	differ := []string{}
	for i := range min(len(is), len(was)) {
		if is[i][1] != was[i][1] {
			differ = append(differ, fmt.Sprintf("%s %s, was %s", is[i][0], is[i][1], was[i][1]))
		}
	}
	return differ
}

func (c *Comparison) write(b *strings.Builder) {
	fmt.Fprintf(b, "\ncompared with %s (ratio of median speeds; range from 95%% intervals of the medians)\n", c.With)
	for _, d := range c.Differs {
		fmt.Fprintf(b, "note: %s\n", d)
	}
	fmt.Fprintf(b, "%-7s %6s %-9s %11s %11s %6s %14s  %s\n", "phase", "batch", "precision", "old img/s", "new img/s",
		"ratio", "range", "verdict")
	for _, x := range c.Changes {
		if x.Verdict == NotComparable {
			fmt.Fprintf(b, "%-7s %6d %-9s %11s %11s %6s %14s  %s: %s\n", x.Phase, x.BatchSize, x.Precision, "-", "-",
				"-", "-", x.Verdict, x.Why)
			continue
		}
		fmt.Fprintf(b, "%-7s %6d %-9s %11.1f %11.1f %6.3f %14s  %s\n", x.Phase, x.BatchSize, x.Precision, x.Old, x.New,
			x.Ratio, fmt.Sprintf("%.3f to %.3f", x.Low, x.High), x.Verdict)
	}
}

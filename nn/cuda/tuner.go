package cuda

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"resnet/nn"
)

// tuner makes the choices of a backend. The same key gets the same choice as long as the backend is open.
type tuner struct {
	config   nn.TuneConfig
	given    map[string]nn.Choice // of the run that is resumed
	file     *nn.Tuning           // the cache on disk, with what was measured since
	measured bool                 // file has choices that are not on disk
	used     *nn.Tuning           // the choices made so far
	report   nn.TuneReport
	refusals
}

// newTuner reads the cache. One that is damaged or of another scope is logged, and not used.
func newTuner(c nn.TuneConfig, scope nn.TuningScope) *tuner {
	t := &tuner{config: c, file: nn.NewTuning(scope), used: nn.NewTuning(scope),
		report: nn.TuneReport{Mode: c.Mode}, refusals: newRefusals()}
	if c.Given != nil {
		if err := c.Given.Fits(scope); err != nil {
			t.log("note: %v; the run chooses anew", err)
		} else {
			t.given = c.Given.Choices
		}
	}
	if c.Dir == "" || c.Mode == nn.TuneOff {
		return t
	}
	t.report.File = filepath.Join(c.Dir, scope.FileName())
	old, err := nn.ReadTuning(t.report.File)
	if err == nil {
		err = old.Fits(scope)
	}
	switch {
	case err == nil:
		t.file = old
	case !errors.Is(err, fs.ErrNotExist):
		t.log("note: %v; it begins anew", err)
	}
	t.report.Cached = len(t.file.Choices)
	return t
}

func (t *tuner) log(format string, args ...any) {
	if t.config.Log != nil {
		t.config.Log(format, args...)
	}
}

// choose returns the index in names of the candidate that pick takes for key, and records the choice.
func (t *tuner) choose(key string, names []string, measure func() ([]float64, error)) (int, error) {
	i, c, err := t.pick(key, names, measure)
	if err == nil {
		t.use(key, c)
	}
	return i, err
}

// pick returns the index in names of the candidate to use for key, and the choice to record. A known choice that is
// among the names is taken: that of this process, then the given one, then the file's. Otherwise the candidates are
// measured. Without measure, or in a mode that does not measure, the first is taken, which is that of the heuristics. A
// key names all that the speed depends on. A single name is no choice, and the one returned is empty.
//
// The function measure returns a time in microseconds for each name, 0 for one that cannot run, and an error where none
// can.
func (t *tuner) pick(key string, names []string, measure func() ([]float64, error)) (int, nn.Choice, error) {
	if len(names) == 1 {
		return 0, nn.Choice{}, nil
	}
	for _, known := range []map[string]nn.Choice{t.used.Choices, t.given} {
		if i := slices.Index(names, known[key].Choice); i >= 0 {
			return i, known[key], nil
		}
	}
	if c, ok := t.given[key]; ok {
		t.log("note: %s: the run took %q, which there is no more: it chooses anew", key, c.Choice)
	}
	measuring := t.config.Mode == nn.TuneOn && measure != nil
	c := t.file.Choices[key]
	if i := slices.Index(names, c.Choice); i >= 0 && (!measuring || comparedAll(c, names)) {
		return i, c, nil
	}
	if !measuring {
		return 0, nn.Choice{Choice: names[0]}, nil
	}
	times, err := measure()
	if err != nil {
		return 0, nn.Choice{}, err
	}
	best := fastest(times)
	c = nn.Choice{Choice: names[best], Microseconds: times[best], Candidates: map[string]float64{}}
	if best != 0 {
		c.Default = names[0]
	}
	for i, us := range times {
		if i != best {
			c.Candidates[names[i]] = us
		}
	}
	if refused := t.refusedFor(key); len(refused) > 0 {
		c.Refused = maps.Clone(refused)
	}
	t.keep(key, c)
	t.report.Now++
	return best, c, nil
}

// keep has a choice saved for later runs.
func (t *tuner) keep(key string, c nn.Choice) {
	t.file.Choices[key] = c
	t.measured = true
}

// comparedAll says whether the choice was measured against all of names.
func comparedAll(c nn.Choice, names []string) bool {
	for _, name := range names {
		if _, ok := c.Candidates[name]; !ok && name != c.Choice {
			return false
		}
	}
	return true
}

// use records a choice. The first choice for a key stays, because a smaller last batch may have fewer candidates.
func (t *tuner) use(key string, c nn.Choice) {
	if _, ok := t.used.Choices[key]; ok || c.Choice == "" {
		return
	}
	if refused := t.refusedFor(key); len(refused) > 0 {
		c.Refused = maps.Clone(refused)
		t.note(key, c)
	}
	t.used.Choices[key] = c
	t.report.Choices++
	if c.Microseconds > 0 {
		t.report.Timed++
	}
}

// minSpeedup is the share of time that a candidate must save over the first, the choice of the heuristics. Two
// measurements of the same work differ by less.
const minSpeedup = 0.03

// fastest returns the index of the least time, or 0 where that saves less than minSpeedup over the first.
func fastest(times []float64) int {
	best := 0
	for i, us := range times {
		limit := times[best]
		if best == 0 {
			limit *= 1 - minSpeedup
		}
		if us > 0 && (us < limit || times[best] == 0) {
			best = i
		}
	}
	return best
}

// save writes what was measured to the file. A failure is only logged: the next run measures again.
func (t *tuner) save() {
	t.measured = false
	if t.report.File == "" {
		return
	}
	if err := t.file.Save(t.report.File); err != nil {
		t.log("note: %v", err)
	}
}

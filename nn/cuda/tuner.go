package cuda

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"resnet/nn"
)

// tuner makes the choices of a backend. The same key gives the same choice for
// as long as it lives.
type tuner struct {
	config     nn.TuneConfig
	given      map[string]nn.Choice
	file, used *nn.Tuning
	report     nn.TuneReport
}

// newTuner reads the cache. What is wrong with that is told, and all is
// measured anew.
func newTuner(c nn.TuneConfig, scope nn.TuningScope) *tuner {
	t := &tuner{config: c, file: nn.NewTuning(scope), used: nn.NewTuning(scope), report: nn.TuneReport{Mode: c.Mode}}
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

// choose gives the place in names of what is taken for a key. Known choices go
// first, where they are among the names: this process', those given, the
// file's. Then measure decides; without it, or where the mode does not want it,
// the first name is taken, the heuristics'. Measure returns a time in
// microseconds for each name, 0 for one that cannot be run, and an error where
// none can. A key says all that the speed depends on, and the names are all
// ways that there are.
func (t *tuner) choose(key string, names []string, measure func() ([]float64, error)) (int, error) {
	if len(names) == 1 {
		return 0, nil
	}
	for _, known := range []map[string]nn.Choice{t.used.Choices, t.given} {
		if i := slices.Index(names, known[key].Choice); i >= 0 {
			return t.use(key, known[key], i)
		}
	}
	if c, ok := t.given[key]; ok {
		t.log("note: %s: the run took %q, which there is no more: it chooses anew", key, c.Choice)
	}
	measuring := t.config.Mode == nn.TuneOn && measure != nil
	c := t.file.Choices[key]
	if i := slices.Index(names, c.Choice); i >= 0 && (!measuring || comparedAll(c, names)) {
		return t.use(key, c, i)
	}
	if !measuring {
		return t.use(key, nn.Choice{Choice: names[0]}, 0)
	}
	times, err := measure()
	if err != nil {
		return 0, err
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
	t.file.Choices[key] = c
	t.report.Now++
	return t.use(key, c, best)
}

// compared says whether the choice was made among all of names.
func comparedAll(c nn.Choice, names []string) bool {
	for _, name := range names {
		if _, ok := c.Candidates[name]; !ok && name != c.Choice {
			return false
		}
	}
	return true
}

// use takes the i-th way. What a key was used for first is kept: for a last
// batch of fewer images there may be fewer ways.
func (t *tuner) use(key string, c nn.Choice, i int) (int, error) {
	if _, ok := t.used.Choices[key]; ok {
		return i, nil
	}
	t.used.Choices[key] = c
	t.report.Choices++
	if c.Microseconds > 0 {
		t.report.Timed++
	}
	return i, nil
}

// advantage is by how much another way must beat the first, the heuristics':
// less is what two measurements of the same differ by.
const minSpeedup = 0.03

// fastest is the place of the least time, or 0 where that is hardly less than
// the first.
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

// keep writes what was measured to the file. Not being able to is no reason to
// stop: it is measured again the next time.
func (t *tuner) save() {
	if t.report.File == "" {
		return
	}
	if err := t.file.Save(t.report.File); err != nil {
		t.log("note: %v", err)
	}
}

//go:build !nocuda

package cuda_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
)

// openTuned opens a GPU at TF32, where cuDNN's algorithms differ in their bits.
func openTuned(t *testing.T, c nn.TuneConfig) nn.Backend {
	t.Helper()
	c.Log = t.Errorf
	return openCUDA(cuda.Config{Precision: nn.TF32, Deterministic: true, Tune: c})(t)
}

func tuneReport(t *testing.T, b nn.Backend) nn.TuneReport {
	t.Helper()
	return b.Info().GPU.Tuning
}

// Compile measures what is not cached, leaves memory as if it had not, and does not measure the same again.
func TestCUDATuneMeasures(t *testing.T) {
	gputest.NeedTime(t, "the first algorithms are used")
	dir := t.TempDir()
	b := openTuned(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	g, e := narrowNetwork(t, b, 4)
	for _, v := range g.Parameters() {
		for _, role := range []nn.Role{nn.Grad, nn.Momentum} {
			if !g.Param(v).Trainable {
				continue
			}
			got := make([]float32, g.Elems(v, 1))
			if err := e.Read(nn.Ref{Value: v, Role: role}, nn.Bytes(got)); err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(got, func(x float32) bool { return x != 0 }); i >= 0 {
				t.Errorf("role %d of %s: element %d is %g, want 0", role, g.ValueName(v), i, got[i])
			}
		}
	}
	r := tuneReport(t, b)
	if r.Now == 0 || r.Now != r.Timed || r.Timed != r.Choices || r.Cached != 0 {
		t.Errorf("%+v, want every choice measured now", r)
	}
	if _, err := os.Stat(r.File); err != nil || filepath.Dir(r.File) != dir {
		t.Errorf("cache %s: %v, want a file in %s", r.File, err, dir)
	}
	for key, c := range b.Info().GPU.Choices.Choices {
		if c.Microseconds <= 0 || len(c.Candidates) == 0 {
			t.Errorf("%s: %+v, want times of it and of other candidates", key, c)
		}
	}
	for _, mode := range []nn.TuneMode{nn.TuneOn, nn.TuneCached} {
		again := openTuned(t, nn.TuneConfig{Mode: mode, Dir: dir})
		narrowNetwork(t, again, 4)
		if a := tuneReport(t, again); a.Now != 0 || a.Choices != r.Choices || a.Timed != r.Timed || a.Cached != r.Now {
			t.Errorf("%v, with the cache: %+v, want %d choices, all from the cache", mode, a, r.Choices)
		}
	}
	off := openTuned(t, nn.TuneConfig{Dir: dir})
	narrowNetwork(t, off, 4)
	if a := tuneReport(t, off); a.Timed != 0 || a.Choices != r.Choices {
		t.Errorf("off: %+v, want %d choices, none measured", a, r.Choices)
	}
}

// twoSteps takes two training steps, the second on fewer images, and returns the gradients after each.
func twoSteps(t *testing.T, b nn.Backend) []float32 {
	t.Helper()
	const batch = 4
	g, e := narrowNetwork(t, b, batch)
	rng := rand.New(rand.NewPCG(1, 2))
	images := make([]byte, g.Elems(g.Images, batch))
	for i := range images {
		images[i] = byte(rng.IntN(256))
	}
	var all []float32
	for _, n := range []int{batch, batch - 1} {
		for r, p := range map[nn.Ref][]byte{
			{Value: g.Images}:           images[:n*len(images)/batch],
			{Value: g.Labels}:           nn.Bytes([]int32{3, 1, 4, 1}[:n]),
			{Value: nn.StepParamsValue}: nn.Bytes(make([]float32, nn.StepParamsLen)),
		} {
			if err := e.Write(r, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Run(nn.Train, n); err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Parameters() {
			if !g.Param(v).Trainable {
				continue
			}
			dw := make([]float32, g.Elems(v, 1))
			if err := e.Read(nn.Ref{Value: v, Role: nn.Grad}, nn.Bytes(dw)); err != nil {
				t.Fatal(err)
			}
			all = append(all, dw...)
		}
	}
	return all
}

// withChoices returns measured with other choices: of each list of candidates the first by name, or the last.
func withChoices(measured *nn.Tuning, last bool) *nn.Tuning {
	p := *measured
	p.Choices = map[string]nn.Choice{}
	for key, c := range measured.Choices {
		names := append(slices.Collect(maps.Keys(c.Candidates)), c.Choice)
		slices.Sort(names)
		at := 0
		if last {
			at = len(names) - 1
		}
		made := nn.Choice{Choice: names[at], Microseconds: 1, Candidates: map[string]float64{}}
		for _, name := range names {
			if name != made.Choice {
				made.Candidates[name] = 2
			}
		}
		p.Choices[key] = made
	}
	return &p
}

// The choices of the file are followed, for fewer images than the batch as well. Given choices win over the file's.
func TestCUDATuneFileDecides(t *testing.T) {
	gputest.NeedTime(t, "the first algorithms are used")
	dir := t.TempDir()
	b := openTuned(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	twoSteps(t, b)
	file := tuneReport(t, b).File
	save := func(p *nn.Tuning) {
		t.Helper()
		if err := p.Save(file); err != nil {
			t.Fatal(err)
		}
	}
	first, last := withChoices(b.Info().GPU.Choices, false), withChoices(b.Info().GPU.Choices, true)
	save(first)
	one := twoSteps(t, openTuned(t, nn.TuneConfig{Mode: nn.TuneCached, Dir: dir}))
	again := openTuned(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})
	if !slices.Equal(twoSteps(t, again), one) || tuneReport(t, again).Now != 0 {
		t.Error("the same file gives other bits, or was measured anew")
	}
	save(last)
	if slices.Equal(twoSteps(t, openTuned(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir})), one) {
		t.Error("other choices give the same bits: they were not taken")
	}
	for _, mode := range []nn.TuneMode{nn.TuneOff, nn.TuneCached, nn.TuneOn} {
		given := openTuned(t, nn.TuneConfig{Mode: mode, Dir: dir, Given: first})
		if !slices.Equal(twoSteps(t, given), one) {
			t.Errorf("%v: choices that are given were not taken", mode)
		}
		same := func(a, b nn.Choice) bool { return a.Choice == b.Choice }
		if used := given.Info().GPU.Choices.Choices; !maps.EqualFunc(used, first.Choices, same) {
			t.Errorf("%v: used %v, want %v", mode, used, first.Choices)
		}
	}
}

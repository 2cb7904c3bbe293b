//go:build !nocuda

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
)

// onTuned is a GPU on which cuDNN's algorithms differ in their bits.
var onTuned = []string{"--device", "cuda:0", "--deterministic", "--precision", "tf32"}

// cachedTuning is the only file of measurements under the cache folder.
func cachedTuning(t *testing.T, cache string) (path string, tuning *nn.Tuning) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cache, "resnet", "tuning", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files of measurements %v (%v), want one", files, err)
	}
	if tuning, err = nn.ReadTuning(files[0]); err != nil {
		t.Fatal(err)
	}
	return files[0], tuning
}

// unlike makes choices that are none of those given, where there are others.
func unlike(measured *nn.Tuning, than map[string]nn.Choice) *nn.Tuning {
	other := *measured
	other.Choices = map[string]nn.Choice{}
	for key, c := range measured.Choices {
		names := append(slices.Sorted(maps.Keys(c.Candidates)), c.Choice)
		names = slices.DeleteFunc(names, func(name string) bool { return name == than[key].Choice })
		candidates := map[string]float64{than[key].Choice: 2}
		for _, name := range names[1:] {
			candidates[name] = 2
		}
		other.Choices[key] = nn.Choice{Choice: names[0], Microseconds: 1, Candidates: candidates}
	}
	return &other
}

// A run takes the choices in the cache, which are not the heuristics', keeps them, and resumes with them whatever the
// cache and --tune say by then: it ends in the bits of a run that never stopped.
func TestResumeTuned(t *testing.T) {
	requireGPU(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	dir := writeBars(t, 24)
	run := func(epochs, tune string, more ...string) (run string) {
		run = filepath.Join(t.TempDir(), "run")
		succeed(t, append(append(tiny(dir, "--epochs", epochs, "--tune", tune, "--output", run), onTuned...),
			more...)...)
		return run
	}
	chosen := func(run string) map[string]nn.Choice {
		tuning, err := nn.ReadTuning(filepath.Join(run, "tuning.json"))
		if err != nil {
			t.Fatal(err)
		}
		return tuning.Choices
	}
	heuristic := run("2", "off")
	run("1", "on")
	file, measured := cachedTuning(t, cache)
	preset := unlike(measured, chosen(heuristic))
	if err := preset.Save(file); err != nil {
		t.Fatal(err)
	}
	whole := run("2", "cached")
	taken := 0
	for key, c := range chosen(whole) {
		want, measured := preset.Choices[key]
		if measured { // the file has no options of the steps that are chosen in it: others were faster
			taken++
		}
		if measured && c.Choice != want.Choice || !measured && !strings.HasPrefix(key, "option.") {
			t.Errorf("%s: the run took %s, the file says %s", key, c.Choice, want.Choice)
		}
	}
	if taken < 20 {
		t.Errorf("%d choices are the file's, want more", taken)
	}
	if weightsDistance(t, heuristic, whole) == 0 {
		t.Error("other choices end in the same weights: they were not taken")
	}
	for _, tune := range []string{"on", "off"} {
		half := run("1", "on")
		if err := unlike(measured, preset.Choices).Save(file); err != nil {
			t.Fatal(err)
		}
		succeed(t, "train", "--resume", half, "--quiet", "--epochs", "2", "--tune", tune)
		if weightsDistance(t, half, whole) != 0 {
			t.Errorf("resumed with --tune %s it ends with other weights than a run that never stopped", tune)
		}
		if err := preset.Save(file); err != nil {
			t.Fatal(err)
		}
	}
	// A run of a time without such a file chose by heuristics.
	old := run("1", "off")
	if err := os.Remove(filepath.Join(old, "tuning.json")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--resume", old, "--quiet", "--epochs", "2", "--tune", "on")
	if weightsDistance(t, old, heuristic) != 0 {
		t.Error("a run without tuning.json did not resume with heuristics")
	}
}

// What was measured is said, and by whom it is used. An algorithm that fails while it is timed is out, and a cache that
// is damaged is one line.
func TestTuneIsTold(t *testing.T) {
	gputest.NeedEmulation(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	tuning := func(args ...string) string {
		t.Helper()
		var r struct {
			Machine struct{ GPU struct{ Tuning string } }
		}
		args = append([]string{"bench", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16",
			"-b", "2", "--no-roofline", "--fuse", "off", "--format", "json"}, args...)
		decode(t, succeed(t, append(args, onTuned...)...), &r)
		return r.Machine.GPU.Tuning
	}
	if r, states := doctor(t, 0, "--device", "cuda"); states["tuning"] != "missing" ||
		!strings.Contains(r.text("tuning"), "nothing measured") {
		t.Errorf("tuning is %q, %s, want nothing measured", states["tuning"], r.text("tuning"))
	}
	failsOnGPU(t, map[string]string{"RESNET_EMU_FAIL": "cudnnConvolutionForward:2000", tuneVariable: "on"}, 1,
		`stem: conv\.forward n=2 c=1 .*: algorithm \d, .*CUDNN_STATUS_BAD_PARAM`,
		append([]string{"bench", "--quiet", "--seconds", "0", "-b", "2", "--phase", "infer", "--no-roofline"},
			onTuned...)...)
	t.Setenv("RESNET_EMU_FAIL", "cudnnConvolutionForward:3000@1")
	first := tuning("--tune", "on", "--phase", "train")
	t.Setenv("RESNET_EMU_FAIL", "")
	file, measured := cachedTuning(t, cache)
	n := len(measured.Choices)
	if want := fmt.Sprintf("on: %d of %d choices measured, %d now", n, n, n); first != want {
		t.Errorf("tuning %q, want %q", first, want)
	}
	// A run that measures nothing makes the choices of the steps that it takes alone.
	for mode, options := range map[string][]string{
		"on": {"--tune", "on"}, "cached": {"--tune", "cached"}, "off": nil,
	} {
		got := tuning(append(options, "--phase", "train")...)
		var timed, all int
		_, err := fmt.Sscanf(got, mode+": %d of %d choices measured", &timed, &all)
		if err != nil || strings.Contains(got, "now") || all < 20 || all > n || timed != all && mode != "off" ||
			timed != 0 && mode == "off" {
			t.Errorf("tuning %q, want it to say %s, and at most %d choices", got, mode, n)
		}
	}
	failed := slices.ContainsFunc(slices.Collect(maps.Values(measured.Choices)), func(c nn.Choice) bool {
		return slices.Contains(slices.Collect(maps.Values(c.Candidates)), 0)
	})
	if !failed {
		t.Errorf("no algorithm is out in %+v", measured.Choices)
	}
	if r, states := doctor(t, 0, "--device", "cuda"); states["tuning"] != "ok" ||
		!strings.Contains(r.text("tuning"), fmt.Sprintf("%d choices", n)) {
		t.Errorf("tuning is %q, %s, want %d choices", states["tuning"], r.text("tuning"), n)
	}
	write(t, file, []byte("{"))
	_, stderr, code := resnet(t, append(tiny(writeBars(t, 24), "--quiet=false", "--epochs", "1", "--tune", "cached",
		"--output", filepath.Join(t.TempDir(), "run")), onTuned...)...)
	if line, _, _ := strings.Cut(stderr, "\n"); code != 0 || !strings.HasPrefix(line, "note: nn: tuning: "+file) ||
		!strings.Contains(line, "damaged") {
		t.Errorf("exit status %d, first line %q, want 0 and that %s is damaged", code, line, file)
	}
}

package tensorboard

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/safetensors"
	"resnet/nn/train"
)

// startOf returns the start of a run of 4 steps per epoch that has done some steps.
func startOf(t testing.TB, dir string, done int) *train.StartInfo {
	cfg := train.Defaults()
	return &train.StartInfo{
		Dir: dir, Config: &cfg, Graph: residual(t), Dataset: "noise", Backend: "cpu", TrainImages: 30,
		Steps: 4, Resumed: done > 0, Epoch: done / 4, Step: done % 4,
	}
}

// stepOf returns step n of such a run; all metrics are x.
func stepOf(n int, x float64) *train.StepInfo {
	return &train.StepInfo{
		Step: (n-1)%4 + 1, Steps: 4, GlobalStep: int64(n), LR: 0.5,
		Train: infer.Score{Loss: x, Accuracy: x}, ImagesPerSecond: x,
	}
}

func epochOf(n int, val *infer.Score) *train.EpochInfo {
	return &train.EpochInfo{Row: train.Row{
		Epoch: n, Step: int64(4 * n), LR: 0.5, Train: infer.Score{Loss: 7, Accuracy: 7}, Val: val, ImagesPerSecond: 7,
	}}
}

// waiting collects the functions that hooks pass to Later.
type waiting []func([]safetensors.Tensor) error

func (w *waiting) later(f func([]safetensors.Tensor) error) { *w = append(*w, f) }

// run calls them with weights of zero.
func (w *waiting) run(t testing.TB) (err error) {
	g := residual(t)
	var zeros []safetensors.Tensor
	for _, v := range g.Parameters() {
		zeros = append(zeros, safetensors.Tensor{Name: g.ValueName(v), Data: make([]byte, 4*g.Type(v).Shape.Elems())})
	}
	for _, f := range *w {
		err = errors.Join(err, f(zeros))
	}
	*w = nil
	return err
}

// files returns the paths of the event files in dir, sorted.
func files(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, filePrefix+"*"))
	must(t, err)
	return paths
}

// lines lists the last file in dir and returns the lines that contain one of the words, text values aside, without
// their times.
func lines(t testing.TB, dir string, words ...string) (found []string) {
	t.Helper()
	all := files(t, dir)
	for line := range strings.Lines(listing(t, all[len(all)-1])) {
		head, _, _ := strings.Cut(line, `"`)
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(head, w) }) {
			_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			found = append(found, rest)
		}
	}
	return found
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// New metrics are recorded at step 1 and next at least 3 steps later. Step 4 ends its epoch, whose results are recorded
// instead, so it is step 5; steps 8 and 9 have no new metrics, so it is step 10.
func TestStepsRecorded(t *testing.T) {
	dir := t.TempDir()
	h := Hooks("", Options{Every: 3})
	must(t, h.Start(startOf(t, dir, 0)))
	for n, x := range []float64{1, 2, 3, 4, 5, 5, 5, 5, 5, 10, 11} {
		must(t, h.Step(stepOf(n+1, x)))
	}
	if got := lines(t, dir, lossTrain); got != nil {
		t.Errorf("before a checkpoint the file has %q, want nothing: a step writes no file", got)
	}
	must(t, h.Checkpoint(&train.CheckpointInfo{}))
	equal(t, lines(t, dir, lossTrain, accuracyTrain, learningRate, speed),
		"1 loss/train (scalars, class 1) scalar 1", "1 accuracy/train (scalars, class 1) scalar 1",
		"1 lr (scalars, class 1) scalar 0.5", "1 images_per_second (scalars, class 1) scalar 1",
		"5 loss/train scalar 5", "5 accuracy/train scalar 5", "5 lr scalar 0.5", "5 images_per_second scalar 5",
		"10 loss/train scalar 10", "10 accuracy/train scalar 10", "10 lr scalar 0.5", "10 images_per_second scalar 10",
	)
}

func TestDefaultEvery(t *testing.T) {
	dir := t.TempDir()
	h := Hooks("", Options{})
	must(t, h.Start(startOf(t, dir, 0)))
	for n := 1; n < 210; n++ {
		must(t, h.Step(stepOf(n, float64(n))))
	}
	must(t, h.Checkpoint(&train.CheckpointInfo{}))
	equal(t, lines(t, dir, learningRate), "1 lr (scalars, class 1) scalar 0.5", "101 lr scalar 0.5",
		"201 lr scalar 0.5")
}

func TestStepsBetweenAllocateNothing(t *testing.T) {
	h := Hooks("", Options{Every: 1 << 40})
	must(t, h.Start(startOf(t, t.TempDir(), 0)))
	must(t, h.Step(stepOf(1, 1)))
	s := stepOf(2, 0)
	if n := testing.AllocsPerRun(100, func() {
		s.Train.Loss++
		must(t, h.Step(s))
	}); n != 0 {
		t.Errorf("a step between two records makes %v allocations, want none", n)
	}
}

func TestEpochRecorded(t *testing.T) {
	dir := t.TempDir()
	g := residual(t)
	read := func(v nn.Value) ([]float32, error) { return make([]float32, g.Type(v).Shape.Elems()), nil }
	h := Hooks("", Options{Weights: true, Gradients: read, Images: drawing([]Image{{"predictions", picture(t)}}, nil)})
	var w waiting
	start, epoch := startOf(t, dir, 0), epochOf(1, &infer.Score{Loss: 8, Accuracy: 9})
	start.OnWeights, epoch.OnWeights = w.later, w.later
	must(t, h.Start(start))
	must(t, w.run(t))
	if n := len(lines(t, dir, weights)); n != len(g.Parameters()) {
		t.Errorf("%d histograms before the first step, want one for each of %d parameters", n, len(g.Parameters()))
	}
	must(t, h.Step(stepOf(4, 6)))
	must(t, h.Epoch(epoch))
	must(t, h.Step(stepOf(5, 6))) // no hook waits for the functions passed to Later
	must(t, w.run(t))
	equal(t, lines(t, dir, "4 loss", "4 accuracy", "4 lr", "4 images", "bn.", "predictions"),
		"0 weights/blocks.0.bn.weight histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"0 weights/blocks.0.bn.bias histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"0 weights/blocks.0.bn.running_mean histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"0 weights/blocks.0.bn.running_var histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 loss/train (scalars, class 1) scalar 7", "4 accuracy/train (scalars, class 1) scalar 7",
		"4 lr (scalars, class 1) scalar 0.5", "4 images_per_second (scalars, class 1) scalar 7",
		"4 loss/val (scalars, class 1) scalar 8", "4 accuracy/val (scalars, class 1) scalar 9",
		"4 gradients/blocks.0.bn.weight histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 gradients/blocks.0.bn.bias histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 weights/blocks.0.bn.weight histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 weights/blocks.0.bn.bias histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 weights/blocks.0.bn.running_mean histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 weights/blocks.0.bn.running_var histogram of 4 in 0 to 0, sum 0, squares 0: 4 below 0",
		"4 predictions image 2x3x1 of 73 bytes",
	)
	epoch = epochOf(2, nil)
	epoch.OnWeights = w.later
	must(t, h.Epoch(epoch))
	if got := lines(t, dir, "8 loss/val", "8 accuracy/val"); got != nil {
		t.Errorf("without validation %q, want none", got)
	}
	test := &infer.Evaluation{Score: infer.Score{Loss: 3, Accuracy: 0.25}}
	must(t, h.End(&train.Result{Rows: []train.Row{{Step: 4}, {Step: 8}}, Test: test}))
	equal(t, lines(t, dir, "test", hparamsEnd),
		"8 loss/test (scalars, class 1) scalar 3", "8 accuracy/test (scalars, class 1) scalar 0.25",
		"0 _hparams_/session_end_info (hparams, class 2) tensor of type 1, 0 elements")
}

// A resumed run continues in a file whose name sorts after the first, even if the clock was put back. It voids later
// steps and repeats neither the network nor the settings that HParams reads.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	first := Hooks("", Options{})
	must(t, first.Start(startOf(t, dir, 0)))
	ahead, err := create(dir, 0, origin{host: "z", pid: 1, now: func() time.Time { return time.Now().Add(time.Hour) }})
	must(t, err)
	h := Hooks("", Options{Weights: true})
	must(t, h.Start(startOf(t, dir, 6)))
	all := files(t, dir)
	if len(all) != 3 || all[1] != ahead.path {
		t.Errorf("files %q, want the last after %s", all, ahead.path)
	}
	if got := lines(t, dir, "session", "node", "histogram", hparamsStart); !slices.Equal(got, []string{"7 session 1"}) {
		t.Errorf("at the start of a resumed run %q, want that steps from 7 on are void", got)
	}
	got := lines(t, dir, "6 config")
	if len(got) != 1 || !strings.Contains(got[0], `noise, 30 training images, cpu\n\n| setting`) {
		t.Errorf("settings %q, want them at step 6", got)
	}
	// A new run in the directory of one that died at its start repeats everything.
	must(t, Hooks("", Options{}).Start(startOf(t, dir, 0)))
	equal(t, lines(t, dir, "session", "node images", hparamsStart), "0 session 1",
		"0 _hparams_/session_start_info (hparams, class 2) tensor of type 1, 0 elements",
		"0 node images = placeholder, _output_shapes [-1 3 5 4]")
	// No step has run in this process, so there are no gradients.
	reads := 0
	g := Hooks("", Options{Gradients: func(nn.Value) ([]float32, error) { reads++; return nil, nil }})
	must(t, g.Start(startOf(t, dir, 8)))
	must(t, g.Epoch(epochOf(2, nil)))
	if reads != 0 {
		t.Errorf("%d gradients read before a step", reads)
	}
}

func TestDirectory(t *testing.T) {
	run, own := t.TempDir(), filepath.Join(t.TempDir(), "a", "b")
	h := Hooks(own, Options{})
	must(t, h.Start(startOf(t, run, 0)))
	if len(files(t, own)) != 1 || len(files(t, run)) != 0 {
		t.Errorf("files %q and %q, want one in the directory that was given", files(t, own), files(t, run))
	}
	// Files of other programs do not stop a run, whatever their names.
	for _, name := range []string{"x", "99999999999999999999.y", "-5", ""} {
		must(t, os.WriteFile(filepath.Join(run, filePrefix+name), nil, 0o644))
	}
	_, err := Create(run, 0)
	must(t, err)
}

func drawing(images []Image, err error) func(*train.EpochInfo) (func() ([]Image, error), error) {
	return func(*train.EpochInfo) (func() ([]Image, error), error) {
		return func() ([]Image, error) { return images, err }, nil
	}
}

func TestErrors(t *testing.T) {
	boom := errors.New("boom")
	fail := func(nn.Value) ([]float32, error) { return nil, boom }
	look := func(*train.EpochInfo) (func() ([]Image, error), error) { return nil, errors.New("look") }
	wrong := drawing([]Image{{"wrong", []byte{1}}}, nil)
	for want, o := range map[string]Options{
		"tensorboard: gradients/stem.weight: boom":                         {Gradients: fail},
		"tensorboard: images: look":                                        {Images: look},
		"tensorboard: images: boom":                                        {Images: drawing(nil, boom)},
		"tensorboard: wrong: 1 bytes that are no PNG file: unexpected EOF": {Images: wrong},
	} {
		h := Hooks("", o)
		var w waiting
		epoch := epochOf(1, nil)
		epoch.OnWeights = w.later
		must(t, h.Start(startOf(t, t.TempDir(), 0)))
		must(t, h.Step(stepOf(1, 1)))
		err := h.Epoch(epoch)
		if err == nil {
			err = w.run(t)
		}
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	if err := Hooks(file, Options{}).Start(startOf(t, "", 0)); err == nil ||
		!strings.HasPrefix(err.Error(), "tensorboard: ") {
		t.Errorf("a file in the directory's place gives error %v, want one of this package", err)
	}
	dir := t.TempDir()
	h := Hooks(dir, Options{})
	must(t, h.Start(startOf(t, "", 0)))
	must(t, os.Remove(files(t, dir)[0]))
	if err := h.Epoch(epochOf(1, nil)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after its file was deleted the epoch gives error %v, want that it does not exist", err)
	}
}

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

type trainResult struct {
	Dir         string
	BestWeights string `json:"best_weights"`
	LastWeights string `json:"last_weights"`
	Config      map[string]any
	Epochs      []struct {
		Train struct{ Loss, Accuracy float64 }
		Val   *struct{ Loss, Accuracy float64 }
	}
}

type evalResult struct {
	Images         int
	Loss, Accuracy float64
	Confusion      [][]int
	Classes        []struct {
		Name                  string
		Precision, Recall, F1 float64
		Support               int
	}
}

// trainBars trains a network on writeBars' images until it knows them.
func trainBars(t *testing.T, dir string) (trained trainResult) {
	run := filepath.Join(t.TempDir(), "run")
	decode(t, succeed(t, tiny(dir, "--epochs", "30", "--output", run, "--format", "json")...), &trained)
	if trained.Dir != run || len(trained.Epochs) != 30 {
		t.Fatalf("run %q with %d epochs, want %q with 30", trained.Dir, len(trained.Epochs), run)
	}
	last := trained.Epochs[29]
	// Any working network learns bars at fixed places. Validation takes the running statistics: it needs the 1140
	// steps, which leave 0.99^1140 = 1e-5 of the variance 1 that they start from. Chance is 0.33.
	if last.Train.Accuracy < 0.95 || last.Val == nil || last.Val.Accuracy < 0.95 {
		t.Fatalf("last epoch %+v, validation %+v, want accuracies above 0.95", last, last.Val)
	}
	return trained
}

// One network through the whole program: train, eval, predict, summary.
func TestTrainEvalPredict(t *testing.T) {
	dir := writeBars(t, 300)
	trained := trainBars(t, dir)
	run := trained.Dir
	rows, err := csv.NewReader(bytes.NewReader(read(t, filepath.Join(run, "results.csv")))).ReadAll()
	if err != nil || len(rows) != 31 {
		t.Errorf("results.csv: %d lines, error %v, want a header and 30", len(rows), err)
	}
	evalAndPredict(t, dir, trained, 1e-6, "--device", "cpu") // losses are float32 sums
	t.Run("summary", func(t *testing.T) {
		var s struct {
			Model struct{ Height, Classes int }
		}
		decode(t, succeed(t, "summary", "--weights", trained.BestWeights, "--format", "json"), &s)
		if s.Model.Height != side || s.Model.Classes != classes {
			t.Errorf("model of the weights %+v, want height %d and %d classes", s.Model, side, classes)
		}
	})
	t.Run("config", func(t *testing.T) {
		// The configuration of a run makes the same run again, but for what flags change.
		again := filepath.Join(t.TempDir(), "again")
		succeed(t, "train", "--config", filepath.Join(run, "config.json"), "--output", again, "--no-plots", "--quiet")
		if !bytes.Equal(read(t, filepath.Join(again, "weights", "last.safetensors")), read(t, trained.LastWeights)) {
			t.Error("the same configuration gave other weights")
		}
		var other trainResult
		decode(t, succeed(t, "train", "--epochs", "1", "--config", filepath.Join(run, "config.json"),
			"--output", filepath.Join(t.TempDir(), "other"),
			"--opt", "sgd", "--no-plots", "--quiet", "--format", "json"), &other)
		if c := other.Config; c["epochs"] != 1.0 || c["opt"] != "sgd" || c["lr"] != 0.01 || c["nesterov"] != true ||
			c["base_channels"] != 4.0 {
			t.Errorf("configuration %v, want the file's with 1 epoch, sgd and its defaults", c)
		}
	})
}

// evalAndPredict holds what eval and predict say on a device to what the run said, the loss to a tolerance.
func evalAndPredict(t *testing.T, dir string, trained trainResult, tolerance float64, device ...string) {
	on := func(args ...string) []string { return append(args, device...) }
	last := trained.Epochs[len(trained.Epochs)-1]
	t.Run("eval", func(t *testing.T) {
		var e, small evalResult
		args := on("eval", "--weights", trained.LastWeights, "--data-dir", dir, "--format", "json")
		decode(t, succeed(t, args...), &e)
		if e.Images != testImages || math.Abs(e.Loss-last.Val.Loss) > tolerance*math.Abs(e.Loss) ||
			e.Accuracy != last.Val.Accuracy {
			t.Errorf("%d images, loss %v, accuracy %v, want %d and the run's %+v (the loss to %g)",
				e.Images, e.Loss, e.Accuracy, testImages, *last.Val, tolerance)
		}
		total, diagonal := 0, 0
		for i, row := range e.Confusion {
			for k, n := range row {
				total += n
				if i == k {
					diagonal += n
				}
			}
		}
		if total != testImages || diagonal != int(math.Round(e.Accuracy*testImages)) {
			t.Errorf("confusion %v has %d images, %d on the diagonal, want %d and accuracy %v", e.Confusion, total,
				diagonal, testImages, e.Accuracy)
		}
		// A batch that does not divide the images leaves every one counted.
		decode(t, succeed(t, append(args, "-b", "7")...), &small)
		if small.Accuracy != e.Accuracy || small.Images != testImages {
			t.Errorf("with batch size 7: accuracy %v of %d images, want %v of %d", small.Accuracy, small.Images,
				e.Accuracy, testImages)
		}
	})
	t.Run("evaluate as text", func(t *testing.T) {
		out := succeed(t, on("evaluate", "--weights", trained.BestWeights, "--data-dir", dir, "--split", "train")...)
		for _, want := range []string{"images    300 of idx train\n", "accuracy ",
			"precision    recall        f1   support", "macro mean", "confusion: "} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in:\n%s", want, out)
			}
		}
	})
	t.Run("predict", func(t *testing.T) { predictBars(t, on, dir, trained.LastWeights) })
}

// A picture of another size and kind, dark on light, is recognised too.
func predictBars(t *testing.T, on func(args ...string) []string, dir, weights string) {
	const scale = 5
	for label := range classes {
		im := image.NewRGBA(image.Rect(0, 0, scale*side, scale*side))
		for y := range scale * side {
			for x := range scale * side {
				c := color.White
				if row := y/scale - 1 - 4*label; row == 0 || row == 1 {
					c = color.Black
				}
				im.Set(x, y, c)
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, im); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "bar.png")
		write(t, file, b.Bytes())

		var pictures []struct {
			Source string
			Label  string
			Top    []struct {
				Class       string
				Index       int
				Probability float64
			}
		}
		// Options after arguments count too.
		decode(t, succeed(t, on("predict", file, "--weights", weights, "--invert", "--top", "2", "--indices", "0:2,5",
			"--data-dir", dir, "--format", "json")...), &pictures)
		if len(pictures) != 4 {
			t.Fatalf("%d pictures, want 3 of the data set and 1 file", len(pictures))
		}
		for i, index := range []int{0, 1, 5} {
			if p := pictures[i]; p.Source != fmt.Sprintf("test[%d]", index) || p.Label != fmt.Sprint(index%classes) {
				t.Errorf("picture %d is %s with label %s, want test[%d] with %d", i, p.Source, p.Label, index,
					index%classes)
			}
		}
		p := pictures[3]
		if p.Source != file || p.Label != "" || len(p.Top) != 2 || p.Top[0].Index != label ||
			p.Top[0].Probability < p.Top[1].Probability {
			t.Errorf("bar %d: %+v, want it first of two", label, p)
		}
		table := succeed(t, on("predict", "--weights", weights, "--top", "1", "--invert", file)...)
		if !strings.Contains(table, fmt.Sprintf("bar.png  %-5d", label)) {
			t.Errorf("bar %d: no such prediction in:\n%s", label, table)
		}
	}
}

// Held-out images validate, the test split is measured once at the end.
func TestTrainHoldout(t *testing.T) {
	dir := writeBars(t, 60)
	out := succeed(t, tiny(dir, "--epochs", "1", "--val", "12", "--output", filepath.Join(t.TempDir(), "run"))...)
	for _, want := range []string{"run       ", "weights   ", "val_acc ", "test_acc "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

// Progress is on stderr, and --quiet leaves nothing there.
func TestProgress(t *testing.T) {
	dir := writeBars(t, 24)
	args := tiny(dir, "--epochs", "2", "--output", filepath.Join(t.TempDir(), "quiet"))
	if _, stderr, code := resnet(t, args...); code != 0 || stderr != "" {
		t.Errorf("with --quiet exit status %d, stderr %q, want 0 and nothing", code, stderr)
	}
	args = tiny(dir, "--epochs", "2", "--output", filepath.Join(t.TempDir(), "loud"), "--quiet=false")
	_, stderr, _ := resnet(t, args...)
	if !strings.Contains(stderr, "\nepoch 2/2 ") || strings.ContainsAny(stderr, "\r\x1b") {
		t.Errorf("stderr is no terminal, want plain lines with the epochs, got:\n%q", stderr)
	}
}

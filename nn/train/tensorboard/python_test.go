package tensorboard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"resnet/nn/train"
)

// python returns the interpreter that RESNET_PYTHON names, or python3. If it lacks TensorBoard the test is skipped, or
// fails with RESNET_REQUIRE_PYTHON=1.
func python(t *testing.T) string {
	t.Helper()
	name := cmp.Or(os.Getenv("RESNET_PYTHON"), "python3")
	out, err := exec.Command(name, "-c", "import tensorboard").CombinedOutput()
	if err == nil {
		return name
	}
	if os.Getenv("RESNET_REQUIRE_PYTHON") == "1" {
		t.Fatalf("RESNET_REQUIRE_PYTHON=1, but %s has no tensorboard: %v\n%s", name, err, out)
	}
	t.Skipf("%s has no tensorboard; RESNET_PYTHON names another interpreter", name)
	return ""
}

// A reading is the output of testdata/read.py for a file or directory.
type reading struct {
	Scalars, Plotted map[string][]point
	Histograms       map[string][]struct {
		Step                        int
		Min, Max, Num, Sum, Squares float64
		Limits, Counts              []float64
	}
	Images map[string][]struct {
		Step, Width, Height int
		PNG                 []byte
	}
	Graph []struct {
		Name, Op string
		In       []string
		Shape    []int
	}
	Plugins map[string][]string
	Buckets map[string][]struct {
		Step  int
		Value [][3]float64
	}
	Text map[string][]struct {
		Step  int
		Value string
	}
	Settings map[string]any
}

// TestTensorBoard reads three directories with TensorBoard's own code: the fixture, a run that was stopped and resumed,
// and one that was killed.
func TestTensorBoard(t *testing.T) {
	py := python(t)
	resumed := trained(t, 8)
	killed := killedRun(t)
	cmd := exec.Command(py, "testdata/read.py", fixturePath, resumed.Dir, killed)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var readings []*reading
	must(t, json.Unmarshal(out, &readings))
	for i, r := range readings {
		if !reflect.DeepEqual(r.Scalars, r.Plotted) {
			t.Errorf("directory %d: scalars %v are plotted as %v", i, r.Scalars, r.Plotted)
		}
	}
	t.Run("fixture", func(t *testing.T) { readings[0].checkFixture(t) })
	t.Run("resumed", func(t *testing.T) { readings[1].checkRun(t, resumed) })
	t.Run("killed", func(t *testing.T) {
		equal(t, words(readings[2].Scalars[lossTrain]), "{1 1}", "{5 5}", "{7 70}", "{10 100}")
		text := readings[2].Text[config]
		equal(t, words(text), "{0 "+text[0].Value+"}", "{6 "+text[0].Value+"}")
	})
}

// killedRun records a run that was killed after step 9 and resumed from a checkpoint of step 6, with losses that are
// ten times as large from there on.
func killedRun(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	h := Hooks(dir, Options{Every: 3})
	must(t, h.Start(startOf(t, dir, 0)))
	for n := 1; n <= 9; n++ {
		must(t, h.Step(stepOf(n, float64(n))))
	}
	must(t, h.Checkpoint(&train.CheckpointInfo{}))
	h = Hooks(dir, Options{Every: 3})
	must(t, h.Start(startOf(t, dir, 6)))
	for n := 7; n <= 10; n++ {
		must(t, h.Step(stepOf(n, float64(10*n))))
	}
	must(t, h.Checkpoint(&train.CheckpointInfo{}))
	return dir
}

// words returns values as fmt prints them.
func words[T any](things []T) (w []string) {
	for _, x := range things {
		w = append(w, fmt.Sprint(x))
	}
	return w
}

func (r *reading) checkFixture(t *testing.T) {
	equal(t, words(r.Scalars["loss/train"]), "{7 1.5}", "{8 1.25}")
	equal(t, words(r.Scalars["lr"]), "{7 0}")
	h := r.Histograms["weights/fc.bias"]
	if len(h) != 2 || len(h[0].Limits) != maxBuckets || h[0].Counts[0] != 1 || h[0].Counts[100] != 2 ||
		h[0].Counts[maxBuckets-1] != 1 {
		t.Errorf("histograms %+v, want one value in the first and last of %d buckets, two in bucket 100", h, maxBuckets)
	}
	h[0].Limits, h[0].Counts = nil, nil
	equal(t, words(h), "{8 -2 1 4 0 5.5 [] []}", "{9 3 3 2 6 18 [3] [2]}")
	b := r.Buckets["weights/fc.bias"]
	if len(b) != 2 || len(b[0].Value) != maxBuckets || b[0].Value[0][0] != -2 ||
		b[0].Value[maxBuckets-1] != [3]float64{float64(float32(0.975)), 1, 1} {
		t.Errorf("buckets %v, want %d from -2 to 1", b, maxBuckets)
	}
	equal(t, words(b[1:]), "{9 [[3 3 2]]}")
	if i := r.Images["pictures"]; len(i) != 1 || i[0].Step != 9 || i[0].Width != 3 || i[0].Height != 2 ||
		!bytes.Equal(i[0].PNG, picture(t)) {
		t.Errorf("images %+v, want one of 3x2 pixels at step 9", i)
	}
	equal(t, words(r.Graph),
		"{images placeholder [] [-1 3 5 4]}", "{labels placeholder [] [-1 1 1 1]}", "{input input [images] [-1 3 5 4]}",
		"{stem conv2d [input] [-1 4 3 2]}", "{blocks/0/bn batchnorm [stem] [-1 4 3 2]}",
		"{blocks/0/add add [stem blocks/0/bn] [-1 4 3 2]}", "{fc linear [blocks/0/add] [-1 2 1 1]}",
		"{loss softmax_cross_entropy [fc labels] [-1 2 1 1]}")
	if x := r.Text["config"]; len(x) != 1 || x[0].Step != 6 ||
		!strings.Contains(x[0].Value, "| Seed | `18446744073709551615` |") {
		t.Errorf("text %+v, want the settings at step 6", x)
	}
	want := "map[Empty: Flag:true LR:0.5 Seed:1.8446744073709552e+19 model:a`b|c]"
	if got := fmt.Sprint(r.Settings); got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
}

func (r *reading) checkRun(t *testing.T, result *train.Result) {
	checkScalars(t, r.Scalars, result)
	for plugin, tags := range map[string][]string{
		"scalars":    {accuracyTest, accuracyTrain, accuracyVal, speed, lossTest, lossTrain, lossVal, learningRate},
		"hparams":    {hparamsEnd, hparamsStart},
		"images":     {"predictions"},
		"text":       {config},
		"graphs":     {"__run_graph__"},
		"histograms": r.Plugins["histograms"], // checked below
	} {
		if got := r.Plugins[plugin]; !slices.Equal(got, tags) {
			t.Errorf("dashboard %s has %q, want %q", plugin, got, tags)
		}
	}
	if len(r.Plugins) != 6 || len(r.Histograms) != len(r.Buckets) {
		t.Errorf("dashboards of %d kinds, %d histograms of which %d are shown, want 6 and all", len(r.Plugins),
			len(r.Histograms), len(r.Buckets))
	}
	var steps []int
	for _, h := range r.Histograms["weights/fc2.weight"] {
		steps = append(steps, h.Step)
		if h.Num != 24 { // 3 classes of 8 hidden units
			t.Errorf("weights/fc2.weight at step %d: %g values, want 24", h.Step, h.Num)
		}
	}
	if !slices.Equal(steps, []int{0, 5, 10, 15}) {
		t.Errorf("weights/fc2.weight at steps %v, want 0, 5, 10, 15", steps)
	}
	if n := len(r.Histograms["gradients/fc2.weight"]); n != 3 {
		t.Errorf("gradients/fc2.weight %d times, want 3", n)
	}
	if i := r.Images["predictions"]; len(i) != 3 || i[2].Step != 15 {
		t.Errorf("images %+v, want 3, the last at step 15", i)
	}
	if r.Settings["lr"] != result.Config.LR || r.Settings["opt"] != "adam" || r.Settings["output"] != nil {
		t.Errorf("settings %v, want those of the run that its results depend on", r.Settings)
	}
	if x := r.Text[config]; len(x) != 2 || x[0].Step != 0 || x[1].Step != 8 {
		t.Errorf("settings as text %+v, want them at steps 0 and 8", x)
	}
}

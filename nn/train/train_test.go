package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// right counts the images whose first pixel, which the fake predicts, is their label.
func right(s *data.Set, idx []int32) (n int) {
	for _, i := range idx {
		if int(s.Image(int(i))[0])%3 == int(s.Labels[i]) {
			n++
		}
	}
	return n
}

// TestEveryImageCountsOnce: the fake's predictions do not change with training, so the accuracies of every epoch are
// known if each image counts once, including the last 2 of 47.
func TestEveryImageCountsOnce(t *testing.T) {
	c, o := small(t)
	r := mustRun(t, c, o)
	train := data.Sequence(make([]int32, 47))
	test := data.Sequence(make([]int32, 13))
	for i, row := range r.Rows {
		if want := float64(right(o.Source.Train, train)) / 47; row.Train.Accuracy != want {
			t.Errorf("epoch %d: training accuracy %g, want %g", i+1, row.Train.Accuracy, want)
		}
		if want := float64(right(o.Source.Test, test)) / 13; row.Val.Accuracy != want {
			t.Errorf("epoch %d: validation accuracy %g, want %g", i+1, row.Val.Accuracy, want)
		}
		if row.Step != int64(10*(i+1)) || row.Epoch != i+1 || row.Seconds <= 0 || row.ImagesPerSecond <= 0 {
			t.Errorf("row %+v, want step %d", row, 10*(i+1))
		}
	}
	if r.Best.Epoch != 1 {
		t.Errorf("best epoch %d of equal ones, want the first", r.Best.Epoch)
	}
	if r.Test != nil {
		t.Error("a test evaluation beside validation on the test split")
	}
}

func TestHeldOutImages(t *testing.T) {
	c, o := small(t)
	c.Val = "11"
	r := mustRun(t, c, o)
	train, val, err := data.Holdout(o.Source.Train, 11, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	row := r.Rows[2]
	if got, want := row.Train.Accuracy, float64(right(o.Source.Train, train))/36; got != want {
		t.Errorf("training accuracy %g, want %g", got, want)
	}
	if got, want := row.Val.Accuracy, float64(right(o.Source.Train, val))/11; got != want {
		t.Errorf("validation accuracy %g, want %g", got, want)
	}
	if r.Test == nil || r.Test.Images != 13 {
		t.Fatalf("test evaluation %+v, want one of 13 images", r.Test)
	}
	m, err := weights.ReadMetadata(r.BestWeights)
	if err != nil || m.Split != "validation" || m.Epoch != r.Best.Epoch || m.Accuracy != r.Best.Val.Accuracy ||
		m.Model.Classes != 3 {
		t.Errorf("metadata %+v, %v, want those of epoch %d", m, err, r.Best.Epoch)
	}
	c.Val, c.Output = "47", ""
	if _, err := Run(context.Background(), c, o); err == nil || !strings.Contains(err.Error(), "want 1 to 46") {
		t.Errorf("all images held out: %v", err)
	}
}

func TestWithoutValidationTheLastIsTheBest(t *testing.T) {
	c, o := small(t)
	c.Val = ValNone
	o.Backend = &fake{before: func(m nn.Mode, run int) {
		if m == nn.Eval && run > c.Epochs {
			t.Error("without validation more evaluations than the batch that tells whether an epoch's loss is finite")
		}
	}}
	r := mustRun(t, c, o)
	best, err1 := os.ReadFile(r.BestWeights)
	last, err2 := os.ReadFile(r.LastWeights)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(best, last) || r.Best.Epoch != 3 ||
		r.Best.Val != nil {
		t.Errorf("best %+v, %v, want epoch 3 and the last weights", r.Best, err)
	}
}

func TestBestIsFirstOfHighest(t *testing.T) {
	c, o := small(t)
	c.Epochs = 4
	test := o.Source.Test
	wrong := []int{6, 2, 2, 9} // images of the test split that each epoch gets wrong
	o.Hooks.Step = func(s *StepInfo) error {
		for i := range test.Labels {
			test.Labels[i] = int32(test.Image(i)[0] % 3)
			if i < wrong[s.Epoch-1] {
				test.Labels[i] = (test.Labels[i] + 1) % 3
			}
		}
		return nil
	}
	r := mustRun(t, c, o)
	for i, row := range r.Rows {
		if want := float64(13-wrong[i]) / 13; row.Val.Accuracy != want {
			t.Errorf("epoch %d: validation accuracy %g, want %g", i+1, row.Val.Accuracy, want)
		}
	}
	if r.Best.Epoch != 2 {
		t.Errorf("best epoch %d, want 2", r.Best.Epoch)
	}
	m, err := weights.ReadMetadata(r.BestWeights)
	if err != nil || m.Epoch != 2 || m.Split != "test" {
		t.Errorf("best weights are of epoch %d (%v), want 2", m.Epoch, err)
	}
}

// TestNaNStops: a loss of NaN stops the run when it is next observed. The error names the step and a checkpoint without
// NaN, from which the run can resume. In a synctest bubble no time passes between steps, so the loss is observed only
// after the first step of an epoch, before checkpoints, and at the end of an epoch.
func TestNaNStops(t *testing.T) { synctest.Test(t, testNaNStops) }

func testNaNStops(t *testing.T) {
	for _, test := range []struct {
		backend         *fake
		checkpointSteps int
		want            string
	}{
		{&fake{nanAt: 11}, 0, "train: epoch 2, step 1: training loss is NaN (it was finite at step 0); "},
		{&fake{nanAt: 17}, 0, "train: epoch 2, step 10: training loss is NaN (it was finite at step 1); "},
		{&fake{nanAt: 17}, 3, "train: epoch 2, step 8: training loss is NaN (it was finite at step 5); "},
		{&fake{infAt: 18}, 3, "train: epoch 2, step 8: stem.weight holds NaN or infinity; "},
		{&fake{infAt: 20}, 0, "train: epoch 2, step 10: validation loss is +Inf; "},
		{&fake{infAt: 20}, -1, "train: epoch 2, step 10: stem.weight holds NaN or infinity; "},
		{&fake{nanEval: 2}, -1, "train: epoch 2, step 10: the loss of the new weights is NaN; "},
	} {
		c, o := small(t)
		if test.checkpointSteps < 0 { // stands for a run without validation
			test.checkpointSteps, c.Val = 0, ValNone
		}
		c.CheckpointSteps, o.Backend = test.checkpointSteps, test.backend
		path := checkpoint.Dir(c.Output).Checkpoint()
		want := test.want + "last good checkpoint: " + path + " (try a learning rate below 0.001)"
		if _, err := Run(context.Background(), c, o); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		_, _, f, err := readCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tensors, err := f.All()
		if err != nil || checkpoint.FirstNotFinite(tensors) != "" {
			t.Errorf("the checkpoint has NaN or infinity in %s (%v)", checkpoint.FirstNotFinite(tensors), err)
		}
		o.Backend = &fake{}
		if _, err := Resume(context.Background(), c.Output, o); err != nil {
			t.Errorf("resumed: %v", err)
		}
	}
}

func TestInitialWeights(t *testing.T) {
	c, o := small(t)
	first := mustRun(t, c, o)
	c.Weights, c.Output = first.BestWeights, c.Output+"2"
	var start []byte
	o.Hooks.Checkpoint = func(i *CheckpointInfo) error {
		if i.Epoch == 0 {
			start, _ = os.ReadFile(i.Path)
		}
		return nil
	}
	mustRun(t, c, o)
	weights, err := os.ReadFile(first.BestWeights)
	if err != nil {
		t.Fatal(err)
	}
	tail := weights[len(weights)-8:] // of the last tensor in the file
	if !bytes.Contains(start, tail) {
		t.Error("the first checkpoint does not hold the weights that the run started from")
	}
	c.Options, c.Output = c.Options.With("hidden", 3), c.Output+"3"
	if _, err := Run(context.Background(), c, o); err == nil ||
		!strings.Contains(err.Error(), "fc1.weight: shape [2 4], want [3 4]") {
		t.Errorf("weights of another model: %v", err)
	}
	if exists(c.Output) {
		t.Error("a run that cannot start leaves a directory")
	}
}

func TestHooks(t *testing.T) {
	c, o := small(t)
	var calls []string
	note := func(s string) { calls = append(calls, s) }
	h := Hooks{
		Start:      func(s *StartInfo) error { note("start"); return nil },
		Step:       func(s *StepInfo) error { note("step"); return nil },
		Epoch:      func(e *EpochInfo) error { note("epoch"); return nil },
		Checkpoint: func(*CheckpointInfo) error { note("checkpoint"); return nil },
		End:        func(r *Result) error { note("end"); return nil },
	}
	o.Hooks = Join(Hooks{}, h, Hooks{})
	c.Epochs = 1
	mustRun(t, c, o)
	want := "start checkpoint " + strings.Repeat("step ", 10) + "epoch checkpoint end"
	if got := strings.Join(calls, " "); got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
	stop := errors.New("stop")
	for i := range 5 {
		c, o := small(t)
		bad := []Hooks{
			{Start: func(*StartInfo) error { return stop }}, {Step: func(*StepInfo) error { return stop }},
			{Epoch: func(*EpochInfo) error { return stop }}, {Checkpoint: func(*CheckpointInfo) error { return stop }},
			{End: func(*Result) error { return stop }},
		}[i]
		o.Hooks = Join(h, bad)
		if _, err := Run(context.Background(), c, o); !errors.Is(err, stop) {
			t.Errorf("hook %d: error %v, want its own", i, err)
		}
	}
}

func TestRunDirectory(t *testing.T) {
	c, o := small(t)
	c.Output = ""
	t.Chdir(t.TempDir())
	first, second := mustRun(t, c, o), mustRun(t, c, o)
	if first.Dir == second.Dir || !strings.HasPrefix(first.Dir, "runs/") ||
		!strings.HasSuffix(first.Dir, "-fashion-resnet") {
		t.Errorf("directories %s and %s", first.Dir, second.Dir)
	}
	cfg, err := ReadConfig(checkpoint.Dir(first.Dir).Config())
	if err != nil || cfg.Output != first.Dir || cfg.Options.Get("hidden") != 2 {
		t.Errorf("config.json: %+v, %v", cfg, err)
	}
	js, err := json.Marshal(first)
	if err != nil || !strings.Contains(string(js), `"epochs":[{"epoch":1,"step":10,`) {
		t.Errorf("result as JSON: %s, %v", js, err)
	}
	csv, err := os.ReadFile(checkpoint.Dir(first.Dir).Results())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(csv)), "\n")
	if len(lines) != 4 || lines[0] != "epoch,step,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second" ||
		!strings.HasPrefix(lines[1], "1,10,0.001,") {
		t.Errorf("results.csv:\n%s", csv)
	}
}

// TestStepsAllocateNothing: the loop around a step does not allocate, because garbage collection would stop the
// workers. Shuffling does, once an epoch.
func TestStepsAllocateNothing(t *testing.T) {
	c, o := small(t)
	c.BatchSize, c.Shuffle = 1, false
	tr, err := newTrainer(t.Context(), &c, &o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close(&err)
	ctx := context.Background()
	if n := testing.AllocsPerRun(20, func() {
		tr.state.Step = 0
		if err := tr.train(ctx); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations in 47 steps, want 0", n)
	}
}

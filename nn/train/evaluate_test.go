package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
)

func fakeNetwork(t *testing.T, batch int) nn.Executor {
	t.Helper()
	c, _ := small(t)
	b := &fake{}
	g, err := models.Build(c.modelConfig(source(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.Compile(g, nn.PlanConfig{Batch: 1, EvalBatch: batch})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEvaluate compares with sklearn.metrics.classification_report of these 10 images by hand: class 0 has TP 2, FP 1,
// FN 2; class 1 TP 3, FP 2, FN 0; class 2 TP 1, FP 1, FN 2.
func TestEvaluate(t *testing.T) {
	labels := []int32{0, 0, 0, 0, 1, 1, 1, 2, 2, 2}
	predicted := []byte{0, 0, 1, 2, 1, 1, 1, 2, 0, 1}
	s := &data.Set{N: 10, H: 4, W: 4, C: 1, Pixels: make([]byte, 160), Labels: labels}
	for i, p := range predicted {
		s.Pixels[16*i] = p
	}
	exec := fakeNetwork(t, 4) // batches of 4, 4 and 2
	e, err := infer.Evaluate(context.Background(), exec, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]int{{2, 1, 1}, {0, 3, 0}, {1, 1, 1}}; !slices.EqualFunc(e.Confusion, want, slices.Equal) {
		t.Errorf("confusion %v, want %v", e.Confusion, want)
	}
	if e.Images != 10 || e.Accuracy != 0.6 {
		t.Errorf("%d images, accuracy %g, want 10 and 0.6", e.Images, e.Accuracy)
	}
	want := []infer.ClassScore{
		{Precision: 2.0 / 3, Recall: 2.0 / 4, F1: 4.0 / 7, Support: 4},
		{Precision: 3.0 / 5, Recall: 1, F1: 6.0 / 8, Support: 3},
		{Precision: 1.0 / 2, Recall: 1.0 / 3, F1: 2.0 / 5, Support: 3},
	}
	if !slices.Equal(e.Classes, want) {
		t.Errorf("classes %+v, want %+v", e.Classes, want)
	}
	macro := (4.0/7 + 6.0/8 + 2.0/5) / 3
	if math.Abs(e.Macro.F1-macro) > 1e-15 || e.Macro.Support != 10 { // rounding of the sum
		t.Errorf("macro %+v, want f1 %g", e.Macro, macro)
	}
	some, err := infer.Evaluate(context.Background(), exec, s, []int32{9, 9, 0})
	if err != nil || some.Accuracy != 1.0/3 || some.Classes[1] != (infer.ClassScore{Support: 0}) ||
		some.Macro.Recall != 0.5 {
		t.Errorf("images 9, 9, 0: %+v, %v", some, err)
	}
	for want, change := range map[string]func(){
		"images of 1x2x8, want 1x4x4":     func() { s.H, s.W = 2, 8 },
		"label 3 of image 1, want 0 to 2": func() { s.H, s.W = 4, 4; s.Labels[1] = 3 },
	} {
		change()
		if _, err := infer.Evaluate(context.Background(), exec, s, nil); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		s.H, s.W, s.Labels[1] = 4, 4, 0
	}
	if _, err := infer.Evaluate(context.Background(), exec, s, []int32{}); err == nil {
		t.Error("no images: no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := infer.Evaluate(ctx, exec, s, nil); err != context.Canceled {
		t.Errorf("a cancelled context: %v", err)
	}
}

func TestPredict(t *testing.T) {
	exec := fakeNetwork(t, 2)
	pixels := make([]byte, 5*16)
	for i := range 5 {
		pixels[16*i] = byte(i)
	}
	probs, err := infer.Predict(exec, pixels, 5)
	if err != nil || len(probs) != 5 {
		t.Fatalf("%v, %v", probs, err)
	}
	for i, p := range probs {
		if len(p) != 3 || nn.Argmax(p) != i%3 {
			t.Errorf("image %d: %v, want class %d", i, p, i%3)
		}
	}
	for n, pixels := range map[int][]byte{0: nil, 2: pixels[:31], 5: pixels[:64]} {
		if _, err := infer.Predict(exec, pixels, n); err == nil {
			t.Errorf("%d bytes for %d images: no error", len(pixels), n)
		}
	}
}

package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"resnet/data"
	"resnet/nn/infer"
	"resnet/nn/train"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hostile is text with characters that are special in HTML, CSS and JavaScript.
const hostile = `</title><script>alert("x")</script> & 'y' {{.}} \u003c`

// epochs returns n rows with falling loss, rising accuracy and the best validation accuracy in the epoch before the
// last.
func epochs(n int) []train.Row {
	rows := make([]train.Row, n)
	for i := range rows {
		e := float64(i + 1)
		rows[i] = train.Row{
			Epoch: i + 1, Step: int64(1875 * (i + 1)), LR: 0.1 / e, Seconds: 30.25, ImagesPerSecond: 2000 + 10*e,
			Train: infer.Score{Loss: 2 / e, Accuracy: 1 - 0.3/e},
			Val:   &infer.Score{Loss: 2.5 / e, Accuracy: 0.9 - 0.4/e},
		}
	}
	rows[max(0, n-2)].Val.Accuracy = 0.95
	return rows
}

// evaluation returns that of k classes of 100 images each: 90 are right, 7 are predicted as the next class and 3 as the
// one after.
func evaluation(k int) *infer.Evaluation {
	e := &infer.Evaluation{Images: 100 * k, Score: infer.Score{Loss: 0.25, Accuracy: 0.9}}
	for i := range k {
		row := make([]int, k)
		row[i] = 90
		row[(i+1)%k] += 7
		row[(i+2)%k] += 3
		e.Confusion = append(e.Confusion, row)
		e.Classes = append(e.Classes, infer.ClassScore{Name: fmt.Sprintf("class %d", i), Precision: 0.9, Recall: 0.9,
			F1: 0.9, Support: 100})
	}
	e.Macro = infer.ClassScore{Precision: 0.9, Recall: 0.9, F1: 0.9, Support: 100 * k}
	return e
}

func photograph(w, h int) image.Image {
	im := image.NewNRGBA(image.Rect(3, 4, 3+w, 4+h)) // bounds need not start at 0
	for i := range w * h {
		im.Set(3+i%w, 4+i/w, color.NRGBA{uint8(7 * i), uint8(i / w), 99, 255})
	}
	return im
}

// sample returns two runs with everything that a page can show, and one without epochs.
func sample() []Run {
	first := Run{
		Name: "20260102-030405-fashion-resnet", Config: recorded(), Rows: epochs(8),
		Evaluation: evaluation(10), Split: "test",
		Mistakes: []Mistake{
			{photograph(28, 28), "class 3", "class 4", 0.99991, 17},
			{photograph(120, 80), "a_class_with_a_name_that_is_long_and_cannot_be_broken", "class 4", 0.5, 4711},
		},
		Environment: []Pair{{"host", "trainer"}, {"command", "resnet train --epochs 8"}},
	}
	second := Run{Name: hostile, Config: recorded(), Rows: epochs(30), Evaluation: evaluation(40),
		Split: "validation"}
	second.Config.SetOptimizer("sgd")
	second.Rows[4].Train.Loss, second.Rows[9].Val.Loss = math.NaN(), math.Inf(1)
	second.Evaluation.Classes[2].Name = hostile
	second.Environment = []Pair{{"command", hostile}}
	third := Run{Name: "new", Config: recorded()}
	third.Config.Val, third.Config.Output = train.ValNone, strings.Repeat("/a_long_way", 20)
	return []Run{first, second, third}
}

func written(t testing.TB, runs []Run, o Options) string {
	t.Helper()
	var b bytes.Buffer
	must(t, Write(&b, runs, o))
	return b.String()
}

// recorded are the default settings as a run's config.json has them, with what was found.
func recorded() train.Config {
	c := train.Defaults()
	c.Dataset, c.Val = data.FashionMNIST, train.ValTest
	return c
}

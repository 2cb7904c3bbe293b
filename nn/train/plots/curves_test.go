package plots

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"resnet/nn/infer"
	"resnet/nn/train"
)

func curvesOf(runs ...Run) painter {
	return func(path string) error { return Curves(path, runs, Options{}) }
}

// strokes counts the paths drawn with a colour, dashed or not.
func (s *svg) strokes(hex string, dashed bool) int {
	n := 0
	for _, style := range s.paths {
		if strings.Contains(style, "stroke:"+hex) && strings.Contains(style, "dasharray") == dashed {
			n++
		}
	}
	return n
}

const blueHex, vermilionHex = "#0072B2", "#D55E00"

// TestCurvesLines counts what is drawn: training dashed in loss and accuracy and once in the legend; validation solid
// in the same places, and two rings.
func TestCurvesLines(t *testing.T) {
	s := paintSVG(t, curvesOf(Run{Rows: rows(5)}))
	if got := s.strokes(blueHex, true); got != 3 {
		t.Errorf("%d dashed lines for training, want 3", got)
	}
	if got := s.strokes(vermilionHex, false); got != 5 {
		t.Errorf("%d lines and rings for validation, want 5", got)
	}
	if got := s.strokes(blueHex, false); got != 1 {
		t.Errorf("%d lines for the learning rate, want 1", got)
	}
}

// TestCurvesAxes: the axis of the learning rate starts at zero and ends above the largest value; those of loss and
// accuracy run from about the smallest to the largest value.
func TestCurvesAxes(t *testing.T) {
	panels := tracePanels([]Run{{Rows: rows(4)}})
	for i, want := range [][2]float64{{0.2, 1.6}, {72, 82}, {0, 1.2e-3}} {
		if a := panels[i].axis(); math.Abs(a.lo-want[0]) > 1e-9 || math.Abs(a.hi-want[1]) > 1e-9 {
			t.Errorf("%s from %g to %g, want %g to %g", panels[i].title, a.lo, a.hi, want[0], want[1])
		}
	}
}

// TestCurvesConstantRate looks for a constant learning rate in the third panel: a line from edge to edge, 2 CSS pixels
// thick.
func TestCurvesConstantRate(t *testing.T) {
	img := paintPNG(t, curvesOf(Run{Rows: rows(5)}))
	width := float64(img.Bounds().Dx()) / dense
	got := count(img, width*0.72, 0, width*0.2, float64(img.Bounds().Dy())/dense, blue)
	if want := width * 0.2 * dense; float64(got) < want*2 || float64(got) > want*6 {
		t.Errorf("%d pixels of the line in a fifth of the picture, want about %g", got, want*4)
	}
}

func TestCurvesWithoutValidation(t *testing.T) {
	r := rows(4)
	for i := range r {
		r[i].Val = nil
	}
	s := paintSVG(t, curvesOf(Run{Rows: r}))
	if s.has("validation") || s.strokes(vermilionHex, false) != 0 {
		t.Error("validation is drawn")
	}
	if !s.has("training") || s.strokes(blueHex, true) != 3 {
		t.Error("training is not drawn")
	}
}

// TestCurvesNotFinite: a line of seven epochs whose third is not finite becomes two lines, and a run without a finite
// value can be drawn.
func TestCurvesNotFinite(t *testing.T) {
	if s := paintSVG(t, curvesOf(Run{Rows: rows(7)})); s.has("not finite") {
		t.Error("a cross is explained where all values are finite")
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		r := rows(7)
		r[2].Train.Loss = bad
		s := paintSVG(t, curvesOf(Run{Rows: r}))
		if got := s.strokes(blueHex, true); got != 4 {
			t.Errorf("%g: %d dashed lines, want 2 for loss, 1 for accuracy, 1 in the legend", bad, got)
		}
		if got := s.strokes(blueHex, false); got != 3 {
			t.Errorf("%g: %d solid lines of training's colour, want the learning rate and a cross of two", bad, got)
		}
		if !s.has("not finite") {
			t.Errorf("%g: the cross is not explained", bad)
		}
	}
	r := rows(2)
	for i := range r {
		nan := infer.Score{Loss: math.NaN(), Accuracy: math.NaN()}
		r[i].Train, r[i].Val, r[i].LR = nan, &nan, math.NaN()
	}
	if s := paintSVG(t, curvesOf(Run{Rows: r})); s.has("best epoch") || !s.has("not finite") {
		t.Errorf("nothing finite: texts %q", s.texts)
	}
}

// TestCurvesOneEpoch: one epoch is drawn as dots, with a ring around the best.
func TestCurvesOneEpoch(t *testing.T) {
	img := paintPNG(t, curvesOf(Run{Rows: rows(1)}))
	if n := count(img, 0, 100, 1200, 300, blue); n < 3*80 {
		t.Errorf("%d pixels of training below the legend, want three dots of 6 CSS pixels (of 113 pixels each)", n)
	}
	if n := count(img, 0, 100, 400, 300, vermilion); n < 80 {
		t.Errorf("%d pixels of validation in the first panel, want a dot of 6 CSS pixels", n)
	}
}

func TestCurvesCompared(t *testing.T) {
	for _, n := range []int{2, 7, 8, maxRuns} {
		var runs []Run
		for i := range n {
			runs = append(runs, Run{Name: fmt.Sprintf("run %d", i), Rows: rows(3 + i)})
		}
		s := paintSVG(t, curvesOf(runs...))
		seen := map[string]bool{}
		for i, c := range lineColors(n) {
			hex := fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B)
			if seen[hex] {
				t.Errorf("%d runs: colour %s twice", n, hex)
			}
			seen[hex] = true
			if s.strokes(hex, true) != 2 || s.strokes(hex, false) != 5 {
				t.Errorf("%d runs: run %d has %d dashed and %d solid lines, want 2 and 5",
					n, i, s.strokes(hex, true), s.strokes(hex, false))
			}
		}
	}
}

// TestLegendFits: long names stay inside the picture.
func TestLegendFits(t *testing.T) {
	var runs []Run
	for i := range 9 {
		runs = append(runs, Run{Name: strings.Repeat("very long ", 10*i+1), Rows: rows(2)})
	}
	l := legendOf(runs, tracePanels(runs))
	at, n := l.place(1000)
	for i, e := range l {
		if right := at[i][0] + sampleWidth + sampleGap + textStyle.width(e.text); right > 1000 {
			t.Errorf("entry %q ends at %g of 1000", e.text, right)
		}
		if row := at[i][1] / legendRow; row != math.Trunc(row) || int(row) >= n {
			t.Errorf("entry %q in row %g of %d", e.text, row, n)
		}
	}
}

// TestBest: of equally good epochs the first is the best, as it is for the best weights.
func TestBest(t *testing.T) {
	score := func(a float64) *infer.Score { return &infer.Score{Accuracy: a} }
	r := Run{Rows: []train.Row{{Epoch: 1, Val: score(0.5)}, {Epoch: 2}, {Epoch: 3, Val: score(0.9)},
		{Epoch: 4, Val: score(math.NaN())}, {Epoch: 5, Val: score(0.9)}}}
	if b := r.best(); b == nil || b.Epoch != 3 {
		t.Errorf("best %+v, want epoch 3", b)
	}
	if b := (Run{Rows: []train.Row{{Epoch: 1}, {Epoch: 2, Val: score(math.NaN())}}}).best(); b != nil {
		t.Errorf("best %+v, want none", b)
	}
}

func TestCurvesErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.png")
	wantError(t, Curves(path, nil, Options{}), "curves: no epochs in 0 runs")
	wantError(t, Curves(path, []Run{{Name: "a"}, {Name: "b"}}, Options{}), "curves: no epochs in 2 runs")
	wantError(t, Curves(path, make([]Run, 31), Options{}), "curves: 31 runs, at most 30")
}

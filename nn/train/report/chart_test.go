package report

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// value converts a coordinate back to a value, by the first and the last tick of its axis.
func value(t *testing.T, ticks []tick, at float64) float64 {
	t.Helper()
	number := func(s string) float64 {
		x, err := strconv.ParseFloat(strings.NewReplacer(",", "", "\u00a0%", "").Replace(s), 64)
		must(t, err)
		return x
	}
	a, b := ticks[0], ticks[len(ticks)-1]
	return number(a.Label) + (at-a.At)/(b.At-a.At)*(number(b.Label)-number(a.Label))
}

var pointOf = regexp.MustCompile(`([ML])([\d.]+) ([\d.]+)`)

// TestCurves converts every point of every curve back to its value. Coordinates are rounded to a tenth of a pixel, so
// each is off by at most 1/4520 of an axis of 226 pixels, and so are the two ticks.
func TestCurves(t *testing.T) {
	runs := sample()[:1]
	rows := runs[0].Rows
	all := charts(runs)
	want := map[string][2]func(i int) float64{ // of training and of validation
		"Loss": {func(i int) float64 { return rows[i].Train.Loss },
			func(i int) float64 { return rows[i].Val.Loss }},
		"Accuracy": {func(i int) float64 { return 100 * rows[i].Train.Accuracy },
			func(i int) float64 { return 100 * rows[i].Val.Accuracy }},
		"Learning rate":     {nil, func(i int) float64 { return rows[i].LR }},
		"Images per second": {nil, func(i int) float64 { return rows[i].ImagesPerSecond }},
	}
	if len(all) != len(want) {
		t.Fatalf("%d charts, want %d", len(all), len(want))
	}
	for _, c := range all {
		kinds := 0
		for _, line := range c.Curves {
			of := want[c.Title][0]
			if line.Val {
				of = want[c.Title][1]
			}
			kinds++
			points := pointOf.FindAllStringSubmatch(line.Path, -1)
			if len(points) != len(rows) {
				t.Fatalf("%s: %d points, want %d", c.Title, len(points), len(rows))
			}
			for i, p := range points {
				x, _ := strconv.ParseFloat(p[2], 64)
				y, _ := strconv.ParseFloat(p[3], 64)
				extent := math.Abs(value(t, c.Y, plot.top) - value(t, c.Y, plot.bottom))
				if got := value(t, c.Y, y); math.Abs(got-of(i)) > 3*extent/4520 {
					t.Errorf("%s: epoch %d is drawn at %g, want %g", c.Title, i+1, got, of(i))
				}
				if got := value(t, c.X, x); math.Abs(got-float64(i+1)) > 0.01 {
					t.Errorf("%s: epoch %d is drawn at epoch %g", c.Title, i+1, got)
				}
				if wantPen := map[bool]string{true: "M", false: "L"}[i == 0]; p[1] != wantPen {
					t.Errorf("%s: epoch %d begins with %s", c.Title, i+1, p[1])
				}
			}
		}
		if wantKinds := map[bool]int{true: 2, false: 1}[want[c.Title][0] != nil]; kinds != wantKinds {
			t.Errorf("%s: %d curves, want %d", c.Title, kinds, wantKinds)
		}
		if len(c.Columns) != len(rows) {
			t.Errorf("%s: %d columns, want %d", c.Title, len(c.Columns), len(rows))
		}
	}
	if got, want := all[0].Columns[6].Text, "Epoch 7\ntraining: 0.2857\nvalidation: 0.3571"; got != want {
		t.Errorf("a column says %q, want %q", got, want)
	}
	if got, want := all[2].Columns[0].Text, "Epoch 1\nLearning rate: 0.1"; got != want {
		t.Errorf("a column says %q, want %q", got, want)
	}
	for title, first := range map[string]string{
		"Loss": "0.0", "Accuracy": "50\u00a0%", "Learning rate": "0.00", "Images per second": "0",
	} {
		for _, c := range all {
			if c.Title == title && c.Y[0].Label != first {
				t.Errorf("%s: the axis begins at %s, want %s", title, c.Y[0].Label, first)
			}
		}
	}
	for _, c := range all[:2] { // epoch 7 is the best
		if len(c.Best) != 1 || math.Abs(value(t, c.X, c.Best[0].X)-7) > 0.01 {
			t.Errorf("%s: best epochs marked at %+v, want at 7", c.Title, c.Best)
		}
	}
}

// TestGaps: a value that is not finite leaves a gap in the line; a value between two gaps is a point; a figure without
// values is left out.
func TestGaps(t *testing.T) {
	rows := epochs(7)
	for i := range rows {
		rows[i].Val, rows[i].LR = nil, math.NaN()
	}
	rows[1].Train.Loss, rows[3].Train.Loss = math.NaN(), math.Inf(1) // epochs 1, 3 and 5 to 7 remain
	all := charts([]Run{{Rows: rows}})
	if len(all) != 3 || all[0].Title != "Loss" || all[1].Title != "Accuracy" || all[2].Title != "Images per second" {
		t.Fatalf("%d charts, want loss, accuracy and images per second", len(all))
	}
	c := all[0]
	if len(c.Curves) != 1 || strings.Count(c.Curves[0].Path, "M") != 1 || strings.Count(c.Curves[0].Path, "L") != 2 {
		t.Errorf("curves %+v, want one of three points", c.Curves)
	}
	if len(c.Points) != 2 || math.Round(value(t, c.X, c.Points[0].X)) != 1 ||
		math.Round(value(t, c.X, c.Points[1].X)) != 3 {
		t.Errorf("points %+v, want epochs 1 and 3", c.Points)
	}
	if len(c.Columns) != 5 || len(c.Best) != 0 {
		t.Errorf("%d columns and %d best epochs, want 5 and none", len(c.Columns), len(c.Best))
	}
}

// TestSeveral: runs of different lengths share axes and columns.
func TestSeveral(t *testing.T) {
	a, b := Run{Name: "a", Rows: epochs(3)}, Run{Name: "b", Rows: epochs(30)}
	c := charts([]Run{a, b})[1]
	if len(c.Curves) != 4 || len(c.Columns) != 30 {
		t.Fatalf("%d curves and %d columns, want 4 and 30", len(c.Curves), len(c.Columns))
	}
	const want = "Epoch 3\na, training: 90.00\u00a0%\na, validation: 76.67\u00a0%\n" +
		"b, training: 90.00\u00a0%\nb, validation: 76.67\u00a0%"
	if got := c.Columns[2].Text; got != want {
		t.Errorf("a column says %q, want %q", got, want)
	}
	if n := len(c.Columns[3].Dots); n != 2 {
		t.Errorf("%d values in epoch 4, want those of b", n)
	}
	last := 0.0
	for _, col := range c.Columns {
		if col.Left < last-0.2 || col.X < col.Left || col.X > col.Left+col.Width {
			t.Errorf("column %+v begins before the one before it ends at %g, or lies beside its middle", col, last)
		}
		last = col.Left + col.Width
	}
}

// TestAxis: the axis of any range holds all of it, is less than a step longer at either end, and has 4 to 8 ticks with
// different labels.
func TestAxis(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		low := 2 * rng.NormFloat64() * math.Pow(10, float64(rng.IntN(10)-5))
		high := low + math.Abs(rng.NormFloat64())*math.Pow(10, float64(rng.IntN(10)-5))
		if high-low < 1e-6*math.Abs(low) {
			continue // closer together than the values of any quantity of a run
		}
		a := newValueAxis(low, high, 0, 100)
		slack := 1e-6 * a.step
		if a.low > low+slack || a.high < high-slack || low-a.low > a.step+slack || a.high-high > a.step+slack {
			t.Errorf("%g to %g: axis %+v", low, high, a)
		}
		ticks := a.ticks(decimals)
		seen := map[string]bool{}
		for _, k := range ticks {
			seen[k.Label] = true
		}
		if len(ticks) < 4 || len(ticks) > 8 || len(seen) != len(ticks) {
			t.Errorf("%g to %g: ticks %+v", low, high, ticks)
		}
	}
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0.3, 0.8, "0.3 0.4 0.5 0.6 0.7 0.8"},
		{0, 0.36, "0.0 0.1 0.2 0.3 0.4"},
		{0, 0.001, "0.0000 0.0002 0.0004 0.0006 0.0008 0.0010"},
		{0, 0.00005, "0 1e-05 2e-05 3e-05 4e-05 5e-05"},
		{0, 2300, "0 500 1000 1500 2000 2500"},
		{0, 0, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{0.85, 0.98, "0.85 0.90 0.95 1.00"},
		{5, 5 + 1e-14, "4.4 4.6 4.8 5.0 5.2 5.4 5.6"},
		{-5, -5, "-5.6 -5.4 -5.2 -5.0 -4.8 -4.6 -4.4"},
		{5, 5, "4.4 4.6 4.8 5.0 5.2 5.4 5.6"},
	} {
		var got []string
		for _, k := range newValueAxis(c.low, c.high, 0, 1).ticks(decimals) {
			got = append(got, k.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%g to %g: ticks %v, want %s", c.low, c.high, got, c.want)
		}
	}
	for n, want := range map[int]string{
		1: "1", 8: "1 2 3 4 5 6 7 8", 20: "1 2 4 6 8 10 12 14 16 18 20",
		30: "1 5 10 15 20 25 30", 90: "1 10 20 30 40 50 60 70 80 90", 300: "1 50 100 150 200 250 300",
	} {
		var got []string
		for _, k := range (epochAxis{n}).ticks() {
			got = append(got, k.Label)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d epochs: ticks %v, want %s", n, got, want)
		}
	}
}

package plots

import (
	"fmt"
	"slices"

	"resnet/nn/train"
)

// entry is a line of the legend. It draws a sample that is sampleWidth wide and has its middle at y, with a text beside
// it.
type entry struct {
	sample func(f *figure, x, y float64)
	text   string
}

// legend is a list of entries that are set in rows.
type legend []entry

const (
	legendRow   = 20.0 // in CSS pixels, as are the lengths below
	sampleWidth = 26.0
	sampleGap   = 7.0
	entryGap    = 22.0
	maxName     = 240.0
)

// legendOf names the curves of the runs and the best epochs.
func legendOf(runs []Run, panels []traces) legend {
	training, validation, _ := pens(len(runs), 0)
	if len(runs) == 1 {
		return meanings(runs, panels, training, validation, "best"+bestText(runs[0].best()))
	}
	var l legend
	for i, r := range runs {
		_, validation, _ := pens(len(runs), i)
		l = append(l, entry{lineSample(validation), textStyle.elide(printable(r.Name), maxName) + bestText(r.best())})
	}
	training.color, validation.color = muted, muted // the same for all runs
	return append(l, meanings(runs, panels, training, validation, "best epoch")...)
}

func bestText(b *train.Row) string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf(": %.2f %% in epoch %d", 100*b.Val.Accuracy, b.Epoch)
}

// meanings names the kinds of lines and marks that are drawn.
func meanings(runs []Run, panels []traces, training, validation pen, ring string) legend {
	l := legend{{lineSample(training), "training"}}
	if slices.ContainsFunc(runs, func(r Run) bool { return len(r.validated()) > 0 }) {
		l = append(l, entry{lineSample(validation), "validation"})
	}
	if slices.ContainsFunc(panels, func(t traces) bool { return len(t.rings) > 0 }) {
		l = append(l, entry{func(f *figure, x, y float64) { f.ring(validation, x+sampleWidth/2, y, ringRadius) }, ring})
	}
	if slices.ContainsFunc(panels, traces.broken) {
		s := pen{color: ink, width: 2}
		cross := func(f *figure, x, y float64) { f.cross(s, x+sampleWidth/2, y, crossRadius) }
		l = append(l, entry{cross, "not finite"})
	}
	return l
}

func lineSample(s pen) func(f *figure, x, y float64) {
	return func(f *figure, x, y float64) { f.line(s, [2]float64{x, y}, [2]float64{x + sampleWidth, y}) }
}

// place returns the position of each entry in rows of at most the given width, and the number of rows.
func (l legend) place(width float64) (at [][2]float64, rows int) {
	x, y := 0.0, 0.0
	for _, e := range l {
		w := sampleWidth + sampleGap + textStyle.width(e.text)
		if x > 0 && x+w > width {
			x, y = 0, y+legendRow
		}
		at = append(at, [2]float64{x, y})
		x += w + entryGap
	}
	return at, int(y/legendRow) + 1
}

// draw draws the entries at the positions from place; (x, y) is the left end of the first row, at half of its height.
func (l legend) draw(f *figure, x, y float64, at [][2]float64) {
	for i, e := range l {
		x, y := x+at[i][0], y+at[i][1]
		e.sample(f, x, y)
		f.text(textStyle, left, x+sampleWidth+sampleGap, y+textStyle.middle(), e.text)
	}
}

package plots

import (
	"fmt"
	"math"
	"slices"

	"resnet/nn/train"
)

// Run is a run whose curves are drawn. Its name is shown in the legend if there are several.
type Run struct {
	Name string
	Rows []train.Row
}

// maxRuns bounds the legend. More lines could hardly be told apart.
const maxRuns = 30

// Curves plots loss, accuracy and learning rate against epochs, of one run or of several in the same panels. A ring
// marks the best epoch, the first with the highest validation accuracy. A value that is not finite leaves a gap in the
// line and a cross at the upper edge of the panel.
func Curves(path string, runs []Run, o Options) error {
	if len(runs) > maxRuns {
		return fmt.Errorf("plots: curves: %d runs, at most %d in one picture", len(runs), maxRuns)
	}
	first, last := epochRange(runs)
	if first > last {
		return fmt.Errorf("plots: curves: no epochs in %d runs", len(runs))
	}
	const (
		width, height = 1200.0, 260.0 // width of the figure, height of a panel
		gap           = 32.0
	)
	panels := tracePanels(runs)
	legend := legendOf(runs, panels)
	places, rows := legend.place(width - 2*margin)
	top := 88 + legendRow*float64(rows)
	f, err := newFigure(path, width, top+height+54)
	if err != nil {
		return err
	}
	f.heading(o.title("Training curves"), "")
	legend.draw(f, margin, 62, places)

	each := (width - 2*margin - gap*float64(len(panels)-1)) / float64(len(panels))
	for i, t := range panels {
		ys := t.axis()
		labels := noteStyle.widest(ys.labels) + 8
		p := panel{
			figure: f, xs: epochAxis(first, last, 8), ys: ys,
			x: margin + float64(i)*(each+gap) + labels, y: top, w: each - labels, h: height,
		}
		p.axes(t.title, "Epoch")
		t.draw(&p)
	}
	return f.save()
}

// epochRange returns the first and the last epoch of all runs; first > last if there is none.
func epochRange(runs []Run) (first, last int) {
	first, last = math.MaxInt, math.MinInt
	for _, r := range runs {
		for _, row := range r.Rows {
			first, last = min(first, row.Epoch), max(last, row.Epoch)
		}
	}
	return first, last
}

// validated returns the rows of the epochs that ended with a validation.
func (r Run) validated() []train.Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row train.Row) bool { return row.Val == nil })
}

// best returns the first epoch with the highest validation accuracy, or nil if no epoch was validated.
func (r Run) best() *train.Row {
	var b *train.Row
	for _, row := range r.validated() {
		if finite(row.Val.Accuracy) && (b == nil || row.Val.Accuracy > b.Val.Accuracy) {
			b = &row
		}
	}
	return b
}

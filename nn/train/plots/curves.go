package plots

import (
	"fmt"
	"math"
	"slices"

	"resnet/nn/train"
)

// Run is a run whose curves are drawn. The name tells it from the others.
type Run struct {
	Name string
	Rows []train.Row
}

// maxRuns bounds the legend; more lines could hardly be told apart.
const maxRuns = 30

// Curves draws loss, accuracy and learning rate over the epochs of one run, or of several over each other. The best
// epoch, the first with the highest validation accuracy, has a ring. Where a value is not finite the line is broken and
// a cross stands at the panel's upper edge.
func Curves(path string, runs []Run, o Options) error {
	if len(runs) > maxRuns {
		return fmt.Errorf("plots: curves: %d runs, at most %d in one picture", len(runs), maxRuns)
	}
	first, last := epochRange(runs)
	if first > last {
		return fmt.Errorf("plots: curves: no epochs in %d runs", len(runs))
	}
	const (
		width, height = 1200.0, 260.0 // of the figure, of a panel
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

// epochRange has first > last where no run has an epoch.
func epochRange(runs []Run) (first, last int) {
	first, last = math.MaxInt, math.MinInt
	for _, r := range runs {
		for _, row := range r.Rows {
			first, last = min(first, row.Epoch), max(last, row.Epoch)
		}
	}
	return first, last
}

// validated are the rows of epochs after which the run was validated.
func (r Run) validated() []train.Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row train.Row) bool { return row.Val == nil })
}

// best is the first epoch with the highest validation accuracy, nil where there is none.
func (r Run) best() *train.Row {
	var b *train.Row
	for _, row := range r.validated() {
		if finite(row.Val.Accuracy) && (b == nil || row.Val.Accuracy > b.Val.Accuracy) {
			b = &row
		}
	}
	return b
}

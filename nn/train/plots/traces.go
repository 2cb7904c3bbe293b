package plots

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"resnet/nn/train"
)

// trace is one quantity over the epochs: points (epoch, value), of which values need not be finite.
type trace struct {
	pen    pen
	points [][2]float64
}

// mark is a point to be marked by a ring.
type mark struct {
	pen pen
	at  [2]float64
}

const ( // CSS pixels
	ringRadius  = 4.5
	crossRadius = 4.0
)

// traces is the content of one panel of the curves.
type traces struct {
	title string
	zero  bool // the y axis starts at zero
	lines []trace
	rings []mark
}

// tracePanels returns the three panels of the curves.
func tracePanels(runs []Run) []traces {
	loss, accuracy := traces{title: "Loss"}, traces{title: "Accuracy, %"}
	rate := traces{title: "Learning rate", zero: true}
	for i, r := range runs {
		training, validation, schedule := pens(len(runs), i)
		loss.add(training, r.Rows, func(r train.Row) float64 { return r.Train.Loss })
		loss.add(validation, r.validated(), func(r train.Row) float64 { return r.Val.Loss })
		accuracy.add(training, r.Rows, func(r train.Row) float64 { return 100 * r.Train.Accuracy })
		accuracy.add(validation, r.validated(), func(r train.Row) float64 { return 100 * r.Val.Accuracy })
		rate.add(schedule, r.Rows, func(r train.Row) float64 { return r.LR })
		if b := r.best(); b != nil {
			at := [2]float64{float64(b.Epoch), 100 * b.Val.Accuracy}
			accuracy.rings = append(accuracy.rings, mark{validation, at})
		}
	}
	return []traces{loss, accuracy, rate}
}

// pens returns the pens of run i of n. Training is a thin dashed line. With one run, training and validation have
// different colours; with several, each run has its colour.
func pens(n, i int) (training, validation, schedule pen) {
	thin, thick := lineColors(n)[i], lineColors(n)[i]
	if n == 1 {
		thick = vermilion
	}
	training = pen{color: thin, width: 1.5, dash: []vg.Length{4 * px, 2.5 * px}}
	return training, pen{color: thick, width: 2}, pen{color: thin, width: 2}
}

func (t *traces) add(s pen, rows []train.Row, value func(train.Row) float64) {
	line := trace{pen: s}
	for _, r := range rows {
		line.points = append(line.points, [2]float64{float64(r.Epoch), value(r)})
	}
	t.lines = append(t.lines, line)
}

// broken reports whether a value is not finite, which leaves a gap in its line.
func (t traces) broken() bool {
	return slices.ContainsFunc(t.lines, func(l trace) bool {
		return slices.ContainsFunc(l.points, func(at [2]float64) bool { return !finite(at[1]) })
	})
}

// axis returns a y axis for all finite values.
func (t traces) axis() scale {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, l := range t.lines {
		for _, at := range l.points {
			if finite(at[1]) {
				lo, hi = min(lo, at[1]), max(hi, at[1])
			}
		}
	}
	switch {
	case lo > hi:
		lo, hi = 0, 1
	case t.zero:
		lo, hi = min(lo, 0), 1.1*hi
	}
	return valueAxis(lo, hi, 7)
}

func (t traces) draw(p *panel) {
	for i, l := range t.lines {
		var whole [][2]float64 // points since the last value that is not finite
		for _, at := range l.points {
			if finite(at[1]) {
				whole = append(whole, at)
				continue
			}
			p.curve(l.pen, whole)
			whole = nil
			x, y := p.at(at[0], p.ys.hi)[0], p.y
			if i%2 == 1 {
				y += 3 * crossRadius // below the cross of training, which is usually at the same epoch
			}
			p.cross(pen{color: l.pen.color, width: 2}, x, y, crossRadius)
		}
		p.curve(l.pen, whole)
	}
	for _, r := range t.rings {
		at := p.at(r.at[0], r.at[1])
		p.disc(at[0], at[1], ringRadius, background)
		p.ring(r.pen, at[0], at[1], ringRadius)
	}
}

// finite reports whether a value can be drawn. Beyond 1e300 the arithmetic of an axis would overflow.
func finite(x float64) bool { return math.Abs(x) <= 1e300 }

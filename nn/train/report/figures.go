package report

import (
	"resnet/nn/infer"
	"resnet/nn/train"
)

// A figure describes what a chart shows.
type figure struct {
	title    string
	tick     func(x, step float64) string // formats the numbers at the axis
	value    func(x float64) string       // formats numbers elsewhere
	fromZero bool                         // the axis starts at 0
	train    func(*train.Row) float64
	val      func(*infer.Score) float64 // nil: a quantity of training only
}

var figures = []figure{
	{
		title: "Loss", tick: decimals, value: loss, fromZero: true,
		train: func(r *train.Row) float64 { return r.Train.Loss },
		val:   func(s *infer.Score) float64 { return s.Loss },
	}, {
		title: "Accuracy", tick: percents, value: percent,
		train: func(r *train.Row) float64 { return r.Train.Accuracy },
		val:   func(s *infer.Score) float64 { return s.Accuracy },
	}, {
		title: "Learning rate", tick: decimals, value: exact, fromZero: true,
		train: func(r *train.Row) float64 { return r.LR },
	}, {
		title: "Images per second", value: thousands, fromZero: true,
		tick:  func(x, _ float64) string { return thousands(x) },
		train: func(r *train.Row) float64 { return r.ImagesPerSecond },
	},
}

// A series is one quantity of one run over its epochs.
type series struct {
	name  string
	color int
	val   bool
	rows  []train.Row
	of    func(*train.Row) (float64, bool) // false: the epoch has no value
	best  *train.Row                       // the row to mark, or nil
}

// series returns the lines of a figure. If there are several runs, the names of the lines include those of the runs.
func (f *figure) series(runs []Run) []series {
	var all []series
	for i := range runs {
		r := &runs[i]
		name := func(what string) string {
			if len(runs) == 1 {
				return what
			}
			if f.val == nil {
				return r.Name
			}
			return r.Name + ", " + what
		}
		training := func(row *train.Row) (float64, bool) { return f.train(row), true }
		if f.val == nil {
			all = append(all, series{name(f.title), i % colors, true, r.Rows, training, nil})
			continue
		}
		all = append(all, series{name("training"), i % colors, false, r.Rows, training, nil})
		validation := func(row *train.Row) (float64, bool) {
			if row.Val == nil {
				return 0, false
			}
			return f.val(row.Val), true
		}
		all = append(all, series{name("validation"), i % colors, true, r.Rows, validation, best(r.Rows)})
	}
	return all
}

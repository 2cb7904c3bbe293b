package report

import (
	"fmt"
	"html/template"

	"resnet/nn/train"
)

// A view is the content of the page in the form that its template needs.
type view struct {
	Style  template.CSS
	Script template.JS

	Title       string
	Runs        []*runView
	Charts      []chart
	Validated   bool // at least one run has a validation
	Config      table
	Environment table
}

// A runView is the part of a run in a view.
type runView struct {
	*Run
	Color      int // index of its colour
	Best       *train.Row
	Seconds    float64 // the sum over all epochs
	Speed      float64 // images per second, the median over epochs
	Evaluation *evaluationView
	Gallery    []picture
}

// colors is the number of colours for runs in style.css.
const colors = 8

func newView(runs []Run, o Options) (*view, error) {
	v := &view{Style: style, Script: script, Title: o.Title}
	var configs, environments [][]Pair
	for i := range runs {
		r, err := newRunView(&runs[i], i%colors)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", runs[i].Name, err)
		}
		config, err := settings(&r.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		v.Validated = v.Validated || r.Best != nil && r.Best.Val != nil
		v.Runs, configs, environments = append(v.Runs, r), append(configs, config), append(environments, r.Environment)
	}
	v.Charts = charts(runs)
	v.Config, v.Environment = compare(configs), compare(environments)
	v.Config.Runs, v.Environment.Runs = v.Runs, v.Runs
	switch {
	case v.Title != "":
	case len(runs) == 1:
		v.Title = fmt.Sprintf("%s on %s", runs[0].Config.Model, runs[0].Config.Dataset)
	default:
		v.Title = fmt.Sprintf("%d training runs", len(runs))
	}
	return v, nil
}

func newRunView(r *Run, color int) (*runView, error) {
	if err := checkEpochs(r.Rows); err != nil {
		return nil, err
	}
	v := &runView{Run: r, Color: color, Best: best(r.Rows), Speed: medianSpeed(r.Rows)}
	for _, row := range r.Rows {
		v.Seconds += row.Seconds
	}
	var err error
	if v.Evaluation, err = newEvaluationView(r.Evaluation); err != nil {
		return nil, err
	}
	v.Gallery, err = gallery(r.Mistakes)
	return v, err
}

// Validation says which images the run was validated on, for the template.
func (r *runView) Validation() string {
	switch r.Config.Val {
	case train.ValTest:
		return "test split"
	case train.ValSplit:
		return "validation split"
	}
	return "held-out images"
}

// checkEpochs checks that epochs rise, start at 1 or later and stay in a range for which a page can be drawn.
func checkEpochs(rows []train.Row) error {
	const most = 1 << 20
	last := 0
	for _, r := range rows {
		if r.Epoch <= last || r.Epoch > most {
			return fmt.Errorf("epoch %d after %d, want more than that and at most %d", r.Epoch, last, most)
		}
		last = r.Epoch
	}
	return nil
}

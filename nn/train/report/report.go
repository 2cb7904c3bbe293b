package report

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"image"
	"io"

	"resnet/nn/train"
)

// A Run is what the page says about a run.
type Run struct {
	Name   string // what the page calls it; Load takes that of its directory
	Config train.Config
	Rows   []train.Row // by epoch

	// Evaluation is of the best weights on the images of Split, "test" or "validation", with the names of its classes;
	// nil leaves it out.
	Evaluation *train.Evaluation
	Split      string
	// Mistakes are shown in their order, so the surest belong first.
	Mistakes []Mistake

	// Environment is what else there is to know, such as the host, versions and the command line.
	Environment []Pair
}

// A Mistake is an image whose prediction was wrong.
type Mistake struct {
	Image       image.Image
	Label       string  // the class it is of
	Predicted   string  // the class it was taken for
	Probability float64 // that the network gave to it
	Index       int     // of the image in the split
}

// A Pair is a name and what it stands for.
type Pair struct{ Name, Value string }

// Options say how the page looks. The zero value is good.
type Options struct {
	Title string // empty: model and data set, or the number of runs
}

var (
	//go:embed page.html
	pageText string
	//go:embed style.css
	style template.CSS
	//go:embed hover.js
	script template.JS
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": percent, "thousands": thousands, "count": count, "duration": duration, "loss": loss, "exact": exact,
}).Parse(pageText))

// Write writes the page. Its bytes depend on the arguments alone.
func Write(w io.Writer, runs []Run, o Options) error {
	if len(runs) == 0 {
		return errors.New("report: no runs, want at least one")
	}
	v, err := newView(runs, o)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer // so that nothing is written of a page that fails
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = b.WriteTo(w)
	return err
}

package report

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"image"
	"io"

	"resnet/nn/infer"
	"resnet/nn/train"
)

// A Run is the data about a run that the page shows.
type Run struct {
	Name   string // shown on the page; Load takes the name of the directory
	Config train.Config
	Rows   []train.Row // by epoch

	// Evaluation is that of the best weights on the images of Split, "test" or "validation"; nil leaves it out.
	Evaluation *infer.Evaluation
	Split      string
	// Mistakes are shown in the given order; put the most confident first.
	Mistakes []Mistake

	// Environment describes where the run ran: host, versions, command line and so on.
	Environment []Pair
}

// A Mistake is an image whose prediction was wrong.
type Mistake struct {
	Image       image.Image
	Label       string  // its true class
	Predicted   string  // the predicted class
	Probability float64 // of the predicted class
	Index       int     // of the image in its split
}

// A Pair is a name and a value.
type Pair struct{ Name, Value string }

// Options change the page. The zero value is ready to use.
type Options struct {
	Title string // empty: made of model and data set, or of the number of runs
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
	var b bytes.Buffer // so that a failing template writes nothing
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = b.WriteTo(w)
	return err
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train"
	"resnet/nn/train/plots"
	"resnet/nn/train/tensorboard"
	"resnet/nn/weights"
)

// observer follows a run: it keeps what hooks need to know of its beginning, records it for TensorBoard and draws what
// it came to.
type observer struct {
	train.StartInfo
	c *cli.Context
}

func newObserver(c *cli.Context) (*observer, error) {
	if c.Bool("no-tensorboard") && c.IsSet("histograms") {
		return nil, usagef("--histograms with --no-tensorboard: TensorBoard is what they are for")
	}
	return &observer{c: c}, nil
}

func (w *observer) hooks() train.Hooks {
	h := train.Hooks{Start: func(s *train.StartInfo) error { w.StartInfo = *s; return nil }}
	if !w.c.Bool("no-tensorboard") {
		h = train.Join(h, tensorboard.Hooks("", w.recorded()))
	}
	if !w.c.Bool("no-plots") {
		h = train.Join(h, train.Hooks{End: w.end})
	}
	return h
}

// recorded is what TensorBoard gets besides scalars.
func (w *observer) recorded() (o tensorboard.Options) {
	histograms := w.c.String("histograms")
	o.Weights = histograms != "none"
	if histograms == "gradients" {
		o.Gradients = w.gradient
	}
	if !w.c.Bool("no-plots") {
		o.Images = w.pictures
	}
	return o
}

// shownImages of the test split are followed from epoch to epoch.
const shownImages = 10

// pictures shows what the network makes of the first test images after an epoch. A whole batch is predicted, as
// validation has done: another number of images would be bound on its own.
func (w *observer) pictures(*train.EpochInfo) (draw func() ([]tensorboard.Image, error), err error) {
	set := w.Source.Test
	n := min(shownImages, set.Len())
	batch := min(max(n, w.Plan.EvalBatch), set.Len())
	probs, err := infer.Predict(w.Exec, set.Pixels[:batch*len(set.Image(0))], batch)
	if err != nil {
		return nil, err
	}
	items := make([]plots.Item, n)
	for i := range items {
		items[i] = itemOf(set, "test", i)
		items[i].Probs = probs[i]
	}
	return func() ([]tensorboard.Image, error) { return w.drawPredictions(items) }, nil
}

func (w *observer) drawPredictions(items []plots.Item) (list []tensorboard.Image, err error) {
	dir, err := os.MkdirTemp("", "resnet-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "predictions.png")
	if err := plots.Predictions(path, items, gridOf(w.Model, w.Source.ClassNames)); err != nil {
		return nil, err
	}
	png, err := os.ReadFile(path)
	return []tensorboard.Image{{Tag: "predictions", PNG: png}}, err
}

func (w *observer) gradient(v nn.Value) ([]float32, error) {
	return readTensor(w.Exec, w.Graph, nn.Ref{Value: v, Role: nn.Grad})
}

// end draws a finished run. The run is worth more than its pictures: without them there is a warning, also under
// --quiet, and no error.
func (w *observer) end(r *train.Result) error {
	if err := w.draw(r); err != nil {
		fmt.Fprintf(w.c.App.ErrWriter, "warning: not all pictures could be drawn: %s\n", oneLine(err))
	}
	return nil
}

func (w *observer) draw(r *train.Result) error {
	curves := plots.Curves(filepath.Join(r.Dir, "curves.png"), []plots.Run{{Rows: r.Rows}}, plots.Options{})
	return errors.Join(curves, w.drawBest(r))
}

// drawBest draws the best weights on the test split.
func (w *observer) drawBest(r *train.Result) error {
	e := r.Test
	if e == nil {
		if err := weights.Load(r.BestWeights, w.Exec, w.Graph); err != nil {
			return err
		}
		var err error
		if e, err = infer.Evaluate(w.c.Context, w.Exec, w.Source.Test, nil); err != nil {
			return err
		}
	}
	d := drawing{w.Exec, w.Graph, e, w.Source.Test, "test", gridOf(w.Model, w.Source.ClassNames)}
	return d.draw(r.Dir)
}

package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train"
	"resnet/nn/train/plots"
	"resnet/nn/train/tensorboard"
	"resnet/nn/weights"
)

// observer follows a run by hooks: it records the run for TensorBoard and draws its results at the end.
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

func (ob *observer) hooks() train.Hooks {
	h := train.Hooks{Start: func(s *train.StartInfo) error { ob.StartInfo = *s; return nil }}
	if !ob.c.Bool("no-tensorboard") {
		h = train.Join(h, train.Lenient(tensorboard.Hooks("", ob.recorded()), func(err error) {
			fmt.Fprintf(ob.c.App.ErrWriter, "warning: not all is recorded: %s\n", oneLine(err))
		}))
	}
	if !ob.c.Bool("no-plots") {
		h = train.Join(h, train.Hooks{End: ob.end})
	}
	return h
}

// recorded returns what is recorded for TensorBoard besides scalars.
func (ob *observer) recorded() (o tensorboard.Options) {
	histograms := ob.c.String("histograms")
	o.Weights = histograms != "none"
	if histograms == "gradients" {
		o.Gradients = ob.gradient
	}
	if !ob.c.Bool("no-plots") {
		o.Images = ob.pictures
	}
	return o
}

// shownImages is how many images of the test split TensorBoard shows with their predictions of each epoch.
const shownImages = 10

// pictures shows the predictions for the first test images after an epoch. It predicts a whole batch of validation,
// since a batch of another size would need a program of its own on a GPU.
func (ob *observer) pictures(*train.EpochInfo) (draw func() ([]tensorboard.Image, error), err error) {
	set := ob.Source.Test
	n := min(shownImages, set.Len())
	batch := min(max(n, ob.Plan.EvalBatch), set.Len())
	probs, err := infer.Predict(ob.Exec, set.Pixels[:batch*len(set.Image(0))], batch)
	if err != nil {
		return nil, err
	}
	items := make([]plots.Item, n)
	for i := range items {
		items[i] = itemOf(set, "test", i)
		items[i].Probs = probs[i]
	}
	return func() ([]tensorboard.Image, error) { return ob.drawPredictions(items) }, nil
}

func (ob *observer) drawPredictions(items []plots.Item) ([]tensorboard.Image, error) {
	png, err := plots.PredictionsPNG(items, gridOf(ob.Model, ob.Source.ClassNames))
	if err != nil {
		return nil, err
	}
	return []tensorboard.Image{{Tag: "predictions", PNG: png}}, nil
}

func (ob *observer) gradient(v nn.Value) ([]float32, error) {
	return readTensor(ob.Exec, ob.Graph, nn.Ref{Value: v, Role: nn.Grad})
}

// end draws a finished run. A picture that cannot be drawn is a warning, also under --quiet, and no error: the run
// itself is complete.
func (ob *observer) end(r *train.Result) error {
	if err := ob.draw(r); err != nil {
		fmt.Fprintf(ob.c.App.ErrWriter, "warning: not all pictures could be drawn: %s\n", oneLine(err))
	}
	return nil
}

func (ob *observer) draw(r *train.Result) error {
	curves := plots.Curves(filepath.Join(r.Dir, "curves.png"), []plots.Run{{Rows: r.Rows}}, plots.Options{})
	return errors.Join(curves, ob.drawBest(r))
}

// drawBest draws the best weights on the test split.
func (ob *observer) drawBest(r *train.Result) error {
	e := r.Test
	if e == nil {
		if err := weights.Load(r.BestWeights, ob.Exec, ob.Graph); err != nil {
			return err
		}
		var err error
		if e, err = infer.Evaluate(ob.c.Context, ob.Exec, ob.Source.Test, nil); err != nil {
			return err
		}
	}
	d := drawing{ob.Exec, ob.Graph, e, ob.Source.Test, "test", gridOf(ob.Model, ob.Source.ClassNames)}
	return d.draw(r.Dir)
}

package main

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train"
	"resnet/nn/train/plots"
	"resnet/nn/train/report"
)

func reportCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "report.html",
			Usage: "write the page to `FILE`"},
		&cli.StringFlag{Name: "title", Usage: "of the page", DefaultText: "model and data set, or the number of runs"},
		boolFlag("no-eval", "leave out how the best weights do on the test split"),
		&cli.StringFlag{Name: "data-dir", Usage: "`DIR` with the data set's files",
			DefaultText: "where the run had them"},
	}
	return &cli.Command{
		Name: "report", Usage: "write a web page about runs", ArgsUsage: "RUN...",
		Description: `One file with all in it: key figures, curves, how the best weights do on each
class of the test split, their surest mistakes, configuration and machine.
Several runs are laid over each other. Without the data set the page says less,
and a warning more.

examples:
   resnet report runs/mine
   resnet report runs/* -o comparison.html --title "Learning rates"
   resnet report runs/mine --no-eval -o curves.html`,
		Flags: append(flags, deviceFlags(nn.TuneCached)...), Action: runReport,
	}
}

func runReport(c *cli.Context) error {
	dirs := c.Args().Slice()
	if len(dirs) == 0 {
		return usagef("report: no runs given, want resnet report RUN... (directories such as runs/DIR)")
	}
	if _, _, err := deviceOf(c); err != nil {
		return err
	}
	var runs []report.Run
	for _, dir := range dirs {
		r, err := report.Load(dir)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	for i, dir := range dirs {
		if c.Bool("no-eval") {
			break
		}
		if err := examine(c, &runs[i], dir); err != nil {
			if c.Context.Err() != nil {
				return err
			}
			fmt.Fprintf(c.App.ErrWriter, "warning: %s: not evaluated: %s\n", printable(dir), oneLine(err))
		}
	}
	path := c.String("output")
	o := report.Options{Title: c.String("title")}
	if err := writeOutput(path, func(w io.Writer) error { return report.Write(w, runs, o) }); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.App.Writer, path)
	return err
}

// examine evaluates a run's best weights on the test split.
func examine(c *cli.Context, r *report.Run, dir string) (err error) {
	m, err := openWeights(c, filepath.Join(dir, "weights", "best.safetensors"), maxPredictBatch)
	if err != nil {
		return err
	}
	defer closeInto(&err, m)
	place := train.DataDir(dir, r.Config.DataDir)
	if c.IsSet("data-dir") {
		place = c.String("data-dir")
	}
	src, err := openFor(c, m, m.Metadata().Dataset, place)
	if err != nil {
		return err
	}
	e, err := m.Evaluate(c.Context, src.Test)
	if err != nil {
		return err
	}
	r.Evaluation, r.Split, r.Mistakes = e, "test", mistakes(m, e, src.Test)
	return nil
}

// mistakes lists the most confident mistakes, as the page shows them.
func mistakes(m *infer.Model, e *infer.Evaluation, set *data.Set) []report.Mistake {
	items := itemsOf(set, "test", e.Probabilities)
	index := make(map[string]int, len(items))
	for i := range items {
		index[items[i].Name] = i
	}
	surest := plots.MostConfidentMistakes(items)
	var all []report.Mistake
	for _, it := range surest[:min(gallerySize, len(surest))] {
		top := picturesOf(m, []plots.Item{it}, 1)[0].Top[0]
		all = append(all, report.Mistake{
			Image: imageOf(it.Pixels, set), Label: m.Classes()[it.Label],
			Predicted: top.Class, Probability: top.Probability, Index: index[it.Name],
		})
	}
	return all
}

// imageOf returns an image of a set, grey or RGB.
func imageOf(pixels []byte, set *data.Set) image.Image {
	im := image.NewRGBA(image.Rect(0, 0, set.W, set.H))
	for i := range set.W * set.H {
		p := pixels[i*set.C : (i+1)*set.C]
		im.SetRGBA(i%set.W, i/set.W, color.RGBA{p[0], p[set.C/2], p[set.C-1], 255})
	}
	return im
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/nn"
	"resnet/nn/infer"
)

func evalCommand() *cli.Command {
	flags := []cli.Flag{weightsFlag()}
	flags = append(flags, datasetFlags()...)
	flags = append(flags,
		&cli.IntFlag{Name: "batch-size", Aliases: []string{"b"}, Value: 128,
			Usage: "images at once; the result does not depend on it"},
		&cli.StringFlag{Name: "plots",
			Usage: "draw the confusion matrix, predictions, mistakes and filters into `DIR`"},
		checkFlag(), formatFlag("table", "json"))
	flags = append(flags, deviceFlags(nn.TuneCached)...)
	return &cli.Command{
		Name: "eval", Aliases: []string{"evaluate"}, Usage: "measure a network on labelled images",
		Description: `Prints loss and accuracy, precision, recall and F1 of each class, and the
confusion matrix: images by label (row) and prediction (column). Of more than 30
classes it lists the commonest mistakes in place of the matrix, which --format
json and --plots have.

examples:
   resnet eval --weights runs/DIR/weights/best.safetensors
   resnet eval --weights FILE --plots pictures
   resnet eval --weights FILE --dataset idx --data-dir mydata --split train --format json`,
		Flags: flags, Action: runEval,
	}
}

// evaluation is what eval prints.
type evaluation struct {
	Weights string `json:"weights"`
	Model   string `json:"model"`
	Dataset string `json:"dataset"`
	Split   string `json:"split"`
	*infer.Evaluation
}

func runEval(c *cli.Context) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	m, err := openModel(c, c.Int("batch-size"))
	if err != nil {
		return err
	}
	defer closeInto(&err, m)
	dataset, set, err := openSplit(c, m)
	if err != nil {
		return err
	}
	e, err := m.Evaluate(c.Context, set)
	if err != nil {
		return err
	}
	if dir := c.String("plots"); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("plots: %w", err)
		}
		d := drawing{m.Executor(), m.Graph(), e, set, c.String("split"), gridOptions(m)}
		if err := d.draw(dir); err != nil {
			return err
		}
	}
	r := &evaluation{c.String("weights"), m.Metadata().Model.Model, dataset, c.String("split"), e}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, r)
	}
	return r.write(c.App.Writer)
}

const (
	widestName  = 40 // columns of a class's name
	maxMatrix   = 30 // classes of which the confusion matrix fits a terminal
	maxMistakes = 20
)

func (r *evaluation) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "weights   %s (%s)\n", printable(r.Weights), printable(r.Model))
	fmt.Fprintf(&b, "images    %s of %s %s\n", thousands(int64(r.Images)), printable(r.Dataset), r.Split)
	fmt.Fprintf(&b, "loss      %.4f\naccuracy  %.2f %%\n\n", r.Loss, 100*r.Accuracy)

	name := len("macro mean")
	for _, s := range r.Classes {
		name = max(name, columns(cell(s.Name, widestName)))
	}
	fmt.Fprintf(&b, "%4s %-*s %9s %9s %9s %9s\n", "", name, "class", "precision", "recall", "f1", "support")
	for i, s := range r.Classes {
		fmt.Fprintf(&b, "%4d %-*s %9.4f %9.4f %9.4f %9d\n",
			i, name, cell(s.Name, widestName), s.Precision, s.Recall, s.F1, s.Support)
	}
	m := r.Macro
	fmt.Fprintf(&b, "%4s %-*s %9.4f %9.4f %9.4f %9d\n\n",
		"", name, "macro mean", m.Precision, m.Recall, m.F1, m.Support)

	if len(r.Classes) <= maxMatrix {
		r.writeMatrix(&b, name)
	} else {
		r.writeMistakes(&b, name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeMatrix writes the confusion matrix; names of classes take name columns.
func (r *evaluation) writeMatrix(b *strings.Builder, name int) {
	fmt.Fprintf(b, "confusion: images by label (row) and prediction (column)\n%4s %-*s", "", name, "")
	for k := range r.Confusion {
		fmt.Fprintf(b, " %5d", k)
	}
	b.WriteByte('\n')
	for i, row := range r.Confusion {
		fmt.Fprintf(b, "%4d %-*s", i, name, cell(r.Classes[i].Name, widestName))
		for _, n := range row {
			fmt.Fprintf(b, " %5d", n)
		}
		b.WriteByte('\n')
	}
}

// confused is how many images of a class were taken for another.
type confused struct{ label, prediction, images int }

// confusions lists those that occurred, the commonest first.
func confusions(confusion [][]int) []confused {
	var all []confused
	for i, row := range confusion {
		for k, n := range row {
			if i != k && n > 0 {
				all = append(all, confused{i, k, n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b confused) int { return cmp.Compare(b.images, a.images) })
	return all
}

// writeMistakes lists the commonest mistakes.
func (r *evaluation) writeMistakes(b *strings.Builder, name int) {
	all := confusions(r.Confusion)
	fmt.Fprintf(b, "commonest mistakes of %s: images by label and prediction\n", thousands(int64(len(all))))
	for _, m := range all[:min(maxMistakes, len(all))] {
		fmt.Fprintf(b, "%6d  %4d %-*s  %4d %s\n", m.images, m.label, name, cell(r.Classes[m.label].Name, widestName),
			m.prediction, cell(r.Classes[m.prediction].Name, widestName))
	}
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn/train"
)

func predictCommand() *cli.Command {
	flags := []cli.Flag{
		weightsFlag(),
		&cli.StringFlag{Name: "indices", Usage: "images of the data set by `LIST`: 0:10,42 is the first ten and number 42"},
		&cli.BoolFlag{Name: "invert", Usage: "the pictures are dark on light, the training images light on dark", DisableDefaultText: true},
		&cli.IntFlag{Name: "top", Value: 3, Usage: "classes to show, the likeliest first"},
	}
	flags = append(flags, datasetFlags()...)
	flags = append(append(flags, deviceFlags()...), formatFlag("table", "json"))
	return &cli.Command{
		Name: "predict", Usage: "say what pictures show", ArgsUsage: "[FILE...]",
		Description: `Pictures are PNG, JPEG or GIF files of any size: they are scaled to the network's
input with their aspect kept and centred.

examples:
   resnet predict --weights runs/DIR/weights/best.safetensors --indices 0:10,42
   resnet predict --weights FILE --invert --top 1 scan.jpg photo.png
   resnet predict --weights FILE --format json boot.png`,
		Flags: flags, Action: runPredict,
	}
}

// picture is one image to predict and what came out.
type picture struct {
	Source string  `json:"source"` // file, or split and index
	Label  *string `json:"label,omitempty"`
	Top    []guess `json:"top"`

	pixels []byte
}

type guess struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
}

// maxPredictBatch bounds the memory that the network takes.
const maxPredictBatch = 128

func runPredict(c *cli.Context) (err error) {
	files, indices := c.Args().Slice(), c.String("indices")
	if len(files) == 0 && indices == "" {
		return usagef("predict: no images given, want picture files or --indices LIST")
	}
	if c.Int("top") < 1 {
		return usagef("--top %d, want at least 1", c.Int("top"))
	}
	wanted, err := parseIndices(indices)
	if err != nil {
		return usagef("--indices %q: %w", indices, err)
	}
	n, err := openNetwork(c, min(max(1, len(files)+len(wanted)), maxPredictBatch))
	if err != nil {
		return err
	}
	defer n.close(&err)
	pictures, err := fromDataset(c, n, wanted)
	if err != nil {
		return err
	}
	for _, f := range files {
		m := n.meta.Model
		pixels, err := data.ReadImageFile(f, m.Height, m.Width, m.Channels, c.Bool("invert"))
		if err != nil {
			return err
		}
		pictures = append(pictures, &picture{Source: f, pixels: pixels})
	}
	if err := n.predict(pictures, c.Int("top")); err != nil {
		return err
	}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, pictures)
	}
	return writePictures(c.App.Writer, pictures)
}

func fromDataset(c *cli.Context, n *network, wanted []int) ([]*picture, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	_, set, err := openSplit(c, n)
	if err != nil {
		return nil, err
	}
	var pictures []*picture
	for _, i := range wanted {
		if i >= set.Len() {
			return nil, usagef("--indices: image %d, want 0 to %d (the %s split has %d)", i, set.Len()-1, c.String("split"), set.Len())
		}
		label := n.className(int(set.Labels[i]))
		pictures = append(pictures, &picture{Source: fmt.Sprintf("%s[%d]", c.String("split"), i), Label: &label, pixels: set.Image(i)})
	}
	return pictures, nil
}

// predict fills in each picture's likeliest classes.
func (n *network) predict(pictures []*picture, top int) error {
	var pixels []byte
	for _, p := range pictures {
		pixels = append(pixels, p.pixels...)
	}
	probs, err := train.Predict(n.exec, n.plan, pixels, len(pictures))
	if err != nil {
		return err
	}
	for i, p := range pictures {
		for k, x := range probs[i] {
			p.Top = append(p.Top, guess{n.className(k), k, float64(x)})
		}
		slices.SortStableFunc(p.Top, func(a, b guess) int { return cmp.Compare(b.Probability, a.Probability) })
		p.Top = p.Top[:min(top, len(p.Top))]
	}
	return nil
}

func writePictures(w io.Writer, pictures []*picture) error {
	source, class := len("image"), len("label")
	labels := false
	for _, p := range pictures {
		source = max(source, len(p.Source))
		for _, g := range p.Top {
			class = max(class, len(g.Class))
		}
		if p.Label != nil {
			class, labels = max(class, len(*p.Label)), true
		}
	}
	var b strings.Builder
	row := func(image, label, prediction string) {
		fmt.Fprintf(&b, "%-*s  ", source, image)
		if labels {
			fmt.Fprintf(&b, "%-*s  ", class, label)
		}
		b.WriteString(prediction + "\n")
	}
	row("image", "label", "prediction")
	for _, p := range pictures {
		label := ""
		if p.Label != nil {
			label = *p.Label
		}
		var top []string
		for _, g := range p.Top {
			top = append(top, fmt.Sprintf("%-*s %6.2f %%", class, g.Class, 100*g.Probability))
		}
		row(p.Source, label, strings.Join(top, "  "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxIndices bounds what a range may name, well above any data set of this kind.
const maxIndices = 1 << 20

// parseIndices reads "0:10,42": single numbers and half-open ranges.
func parseIndices(s string) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	var all []int
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, ":")
		first, err := strconv.Atoi(from)
		end := first + 1
		if err == nil && isRange {
			end, err = strconv.Atoi(to)
		}
		if err != nil || first < 0 {
			return nil, fmt.Errorf("%q, want numbers from 0 and ranges such as 0:10,42", part)
		}
		if end <= first {
			return nil, fmt.Errorf("range %q is empty (its end is not part of it)", part)
		}
		if len(all)+end-first > maxIndices {
			return nil, fmt.Errorf("more than %d images", maxIndices)
		}
		for i := first; i < end; i++ {
			all = append(all, i)
		}
	}
	return all, nil
}

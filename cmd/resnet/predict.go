package main

import (
	"cmp"
	"slices"

	"github.com/urfave/cli/v2"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train/plots"
)

func predictCommand() *cli.Command {
	flags := []cli.Flag{
		weightsFlag(),
		&cli.StringFlag{Name: "indices",
			Usage: "images of the data set by `LIST`: 0:10,42 is the first ten and number 42"},
		&cli.IntFlag{Name: "wrong", Usage: "only the `N` surest mistakes, among --indices or the whole split",
			DefaultText: "all images, right or wrong"},
		&cli.StringFlag{Name: "grid", Usage: "draw the images with their predictions into `FILE`, .png or .svg"},
		boolFlag("invert", "the pictures are dark on light, the training images light on dark"),
		&cli.IntFlag{Name: "top", Value: 3, Usage: "classes to show, the likeliest first"},
	}
	flags = append(flags, datasetFlags()...)
	flags = append(append(flags, deviceFlags(nn.TuneCached)...), formatFlag("table", "json"))
	return &cli.Command{
		Name: "predict", Usage: "say what pictures show", ArgsUsage: "[FILE...]",
		Description: `Pictures are PNG, JPEG, GIF, WebP, BMP or TIFF files: they are turned as their camera
says, scaled to the network's input with their aspect kept, and centred. Of an
animation the first frame counts. A folder stands for the pictures in it, not
for those in its folders.

examples:
   resnet predict --weights runs/DIR/weights/best.safetensors --indices 0:10,42
   resnet predict --weights FILE --invert --top 1 scan.jpg photo.png
   resnet predict --weights FILE --format json boot.png pictures/
   resnet predict --weights FILE --indices 10:20 --grid ten.png
   resnet predict --weights FILE --wrong 25 --grid mistakes.svg`,
		Flags: flags, Action: runPredict,
	}
}

// maxPredictBatch bounds the memory that the network takes.
const maxPredictBatch = 128

func runPredict(c *cli.Context) (err error) {
	args := c.Args().Slice()
	wanted, err := predictOptions(c, args, c.String("indices"))
	if err != nil {
		return err
	}
	files := pictureFiles(c, args)
	batch := len(files) + len(wanted)
	if batch == 0 || batch > maxPredictBatch {
		batch = maxPredictBatch
	}
	m, err := openModel(c, batch)
	if err != nil {
		return err
	}
	defer closeInto(&err, m)
	items, err := fromDataset(c, m, wanted)
	if err != nil {
		return err
	}
	if err := predict(m, items); err != nil {
		return err
	}
	if err := predictFiles(c, m, files); err != nil {
		return err
	}
	if items, err = chosen(c, m, append(items, readable(files)...)); err != nil {
		return err
	}
	pictures := withFailures(picturesOf(m, items, c.Int("top")), files)
	if c.String("format") == "json" {
		err = writeJSON(c.App.Writer, pictures)
	} else {
		err = writePictures(c.App.Writer, pictures)
	}
	return cmp.Or(err, failures(c, files))
}

// predictOptions checks the options before the network is loaded and returns the images that --indices names.
func predictOptions(c *cli.Context, files []string, indices string) ([]int, error) {
	switch wrong := c.IsSet("wrong"); {
	case len(files) == 0 && indices == "" && !wrong:
		return nil, usagef("predict: no images given, want picture files, --indices LIST or --wrong N")
	case wrong && c.Int("wrong") < 1:
		return nil, usagef("--wrong %d, want at least 1", c.Int("wrong"))
	case wrong && len(files) > 0:
		return nil, usagef(
			"predict: --wrong with picture file %q, whose class is not known; want images of the data set", files[0])
	case c.Int("top") < 1:
		return nil, usagef("--top %d, want at least 1", c.Int("top"))
	}
	if err := checkPlotFile("grid", c.String("grid")); err != nil {
		return nil, err
	}
	wanted, err := parseIndices(indices)
	if err != nil {
		return nil, usagef("--indices %q: %w", indices, err)
	}
	return wanted, nil
}

// fromDataset returns the wanted images of the data set; with --wrong and without --indices, all of them.
func fromDataset(c *cli.Context, m *infer.Model, wanted []int) ([]plots.Item, error) {
	all := c.IsSet("wrong") && len(wanted) == 0
	if len(wanted) == 0 && !all {
		return nil, nil
	}
	_, set, err := openSplit(c, m)
	if err != nil {
		return nil, err
	}
	split := c.String("split")
	for _, i := range wanted {
		if i >= set.Len() {
			n := set.Len()
			return nil, usagef("--indices: image %d, want 0 to %d (the %s split has %d)", i, n-1, split, n)
		}
	}
	if all {
		return itemsOf(set, split, nil), nil
	}
	items := make([]plots.Item, len(wanted))
	for k, i := range wanted {
		items[k] = itemOf(set, split, i)
	}
	return items, nil
}

// predict fills in the probabilities.
func predict(m *infer.Model, items []plots.Item) error {
	if len(items) == 0 {
		return nil
	}
	var pixels []byte
	for i := range items {
		pixels = append(pixels, items[i].Pixels...)
	}
	probs, err := m.Predict(pixels)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].Probs = probs[i]
	}
	return nil
}

// chosen returns the items to list, all of them or with --wrong the mistakes, and draws them into --grid.
func chosen(c *cli.Context, m *infer.Model, items []plots.Item) ([]plots.Item, error) {
	grid, most := c.String("grid"), c.Int("wrong")
	draw := plots.Predictions
	if c.IsSet("wrong") {
		draw = func(path string, items []plots.Item, o plots.GridOptions) error {
			return plots.Wrong(path, items, most, o)
		}
	}
	if grid != "" && len(items) > 0 {
		if err := draw(grid, items, gridOptions(m)); err != nil {
			return nil, err
		}
	}
	if c.IsSet("wrong") {
		items = plots.MostConfidentMistakes(items)
		items = items[:min(most, len(items))]
	}
	return items, nil
}

// prediction is one image with its predictions, as printed.
type prediction struct {
	Source string  `json:"source"` // file, or split and index
	Label  *string `json:"label,omitempty"`
	Top    []guess `json:"top"`
	Error  string  `json:"error,omitempty"` // why there are no predictions
}

type guess struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
}

// picturesOf returns the items with their likeliest classes.
func picturesOf(m *infer.Model, items []plots.Item, top int) []prediction {
	classes := m.Classes()
	pictures := make([]prediction, len(items))
	for i, it := range items {
		p := &pictures[i]
		p.Source = it.Name
		if it.Label != plots.NoLabel {
			label := classes[it.Label]
			p.Label = &label
		}
		for k, x := range it.Probs {
			p.Top = append(p.Top, guess{classes[k], k, float64(x)})
		}
		slices.SortStableFunc(p.Top, func(a, b guess) int { return cmp.Compare(b.Probability, a.Probability) })
		p.Top = p.Top[:min(top, len(p.Top))]
	}
	return pictures
}

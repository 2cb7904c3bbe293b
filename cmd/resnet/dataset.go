package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn/infer"
)

// datasetFlags choose the images of eval and predict.
func datasetFlags() []cli.Flag {
	return []cli.Flag{
		suggest(&cli.StringFlag{Name: "dataset", Usage: datasetUsage(),
			DefaultText: "what the weights were trained on"}, data.Names()...),
		&cli.StringFlag{Name: "data-dir", Usage: dataDirUsage},
		columnsFlag(),
		transposeFlag("as the images that the weights were trained on"),
		choice("split", "test", "part of the data set; val is its validation split", "test", "train", "val"),
	}
}

// columnsFlag is --columns.
func columnsFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "columns",
		Usage:       "what a table's columns are, as `path,label,split,weight`, - for others",
		DefaultText: "by its header, or path and label"}
}

// transposeFlag is --transpose; shown is its default in help texts.
func transposeFlag(shown string) cli.Flag {
	f := boolFlag("transpose", "exchange rows and columns of an idx data set's images, as EMNIST's need it")
	if shown != "" {
		f.DefaultText, f.DisableDefaultText = shown, false
	}
	return f
}

// openSplit opens the images of --dataset, --data-dir and --split for a network.
func openSplit(c *cli.Context, m *infer.Model) (dataset string, set *data.Set, err error) {
	dataset = c.String("dataset")
	if dataset == "" {
		dataset = m.Metadata().Dataset
	}
	src, err := openFor(c, m, dataset, c.String("data-dir"))
	if err != nil {
		return "", nil, err
	}
	switch c.String("split") {
	case "train":
		return dataset, src.Train, nil
	case "val":
		if src.Val == nil {
			return "", nil, fmt.Errorf("data: %s: no validation split, want --split test or train", src.Dir)
		}
		return dataset, src.Val, nil
	}
	return dataset, src.Test, nil
}

// openFor opens a data set and checks that its images and classes fit the network.
func openFor(c *cli.Context, m *infer.Model, dataset, dir string) (*data.Source, error) {
	want := m.Metadata().Model
	o := data.Options{Dataset: dataset, Dir: dir, Columns: data.ParseColumns(c.String("columns")), Download: true}
	d, err := data.Lookup(dataset)
	switch {
	case dataset == data.Auto || d.Scaled:
		o.Size = data.Size{C: want.Channels, H: want.Height, W: want.Width}
	case err == nil && d.Classes == nil:
		o.Classes, o.Transpose = m.Metadata().Model.Classes, m.Metadata().Transposed && dataset == data.IDX
	}
	if c.IsSet("transpose") {
		o.Transpose = c.Bool("transpose")
	}
	o.Log = func(format string, args ...any) {
		fmt.Fprintln(c.App.ErrWriter, printable(fmt.Sprintf(format, args...)))
	}
	src, err := data.Open(c.Context, o)
	if err != nil {
		return nil, err
	}
	if len(src.Bad) > 0 { // the result is that of the others
		for _, n := range src.Notes {
			o.Log("note: %s", n)
		}
	}
	if err := src.MatchClasses(m.Classes()); err != nil {
		return nil, err
	}
	if n, want := len(src.ClassNames), m.Metadata().Model.Classes; n != want {
		return nil, fmt.Errorf("data: %s: %d classes, but the weights are for %d", dataset, n, want)
	}
	// The images of all splits have one size.
	if set := src.Test; set.C != want.Channels || set.H != want.Height || set.W != want.Width {
		return nil, fmt.Errorf("data: %s: images of %dx%dx%d (C, H, W), but the weights are for %dx%dx%d",
			dataset, set.C, set.H, set.W, want.Channels, want.Height, want.Width)
	}
	return src, nil
}

package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"resnet/data"
)

// datasetFlags choose the images that eval and predict look at.
func datasetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dataset", Usage: datasetUsage, DefaultText: "what the weights were trained on"},
		&cli.StringFlag{Name: "data-dir", Usage: dataDirUsage},
		&cli.StringFlag{Name: "split", Value: "test", Usage: "test or train", Action: oneOf("--split", "test", "train")},
	}
}

// openSplit opens the images of --dataset, --data-dir and --split for a network.
func openSplit(c *cli.Context, n *network) (dataset string, set *data.Set, err error) {
	dataset = c.String("dataset")
	if dataset == "" {
		dataset = n.meta.Dataset
	}
	o := data.Options{Dataset: dataset, Dir: c.String("data-dir"), Download: true}
	if dataset == data.IDX {
		o.Classes = n.meta.Model.Classes
	}
	o.Log = func(format string, args ...any) { fmt.Fprintf(c.App.ErrWriter, format+"\n", args...) }
	src, err := data.Open(c.Context, o)
	if err != nil {
		return "", nil, err
	}
	if len(src.ClassNames) != n.meta.Model.Classes {
		return "", nil, fmt.Errorf("data: %s: %d classes, but the weights are for %d", dataset, len(src.ClassNames), n.meta.Model.Classes)
	}
	set = src.Test
	if c.String("split") == "train" {
		set = src.Train
	}
	if m := n.meta.Model; set.C != m.Channels || set.H != m.Height || set.W != m.Width {
		return "", nil, fmt.Errorf("data: %s: images of %dx%dx%d (C, H, W), but the weights are for %dx%dx%d",
			dataset, set.C, set.H, set.W, m.Channels, m.Height, m.Width)
	}
	return dataset, set, nil
}

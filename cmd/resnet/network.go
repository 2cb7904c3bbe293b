package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"resnet/nn/infer"
)

func weightsFlag() cli.Flag {
	return &cli.StringFlag{Name: "weights", Usage: "weights `FILE`; it says which network and classes it is for"}
}

// openModel opens the network of --weights on --device, for batches of so many images.
func openModel(c *cli.Context, batch int) (*infer.Model, error) {
	path := c.String("weights")
	if path == "" {
		return nil, noWeights(c)
	}
	return openWeights(c, path, batch)
}

// openWeights opens a weights file's network on --device.
func openWeights(c *cli.Context, path string, batch int) (*infer.Model, error) {
	if batch < 1 {
		return nil, usagef("batch size %d (--batch-size), want at least 1", batch)
	}
	b, err := openBackend(c)
	if err != nil {
		return nil, err
	}
	return infer.OpenOn(b, path, batch)
}

func noWeights(c *cli.Context) error {
	return usagef("%s: no weights given, want --weights FILE (such as runs/DIR/weights/best.safetensors)",
		c.Command.Name)
}

// closeInto closes x and stores its error in *err, unless there is one already.
func closeInto(err *error, x io.Closer) {
	if failed := x.Close(); *err == nil {
		*err = failed
	}
}

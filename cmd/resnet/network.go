package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"resnet/nn"
)

// network is a weights file's network, ready to infer.
type network struct {
	meta    nn.Metadata
	backend nn.Backend
	plan    *nn.Plan
	exec    nn.Executor
}

func weightsFlag() cli.Flag {
	return &cli.StringFlag{Name: "weights", Usage: "weights `FILE`; it says which network and classes it is for"}
}

// openNetwork builds the network of --weights on --device for batches of so
// many images.
func openNetwork(c *cli.Context, batch int) (*network, error) {
	path := c.String("weights")
	if path == "" {
		return nil, usagef("%s: no weights given, want --weights FILE (such as runs/DIR/weights/best.safetensors)", c.Command.Name)
	}
	b, err := openBackend(c)
	if err != nil {
		return nil, err
	}
	n := &network{backend: b}
	if err := n.load(path, batch); err != nil {
		n.close(&err)
		return nil, err
	}
	return n, nil
}

func (n *network) load(path string, batch int) error {
	var err error
	if n.meta, err = nn.ReadMetadata(path); err != nil {
		return err
	}
	g, err := nn.Build(n.meta.Model)
	if err != nil {
		return err
	}
	if n.plan, err = nn.NewPlan(g, nn.PlanConfig{Batch: batch, Target: n.backend}); err != nil {
		return asUsage(err)
	}
	if n.exec, err = n.backend.Compile(n.plan); err != nil {
		return err
	}
	return nn.LoadWeights(path, n.exec, g)
}

// close gives the device back. What goes wrong with that becomes *err unless
// that is an error already.
func (n *network) close(err *error) {
	var failed error
	if n.exec != nil {
		failed = n.exec.Close()
	}
	if failed = errors.Join(failed, n.backend.Close()); *err == nil {
		*err = failed
	}
}

// className is a label's name, or its number where the weights name none.
func (n *network) className(label int) string {
	if label < len(n.meta.Classes) {
		return n.meta.Classes[label]
	}
	return thousands(int64(label))
}

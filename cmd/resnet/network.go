package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/weights"
)

// network is a weights file's network, ready to infer.
type network struct {
	meta    weights.Metadata
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
		return nil, noWeights(c)
	}
	return openWeights(c, path, batch)
}

// openWeights builds a weights file's network on --device.
func openWeights(c *cli.Context, path string, batch int) (*network, error) {
	b, err := openBackend(c)
	if err != nil {
		return nil, err
	}
	return newNetwork(b, path, batch)
}

// newNetwork builds a weights file's network on a backend, which it takes over.
func newNetwork(b nn.Backend, path string, batch int) (*network, error) {
	n := &network{backend: b}
	if err := n.load(path, batch); err != nil {
		n.close(&err)
		return nil, err
	}
	return n, nil
}

func noWeights(c *cli.Context) error {
	return usagef("%s: no weights given, want --weights FILE (such as runs/DIR/weights/best.safetensors)", c.Command.Name)
}

func (n *network) load(path string, batch int) error {
	var err error
	if n.meta, err = weights.ReadMetadata(path); err != nil {
		return err
	}
	if err := n.build(batch); err != nil {
		return err
	}
	return weights.Load(path, n.exec, n.plan.Graph)
}

// build makes the network that the metadata speak of, its parameters zeros.
func (n *network) build(batch int) error {
	g, err := models.Build(n.meta.Model)
	if err != nil {
		return err
	}
	if n.plan, err = nn.NewPlan(g, nn.PlanConfig{Batch: batch, Target: n.backend}); err != nil {
		return asUsage(err)
	}
	n.exec, err = n.backend.Compile(n.plan)
	return err
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

// evaluate measures the network on a set and puts names to the classes.
func (n *network) evaluate(ctx context.Context, set *data.Set) (*infer.Evaluation, error) {
	e, err := infer.Evaluate(ctx, n.exec, n.plan, set, nil)
	if err != nil {
		return nil, err
	}
	for i := range e.Classes {
		e.Classes[i].Name = n.className(i)
	}
	return e, nil
}

// className is a label's name, or its number where the weights name none.
func (n *network) className(label int) string {
	if label < len(n.meta.Classes) {
		return n.meta.Classes[label]
	}
	return thousands(int64(label))
}

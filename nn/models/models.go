package models

import (
	"fmt"
	"resnet/nn"
	"slices"
	"strings"
)

// ModelConfig says which network to build; it travels in a weights file's
// metadata, so that the file alone is enough to run the network.
type Config struct {
	Model        string `json:"model"`
	Channels     int    `json:"channels"` // of the images
	Height       int    `json:"height"`
	Width        int    `json:"width"`
	Classes      int    `json:"classes"`
	BaseChannels int    `json:"base_channels,omitempty"` // fashion-resnet: 16
	Hidden       int    `json:"hidden,omitempty"`        // fashion-resnet: 512; 0 leaves the hidden layer out
	// Smoothing is the loss's label smoothing; it does not change the weights.
	Smoothing float32 `json:"-"`
}

var models = map[string]func(Config) *nn.Graph{
	"fashion-resnet": fashionResNet,
}

// Models lists the names that Build knows.
func Names() []string {
	names := make([]string, 0, len(models))
	for n := range models {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Build makes the graph of a model.
func Build(c Config) (*nn.Graph, error) {
	build, ok := models[c.Model]
	if !ok {
		return nil, fmt.Errorf("nn: no model %q; there are: %s", c.Model, strings.Join(Names(), ", "))
	}
	g := build(c)
	return g, g.Err()
}

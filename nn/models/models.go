// Package models holds networks by name: each with the images that it is for, its own options and the recipes that
// train it. Command line, completion, help, weights files and exporters all draw from this registry: a model is a file
// of code and a line in the list below.
package models

import (
	"fmt"
	"strings"

	"resnet/nn"
)

// registry lists the models in the order of help texts; the first is the default.
var registry = []*Model{&fashionResNet}

// A Model is a network by name.
type Model struct {
	Name, About string
	Input       nn.Shape // of the images that it was published for, N = 1; other sizes may be given
	Classes     int      // likewise
	// Mean and Std normalise each channel of pixels from 0 to 1; empty ones stand for 0 and 1.
	Mean, Std []float32
	Options   []Option
	Recipes   []Recipe // the first is the default
	// build adds the network to a graph whose normalised images are x. Every option is set.
	build func(g *nn.Graph, x nn.Value, c Config)
}

// An Option is a whole number that one model, and not every one, lets its user choose.
type Option struct {
	Name    string // as a flag: "base-channels"
	Default int
	About   string
}

// Key is the option's name in files: "base_channels".
func (o Option) Key() string { return strings.ReplaceAll(o.Name, "-", "_") }

// A Recipe is a set of training settings that belong together, by their names in a run's config.json. Settings that it
// leaves out keep their defaults.
type Recipe struct {
	Name, About string
	Settings    string // JSON
}

// All lists the models, the default first.
func All() []*Model { return registry }

// Names lists their names.
func Names() []string {
	var names []string
	for _, m := range registry {
		names = append(names, m.Name)
	}
	return names
}

// Lookup is the model of a name.
func Lookup(name string) (*Model, error) {
	for _, m := range registry {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("models: no model %q; there are: %s", name, strings.Join(Names(), ", "))
}

// Config is the model with the options' defaults, for the images that it was published for.
func (m *Model) Config() Config {
	c := Config{Model: m.Name, Channels: m.Input.C, Height: m.Input.H, Width: m.Input.W, Classes: m.Classes}
	for _, o := range m.Options {
		c.Options = c.Options.With(o.Key(), o.Default)
	}
	return c
}

// Recipe is the model's recipe of a name.
func (m *Model) Recipe(name string) (Recipe, error) {
	var names []string
	for _, r := range m.Recipes {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Recipe{}, fmt.Errorf("models: %s has no recipe %q; there are: %s", m.Name, name, strings.Join(names, ", "))
}

// Build makes the graph of a model.
func Build(c Config) (*nn.Graph, error) {
	m, err := Lookup(c.Model)
	if err != nil {
		return nil, err
	}
	if err := m.check(c.Options); err != nil {
		return nil, err
	}
	g := nn.NewGraph(c.Model, c.Channels, c.Height, c.Width, c.Classes)
	m.build(g, g.Apply("input", nn.Normalize{Mean: m.Mean, Std: m.Std}, g.Images), c)
	return g, g.Err()
}

// check refuses options that the model does not have.
func (m *Model) check(o Options) error {
	var known []string
	for _, option := range m.Options {
		known = append(known, option.Key())
	}
	return o.check(m.Name, known)
}

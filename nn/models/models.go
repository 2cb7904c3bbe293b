// Package models is the registry of networks: each has a name, the size of its images, its own options, and recipes
// that train it. Command line, completion, help, weights files and exporters all use this registry, so that a new model
// is one file of code and one line in the list below.
package models

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"resnet/nn"
)

// registry lists the models in the order of help texts; the first is the default.
var registry = []*Model{&fashionResNet}

// A Model is an entry of the registry.
type Model struct {
	Name, About string
	Input       nn.Shape // default size of the images, N = 1: that for which the model was published
	Classes     int      // default number of classes, likewise
	// Mean and Std normalise each channel of pixels scaled to 0 to 1; empty means 0 and 1.
	Mean, Std []float32
	Options   []Option
	Recipes   []Recipe // the first is the default
	// build adds the network to a graph whose normalised images are x.
	build func(g *nn.Graph, x nn.Value, c Config)
}

// An Option is an integer setting of one model.
type Option struct {
	Name    string // of its flag: "base-channels"
	Default int
	About   string
}

// Key is the name of the option in files and in Options: "base_channels".
func (o Option) Key() string { return strings.ReplaceAll(o.Name, "-", "_") }

// A Recipe is a named set of training settings. Settings that it leaves out keep their defaults.
type Recipe struct {
	Name, About string
	Settings    string // a JSON object with the names of a run's config.json
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

// Lookup returns the model of that name.
func Lookup(name string) (*Model, error) {
	for _, m := range registry {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("models: no model %q; there are: %s", name, strings.Join(Names(), ", "))
}

// Config returns the model's configuration with the default options, image size and number of classes.
func (m *Model) Config() Config {
	c := Config{Model: m.Name, Channels: m.Input.C, Height: m.Input.H, Width: m.Input.W, Classes: m.Classes}
	for _, o := range m.Options {
		c.Options = c.Options.With(o.Key(), o.Default)
	}
	return c
}

// Recipe returns the model's recipe of that name.
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

// Build builds the graph of a model.
func Build(c Config) (*nn.Graph, error) {
	m, err := Lookup(c.Model)
	if err != nil {
		return nil, err
	}
	if err := m.check(c.Options); err != nil {
		return nil, err
	}
	normalize, err := m.normalize(c)
	if err != nil {
		return nil, err
	}
	g := nn.NewGraph(c.Model, c.Channels, c.Height, c.Width, c.Classes)
	m.build(g, g.Apply("input", normalize, g.Images), c)
	g.Smaller = func(fits func(*nn.Graph) bool) string { return m.smaller(c, fits) }
	return g, g.Err()
}

// normalize is the configuration's normalisation, or the model's where it has none.
func (m *Model) normalize(c Config) (nn.Normalize, error) {
	if c.Mean == "" && c.Std == "" {
		return nn.Normalize{Mean: m.Mean, Std: m.Std}, nil
	}
	op := nn.Normalize{Mean: c.Mean.Numbers(), Std: c.Std.Numbers()}
	for ch, s := range op.Std {
		if !(s > 0) || math.IsInf(float64(s), 0) {
			return op, fmt.Errorf("models: %s: standard deviation %g of channel %d, want above 0", c.Model, s, ch)
		}
	}
	return op, nil
}

// smaller looks for the largest values of options, each by itself, with which the network fits. They have two digits.
func (m *Model) smaller(c Config, fits func(*nn.Graph) bool) string {
	var found []string
	for _, o := range m.Options {
		var values []int
		for n, step := 1, 1; n < c.Options.Get(o.Key()); n += step {
			if n == 100*step {
				step *= 10
			}
			values = append(values, n)
		}
		exceeds := sort.Search(len(values), func(i int) bool {
			smaller := c
			smaller.Options = c.Options.With(o.Key(), values[i])
			g, err := Build(smaller)
			return err == nil && !fits(g)
		})
		if exceeds > 0 {
			found = append(found, fmt.Sprintf("--%s %d", o.Name, values[exceeds-1]))
		}
	}
	return strings.Join(found, " or ")
}

// check returns an error for options that the model does not have.
func (m *Model) check(o Options) error {
	var known []string
	for _, option := range m.Options {
		known = append(known, option.Key())
	}
	return o.check(m.Name, known)
}

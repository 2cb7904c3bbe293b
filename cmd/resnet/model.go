package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn/models"
)

// modelFlags choose a network where there is no weights file to say which.
func modelFlags() []cli.Flag {
	model := &cli.StringFlag{Name: "model", Value: models.All()[0].Name, Usage: modelUsage()}
	flags := []cli.Flag{suggest(model, models.Names()...)}
	for _, m := range models.All() {
		for _, o := range m.Options {
			f := &cli.IntFlag{Name: o.Name, Usage: optionUsage(m, o), DefaultText: fmt.Sprint(o.Default)}
			flags = append(flags, f)
		}
	}
	return flags
}

func modelUsage() string { return "network: " + strings.Join(models.Names(), ", ") }

func optionUsage(m *models.Model, o models.Option) string { return m.Name + ": " + o.About }

// shapeFlags are a network's input and output.
func shapeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "input", Usage: "channels, height and width of the images, such as 1x28x28",
			DefaultText: "as the model was published for"},
		&cli.IntFlag{Name: "classes", Usage: "number of classes", DefaultText: "likewise"},
	}
}

// shapedModelOf returns the network of modelFlags and shapeFlags.
func shapedModelOf(c *cli.Context) (models.Config, error) {
	m, err := modelOf(c)
	if err != nil {
		return m, err
	}
	if c.IsSet("classes") {
		m.Classes = c.Int("classes")
	}
	if input := c.String("input"); input != "" {
		size, err := data.ParseSize(input)
		if err != nil {
			return m, usagef("--input %q, %w", input, err)
		}
		m.Channels, m.Height, m.Width = size.C, size.H, size.W
	}
	return m, nil
}

// modelOf returns the network of modelFlags, for the images and classes that it was published for.
func modelOf(c *cli.Context) (models.Config, error) {
	m, err := models.Lookup(c.String("model"))
	if err != nil {
		return models.Config{}, asUsage(err)
	}
	config := m.Config()
	for _, other := range models.All() {
		for _, o := range other.Options {
			if c.IsSet(o.Name) {
				config.Options = config.Options.With(o.Key(), c.Int(o.Name)) // Build refuses another model's
			}
		}
	}
	return config, nil
}

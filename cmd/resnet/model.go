package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/nn/models"
	"resnet/nn/train"
)

// modelFlags choose a network where there is no weights file to say which.
func modelFlags() []cli.Flag {
	d := train.Defaults()
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Value: d.Model, Usage: modelUsage()},
		&cli.IntFlag{Name: "base-channels", Value: d.BaseChannels, Usage: baseChannelsUsage},
		&cli.IntFlag{Name: "hidden", Value: d.Hidden, Usage: hiddenUsage},
	}
}

const (
	baseChannelsUsage = "width of the first block"
	hiddenUsage       = "width of the hidden layer; 0 leaves it out"
)

func modelUsage() string { return "network: " + strings.Join(models.Names(), ", ") }

// shapeFlags are a network's input and output.
func shapeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "input", Value: "1x28x28", Usage: "channels, height and width of the images"},
		&cli.IntFlag{Name: "classes", Value: 10, Usage: "number of classes"},
	}
}

// shapedModelOf is the network of modelFlags and shapeFlags.
func shapedModelOf(c *cli.Context) (models.Config, error) {
	m := modelOf(c)
	m.Classes = c.Int("classes")
	var rest string
	n, _ := fmt.Sscanf(c.String("input")+" ", "%dx%dx%d%s", &m.Channels, &m.Height, &m.Width, &rest)
	if n != 3 {
		return m, usagef("--input %q, want channels x height x width such as 1x28x28", c.String("input"))
	}
	return m, nil
}

// modelOf is the network of modelFlags, for Fashion-MNIST's images and classes.
func modelOf(c *cli.Context) models.Config {
	return models.Config{
		Model: c.String("model"), BaseChannels: c.Int("base-channels"), Hidden: c.Int("hidden"),
		Channels: 1, Height: 28, Width: 28, Classes: 10,
	}
}

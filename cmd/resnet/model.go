package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/nn"
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

func modelUsage() string { return "network: " + strings.Join(nn.Models(), ", ") }

// modelOf is the network of modelFlags, for Fashion-MNIST's images and classes.
func modelOf(c *cli.Context) nn.ModelConfig {
	return nn.ModelConfig{
		Model: c.String("model"), BaseChannels: c.Int("base-channels"), Hidden: c.Int("hidden"),
		Channels: 1, Height: 28, Width: 28, Classes: 10,
	}
}

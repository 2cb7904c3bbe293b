package models

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

func TestEveryModelBuilds(t *testing.T) {
	for _, m := range All() {
		c := m.Config()
		g, err := Build(c)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if got := g.Type(g.Images).Shape; got != m.Input || g.Classes != m.Classes || m.About == "" ||
			len(m.Recipes) == 0 {
			t.Errorf("%s: images %v and %d classes, want %v and %d, words about it and a recipe",
				m.Name, got, g.Classes, m.Input, m.Classes)
		}
		for _, o := range m.Options {
			if o.About == "" || c.Options.Get(o.Key()) != o.Default {
				t.Errorf("%s: option %s is %d, want %d and words about it",
					m.Name, o.Name, c.Options.Get(o.Key()), o.Default)
			}
		}
	}
}

// The published network has the published number of parameters.
func TestFashionResNetIsAsPublished(t *testing.T) {
	g, err := Build(All()[0].Config())
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, v := range g.Parameters() {
		all += g.Elems(v, 1)
	}
	if all != 1_749_210 {
		t.Errorf("%d parameters, want 1,749,210", all)
	}
}

// What files of before the options had a place of their own say is read and written as it was.
func TestConfigAsJSON(t *testing.T) {
	for text, options := range map[string]Options{
		`{"model":"fashion-resnet","channels":1,"height":28,"width":28,"classes":10,` +
			`"base_channels":16,"hidden":512}`: "base_channels=16 hidden=512",
		`{"model":"fashion-resnet","channels":3,"height":9,"width":8,"classes":2,` +
			`"base_channels":4}`: "base_channels=4 hidden=0",
	} {
		var c Config
		if err := json.Unmarshal([]byte(text), &c); err != nil || c.Options != options {
			t.Errorf("%s: options %q, %v, want %q", text, c.Options, err, options)
		}
		if js, err := json.Marshal(c); err != nil || string(js) != text {
			t.Errorf("written %s, %v, want %s", js, err, text)
		}
	}
	var c Config
	if err := json.Unmarshal([]byte(`{"model":"fashion-resnet","hidden":"wide"}`), &c); err == nil ||
		!strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v, want one that names the option", err)
	}
}

func TestBuildRefuses(t *testing.T) {
	for want, c := range map[string]Config{
		`no model "vgg"; there are: fashion-resnet`: {Model: "vgg"},
		`fashion-resnet has no option "depth", want one of: base_channels, hidden`: {
			Model: "fashion-resnet", Options: "depth=18",
		},
		`nn: fashion-resnet: input 0x28x28 with 10 classes, want sizes of at least 1 and 2 cla`: {
			Model: "fashion-resnet", Height: 28, Width: 28, Classes: 10,
		},
	} {
		if _, err := Build(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := All()[0].Recipe("weak"); err == nil || !strings.Contains(err.Error(), "there are: seed, strong") {
		t.Errorf("error %v, want one that lists the recipes", err)
	}
}

// TestSmaller: a network that does not fit says which values of its options would, each by itself.
func TestSmaller(t *testing.T) {
	c := All()[0].Config()
	c.Options = "base_channels=500 hidden=7000"
	g, err := Build(c)
	if err != nil {
		t.Fatal(err)
	}
	params := func(g *nn.Graph) (n int) {
		for _, v := range g.Parameters() {
			n += g.Elems(v, 1)
		}
		return n
	}
	for most, want := range map[int]string{
		// The hidden layer alone has 196 parameters for each base channel and each of its 7000 features.
		100_000_000: "--base-channels 70",
		1:           "",
	} {
		if got := g.Smaller(func(g *nn.Graph) bool { return params(g) <= most }); got != want {
			t.Errorf("at most %d parameters: %q, want %q", most, got, want)
		}
	}
	all := params(g)
	got := g.Smaller(func(g *nn.Graph) bool { return params(g) < all })
	if want := "--base-channels 490 or --hidden 6900"; got != want {
		t.Errorf("fewer parameters: %q, want the next smaller values, %q", got, want)
	}
}

// A model's normalisation is part of its graph.
func TestNormalization(t *testing.T) {
	g, err := Build(All()[0].Config())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := g.Nodes[0].Op.(nn.Normalize); !ok || g.Nodes[0].Name != "input" {
		t.Errorf("the first node is %s, %T, want input, a Normalize", g.Nodes[0].Name, g.Nodes[0].Op)
	}
}

// A configuration's normalisation comes before the model's, travels in JSON, and must be one.
func TestNormalizationOfAConfig(t *testing.T) {
	const text = `{"model":"fashion-resnet","channels":3,"height":32,"width":32,"classes":10,` +
		`"mean":[0.4914,0.4822,0.4465],"std":[0.247,0.2435,0.2616],"base_channels":4}`
	var c Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if js, err := json.Marshal(c); err != nil || string(js) != text {
		t.Errorf("written %s, %v, want %s", js, err, text)
	}
	g, err := Build(c)
	if err != nil {
		t.Fatal(err)
	}
	op := g.Nodes[0].Op.(nn.Normalize)
	mean, std := []float32{0.4914, 0.4822, 0.4465}, []float32{0.247, 0.2435, 0.2616}
	if !slices.Equal(op.Mean, mean) || !slices.Equal(op.Std, std) {
		t.Errorf("normalisation %+v, want the configuration's", op)
	}
	for want, change := range map[string]func(*Config){
		"normalisation with 2 values for 3 channels": func(c *Config) { c.Mean = "0.5 0.5" },
		"deviation 0 of channel 1, want above 0":     func(c *Config) { c.Std = "1 0 1" },
		"deviation -1 of channel 0":                  func(c *Config) { c.Std = "-1 1 1" },
	} {
		bad := c
		change(&bad)
		if _, err := Build(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// The network takes images of any size from 3x3 on: 14x14 maps of 28x28 become half their sides of others.
func TestFashionResNetOfAnySize(t *testing.T) {
	for in, pooled := range map[nn.Shape]nn.Shape{
		{N: 1, C: 3, H: 32, W: 32}:  {N: 1, C: 64, H: 8, W: 8},
		{N: 1, C: 3, H: 64, W: 48}:  {N: 1, C: 64, H: 16, W: 12},
		{N: 1, C: 1, H: 29, W: 31}:  {N: 1, C: 64, H: 7, W: 8},
		{N: 1, C: 4, H: 3, W: 3}:    {N: 1, C: 64, H: 1, W: 1},
		{N: 1, C: 3, H: 224, W: 64}: {N: 1, C: 64, H: 56, W: 16},
	} {
		c := All()[0].Config()
		c.Channels, c.Height, c.Width = in.C, in.H, in.W
		g, err := Build(c)
		if err != nil {
			t.Errorf("%v: %v", in, err)
			continue
		}
		for i := range g.Nodes {
			if n := &g.Nodes[i]; n.Name == "pool" && g.Type(n.Out).Shape != pooled {
				t.Errorf("%v: pooled to %v, want %v", in, g.Type(n.Out).Shape, pooled)
			}
		}
	}
}

package keras

import (
	"fmt"
	"strings"

	"resnet/nn"
)

// A converter converts the nodes of a graph to Keras layers.
type converter struct {
	g      *nn.Graph
	layers []layer
	at     map[nn.Value]tensor // the output of the layer that computes an activation
}

// convert converts a graph to a Keras model.
func convert(g *nn.Graph) (*model, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	if g.Producer(g.Probabilities) < 0 {
		return nil, fmt.Errorf("%s: no loss, so that it is not known what the output is", g.Name)
	}
	c := &converter{g: g, at: map[nn.Value]tensor{}}
	images := c.image(g.Images)
	c.at[g.Images] = c.add(g.ValueName(g.Images), "InputLayer", map[string]any{"batch_shape": batch(images)}, images)
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if err := c.node(n); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	seen := map[string]bool{}
	for i := range c.layers {
		name := c.layers[i].name
		if seen[name] {
			return nil, fmt.Errorf("%s: two layers of this name, want nodes whose names differ in more than dots", name)
		}
		seen[name] = true
	}
	output := c.at[g.Probabilities].layer
	return &model{
		name: layerName(g.Name), layers: arrange(c.layers, output),
		input: c.at[g.Images].layer, output: output,
	}, nil
}

// layerName returns the name of a node's layer. Keras forbids slashes, and PyTorch, which may be the backend, dots.
func layerName(node string) string { return strings.NewReplacer(".", "_", "/", "_").Replace(node) }

// add adds a layer with an output of the given shape.
func (c *converter) add(name, class string, config map[string]any, shape []int, in ...tensor) tensor {
	name = layerName(name)
	c.layers = append(c.layers, layer{name: name, class: class, config: config, in: in})
	return tensor{name, shape}
}

// image returns the shape H, W, C of an activation.
func (c *converter) image(v nn.Value) []int {
	s := c.g.Type(v).Shape
	return []int{s.H, s.W, s.C}
}

// in returns input i of a node; in Keras it may be an image or flat.
func (c *converter) in(n *nn.Node, i int) tensor { return c.at[n.In[i]] }

// spatial returns the first input of a node as H, W, C.
func (c *converter) spatial(n *nn.Node) tensor {
	x := c.in(n, 0)
	if len(x.shape) == 3 {
		return x
	}
	image := c.image(n.In[0])
	return c.add(n.Name+"_reshape", "Reshape", map[string]any{"target_shape": image}, image, x)
}

// flat returns the first input of a node as one row of numbers, in the order H, W, C.
func (c *converter) flat(n *nn.Node) tensor {
	x := c.in(n, 0)
	if len(x.shape) == 1 {
		return x
	}
	shape := []int{elements(x.shape)}
	return c.add(n.Name+"_flatten", "Flatten", map[string]any{"data_format": "channels_last"}, shape, x)
}

// relu adds a ReLU after a layer if it is wanted.
func (c *converter) relu(n *nn.Node, wanted bool, x tensor) tensor {
	if !wanted {
		return x
	}
	return c.add(n.Name+"_relu", "ReLU", map[string]any{}, x.shape, x)
}

// pad adds a layer that pads an image with zeros, unless p is zero.
func (c *converter) pad(n *nn.Node, p nn.Pad, x tensor) tensor {
	if p == (nn.Pad{}) {
		return x
	}
	shape := []int{x.shape[0] + p.Top + p.Bottom, x.shape[1] + p.Left + p.Right, x.shape[2]}
	padding := [][]int{{p.Top, p.Bottom}, {p.Left, p.Right}}
	return c.add(n.Name+"_pad", "ZeroPadding2D", map[string]any{"padding": padding, "data_format": "channels_last"},
		shape, x)
}

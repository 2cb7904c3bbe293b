package keras

import (
	"encoding/json"
	"fmt"
	"maps"

	"resnet/nn"
)

// version is the Keras version that the files name: the first that reads all three formats.
const version = "3.4.0"

// Config returns the JSON from which keras.models.model_from_json builds the network, without weights.
func Config(g *nn.Graph) ([]byte, error) {
	m, err := convert(g)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return json.MarshalIndent(m.config(), "", "  ")
}

// config returns the model as Keras serialises it. It leaves out arguments that have Keras' default value and do not
// matter for inference, because newer versions of Keras have some that older ones do not know.
func (m *model) config() map[string]any {
	layers := make([]any, len(m.layers))
	for i := range m.layers {
		layers[i] = m.layers[i].serialise()
	}
	return map[string]any{
		"module":          "keras.src.models.functional",
		"class_name":      "Functional",
		"registered_name": "Functional",
		"config": map[string]any{
			"name":          m.name,
			"trainable":     true,
			"layers":        layers,
			"input_layers":  history(m.input),
			"output_layers": history(m.output),
		},
	}
}

func (l *layer) serialise() map[string]any {
	config := maps.Clone(l.config)
	config["name"], config["dtype"] = l.name, "float32"
	nodes := []any{}
	if len(l.in) > 0 {
		args := make([]any, len(l.in))
		for i, x := range l.in {
			args[i] = map[string]any{
				"class_name": "__keras_tensor__",
				"config": map[string]any{
					"shape": batch(x.shape), "dtype": "float32", "keras_history": history(x.layer),
				},
			}
		}
		if len(args) > 1 {
			args = []any{args} // a layer of several inputs takes them as one list
		}
		nodes = append(nodes, map[string]any{"args": args, "kwargs": map[string]any{}})
	}
	return map[string]any{
		"module": "keras.layers", "class_name": l.class, "registered_name": nil,
		"name": l.name, "config": config, "inbound_nodes": nodes,
	}
}

// history names the first output of the first call of a layer.
func history(layer string) []any { return []any{layer, 0, 0} }

// batch returns a shape with a batch dimension of any size before it.
func batch(shape []int) []any {
	s := []any{nil}
	for _, d := range shape {
		s = append(s, d)
	}
	return s
}

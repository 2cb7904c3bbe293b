package keras

import (
	"cmp"
	"encoding/json"
	"slices"
)

// A node is a layer in the graph of a model: the layers it reads, and whether it has weights.
type node struct {
	in       []string
	weighted bool
}

// inSequence sorts the layers of both models by sequence, whose order depends on their connections only. It is not ok
// if the file has no configuration, or one that parseConfig or sequence cannot follow.
func (m *model) inSequence(ours []*layer, theirs []*savedLayer, config []byte) ([]*layer, []*savedLayer, bool) {
	network, output, ok := parseConfig(config)
	if !ok {
		return nil, nil, false
	}
	saved := map[string]*savedLayer{}
	for _, s := range theirs {
		j, ok := network[s.name]
		if !ok {
			return nil, nil, false
		}
		j.weighted = true
		saved[s.name] = s
	}
	own, layers := map[string]*node{}, map[string]*layer{}
	for i := range m.layers {
		l := &m.layers[i]
		j := &node{weighted: len(l.weights) > 0}
		for _, x := range l.in {
			j.in = append(j.in, x.layer)
		}
		own[l.name], layers[l.name] = j, l
	}
	a, _ := sequence(own, m.output)
	b, ok := sequence(network, output)
	if !ok || len(a) != len(ours) || len(b) != len(theirs) {
		return nil, nil, false
	}
	first, second := make([]*layer, len(a)), make([]*savedLayer, len(b))
	for i, name := range a {
		first[i] = layers[name]
	}
	for i, name := range b {
		second[i] = saved[name]
	}
	return first, second, true
}

// sequence lists the layers that have weights, each after its inputs. Of paths that join, the one with the most such
// layers comes first. So the order does not depend on the order in which a layer names its inputs, nor on whether
// activations are layers. It is not ok if there is a cycle or an input that does not exist.
func sequence(network map[string]*node, output string) (names []string, ok bool) {
	// length is the number of layers with weights on the longest path up to a layer, itself included; -1 while it is
	// being computed.
	length := map[string]int{}
	ok = true
	var measure func(name string) int
	measure = func(name string) int {
		n, known := length[name]
		j := network[name]
		if known && n < 0 || j == nil {
			ok = false
			return 0
		}
		if known {
			return n
		}
		length[name] = -1
		for _, in := range j.in {
			n = max(n, measure(in))
		}
		if j.weighted {
			n++
		}
		length[name] = n
		return n
	}
	if measure(output); !ok {
		return nil, false
	}
	visited := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if visited[name] {
			return
		}
		visited[name] = true
		in := slices.Clone(network[name].in)
		slices.SortStableFunc(in, func(a, b string) int { return cmp.Compare(length[b], length[a]) })
		for _, x := range in {
			visit(x)
		}
		if network[name].weighted {
			names = append(names, name)
		}
	}
	visit(output)
	return names, true
}

// parseConfig returns the layers of a model and the name of its output, from the configuration of Keras 2 or 3. It is
// not ok for a model of several outputs.
func parseConfig(config []byte) (network map[string]*node, output string, ok bool) {
	var m struct {
		Class  string `json:"class_name"`
		Config struct {
			Layers []struct {
				Name   string `json:"name"`
				Config struct {
					Name string `json:"name"`
				} `json:"config"`
				Inbound any `json:"inbound_nodes"`
			} `json:"layers"`
			Output any `json:"output_layers"`
		} `json:"config"`
	}
	const mostLayers = 100_000 // sequence is recursive
	if err := json.Unmarshal(config, &m); err != nil || len(m.Config.Layers) > mostLayers {
		return nil, "", false
	}
	network = map[string]*node{}
	for _, l := range m.Config.Layers {
		name := cmp.Or(l.Name, l.Config.Name)
		j := &node{in: references(l.Inbound)}
		if m.Class == "Sequential" && output != "" {
			j.in = []string{output}
		}
		network[name], output = j, name
	}
	if m.Class != "Sequential" {
		outputs := references(m.Config.Output)
		if len(outputs) != 1 {
			return nil, "", false
		}
		output = outputs[0]
	}
	return network, output, output != ""
}

// references returns the names of the layers to which a part of a configuration refers. A reference is a list of a name
// and two numbers; in Keras 2 more may follow.
func references(v any) []string {
	var names []string
	switch v := v.(type) {
	case map[string]any: // {"args": [...]}, or {"config": {"keras_history": [...]}}
		for _, key := range []string{"args", "config", "keras_history"} {
			names = append(names, references(v[key])...)
		}
	case []any:
		if len(v) >= 3 {
			name, isName := v[0].(string)
			if _, isNumber := v[1].(float64); isName && isNumber {
				return []string{name}
			}
		}
		for _, x := range v {
			names = append(names, references(x)...)
		}
	}
	return names
}

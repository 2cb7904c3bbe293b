package keras

import (
	"cmp"
	"encoding/json"
	"slices"
)

// A joint is a layer as a part of a network: what it reads.
type joint struct {
	in       []string
	weighted bool
}

// inSequence puts the layers of both sides in an order that follows from how they are joined alone: see sequence. It is
// not ok where the file does not say how its layers are joined, or not of a model that can be followed.
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
	own, layers := map[string]*joint{}, map[string]*layer{}
	for i := range m.layers {
		l := &m.layers[i]
		j := &joint{weighted: len(l.weights) > 0}
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

// sequence lists the layers that have weights, each behind what it reads. Where ways join, the one with the most such
// layers comes first, so that it does not matter in which order a layer names its inputs, nor whether an activation is
// a layer of its own. It is not ok where a layer reads itself or one that is not there.
func sequence(network map[string]*joint, output string) (names []string, ok bool) {
	length := map[string]int{} // weighted layers on the longest way to the end of a layer; -1 while it is looked for
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

// parseConfig is a model's layers and the name of its last one, by the configuration of Keras 2 or 3. A model of
// several outputs is not ok.
func parseConfig(config []byte) (network map[string]*joint, output string, ok bool) {
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
	const mostLayers = 100_000 // sequence calls itself for each
	if err := json.Unmarshal(config, &m); err != nil || len(m.Config.Layers) > mostLayers {
		return nil, "", false
	}
	network = map[string]*joint{}
	for _, l := range m.Config.Layers {
		name := cmp.Or(l.Name, l.Config.Name)
		j := &joint{in: references(l.Inbound)}
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

// references are the layers that a piece of a configuration names. A reference is a list of a name and two numbers, in
// Keras 2 with something behind it.
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

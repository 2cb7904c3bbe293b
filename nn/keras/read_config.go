package keras

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
)

// A network is a model as its configuration describes it.
type network struct {
	byName map[string]*node
	byKey  map[string]*node // by the layer's key in Keras 3's files of weights
	// within has the layers of the model and of the models in it, by name; nil are those of an ambiguous name.
	within map[string]*node
	inputs []*node
	output *node
}

// A node is a layer in the graph of a model: the layers it reads, and whether it has weights. A model that is a layer
// stands for its output.
type node struct {
	in       []*node
	weighted bool
	inner    *network // of a model

	ours   *layer
	theirs *savedLayer
}

// A modelConfiguration is the JSON of a model or a layer, by Keras 2 or 3.
type modelConfiguration struct {
	Class  string `json:"class_name"`
	Name   string `json:"name"`
	Config struct {
		Name   string                `json:"name"`
		Layers []*modelConfiguration `json:"layers"`
		Output any                   `json:"output_layers"`
	} `json:"config"`
	Inbound any `json:"inbound_nodes"`
}

// Bounds of a configuration, which takes up to a hundred bytes of memory for each value. A layer has about 70 values.
const (
	maxLayers = 100_000 // sequence is recursive
	maxValues = 1_000_000
)

// parseConfig returns the graph of a model. It is not ok for a model of several outputs, and for one that is described
// by its program only.
func parseConfig(config []byte) (n *network, ok bool) {
	values := bytes.Count(config, []byte{','}) + bytes.Count(config, []byte{'['}) + bytes.Count(config, []byte{'{'})
	if len(config) > maxConfig || values > maxValues {
		return nil, false
	}
	var m modelConfiguration
	if err := json.Unmarshal(config, &m); err != nil {
		return nil, false
	}
	left := maxLayers
	return m.network(&left, maxNesting)
}

// isModel tells a model from a layer, of which some have a list of layers too, such as Pipeline.
func (m *modelConfiguration) isModel() bool { return m.Class == "Sequential" || m.Config.Output != nil }

// network returns the graph of a model, of which at most so many layers are left, in at most so many models.
func (m *modelConfiguration) network(left *int, nesting int) (*network, bool) {
	n := &network{byName: map[string]*node{}, byKey: map[string]*node{}, within: map[string]*node{}}
	if *left -= len(m.Config.Layers); *left < 0 || nesting == 0 {
		return nil, false
	}
	count := map[string]int{}
	nodes := make([]*node, len(m.Config.Layers))
	for i, l := range m.Config.Layers {
		if l == nil {
			return nil, false
		}
		j := &node{}
		if l.isModel() {
			inner, ok := l.network(left, nesting-1)
			if !ok {
				return nil, false
			}
			j.inner = inner
		}
		key := snakeCase(l.Class)
		if count[key]++; count[key] > 1 {
			key += "_" + strconv.Itoa(count[key]-1)
		}
		name := cmp.Or(l.Name, l.Config.Name)
		nodes[i], n.byName[name], n.byKey[key] = j, j, j
		n.add(name, j)
	}
	for i, l := range m.Config.Layers {
		var in []*node
		for _, name := range references(l.Inbound, nil) {
			if n.byName[name] == nil {
				return nil, false
			}
			in = append(in, n.byName[name])
		}
		if m.Class == "Sequential" && i > 0 {
			in = []*node{nodes[i-1]}
		}
		if len(in) == 0 {
			n.inputs = append(n.inputs, nodes[i])
		}
		nodes[i].read(in)
	}
	if m.Class == "Sequential" && len(nodes) > 0 {
		n.output = nodes[len(nodes)-1]
	} else if outputs := references(m.Config.Output, nil); len(outputs) == 1 {
		n.output = n.byName[outputs[0]]
	}
	return n, n.output != nil
}

// add enters a layer, and those in it, into within.
func (n *network) add(name string, j *node) {
	enter := func(name string, j *node) {
		if _, twice := n.within[name]; twice {
			j = nil
		}
		n.within[name] = j
	}
	enter(name, j)
	if j.inner != nil {
		for name, j := range j.inner.within {
			enter(name, j)
		}
	}
}

// read makes a layer read others. A model reads its own output, and its inputs read them.
func (j *node) read(in []*node) {
	if j.inner == nil {
		j.in = in
		return
	}
	j.in = []*node{j.inner.output}
	for _, input := range j.inner.inputs {
		input.read(in)
	}
}

// find returns the layer at a path of a file, or nil.
func (n *network) find(path []level) *node {
	var j *node
	for _, s := range path {
		if n == nil {
			return nil
		}
		switch {
		case s.name == "":
			j = n.byKey[s.key]
		case n.byName[s.name] != nil:
			j = n.byName[s.name]
		default:
			j = n.within[s.name]
		}
		if j == nil {
			return nil
		}
		n = j.inner
	}
	if n != nil { // a model of the older format of which one layer has weights
		return n.within[path[len(path)-1].key]
	}
	return j
}

// references adds the names of the layers to which a part of a configuration refers. A reference is a list of a name
// and two numbers; in Keras 2 more may follow.
func references(v any, names []string) []string {
	switch v := v.(type) {
	case map[string]any: // {"args": [...]}, or {"config": {"keras_history": [...]}}
		for _, key := range []string{"args", "config", "keras_history"} {
			names = references(v[key], names)
		}
	case []any:
		if len(v) >= 3 {
			name, isName := v[0].(string)
			if _, isNumber := v[1].(float64); isName && isNumber {
				return append(names, name)
			}
		}
		for _, x := range v {
			names = references(x, names)
		}
	}
	return names
}

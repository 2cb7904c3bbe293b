package keras

import (
	"cmp"
	"slices"
)

// inSequence sorts the layers of both models by sequence, whose order depends on their connections only. It is not ok
// if the file has no configuration, or one that parseConfig or sequence cannot follow.
func (m *model) inSequence(ours []*layer, s *saved) ([]*layer, []*savedLayer, bool) {
	network, ok := parseConfig(s.config)
	if !ok {
		return nil, nil, false
	}
	for _, l := range s.layers {
		j := network.find(l.path)
		if j == nil || j.theirs != nil {
			return nil, nil, false
		}
		j.theirs, j.weighted = l, true
	}
	own := map[string]*node{}
	for i := range m.layers {
		l := &m.layers[i]
		own[l.name] = &node{weighted: len(l.weights) > 0, ours: l}
	}
	for i := range m.layers {
		for _, x := range m.layers[i].in {
			j := own[m.layers[i].name]
			j.in = append(j.in, own[x.layer])
		}
	}
	a, _ := sequence(own[m.output])
	b, ok := sequence(network.output)
	if !ok || len(a) != len(ours) || len(b) != len(s.layers) {
		return nil, nil, false
	}
	first, second := make([]*layer, len(a)), make([]*savedLayer, len(b))
	for i, j := range a {
		first[i] = j.ours
	}
	for i, j := range b {
		second[i] = j.theirs
	}
	return first, second, true
}

// sequence lists the layers that have weights up to an output, each after its inputs. Of paths that join, the one with
// the most such layers comes first. So the order does not depend on the order in which a layer names its inputs, nor on
// whether activations are layers. It is not ok if there is a cycle.
func sequence(output *node) (layers []*node, ok bool) {
	// length is the number of layers with weights on the longest path up to a layer, itself included; -1 while it is
	// being computed.
	length := map[*node]int{}
	ok = true
	var measure func(j *node) int
	measure = func(j *node) int {
		n, known := length[j]
		if known && n < 0 {
			ok = false
			return 0
		}
		if known {
			return n
		}
		length[j] = -1
		for _, in := range j.in {
			n = max(n, measure(in))
		}
		if j.weighted {
			n++
		}
		length[j] = n
		return n
	}
	if measure(output); !ok {
		return nil, false
	}
	visited := map[*node]bool{}
	var visit func(j *node)
	visit = func(j *node) {
		if visited[j] {
			return
		}
		visited[j] = true
		in := slices.Clone(j.in)
		slices.SortStableFunc(in, func(a, b *node) int { return cmp.Compare(length[b], length[a]) })
		for _, x := range in {
			visit(x)
		}
		if j.weighted {
			layers = append(layers, j)
		}
	}
	visit(output)
	return layers, true
}

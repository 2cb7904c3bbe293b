package keras

import (
	"fmt"
	"maps"
	"slices"
)

// A pair is a layer of our model and the saved layer whose weights it gets.
type pair struct {
	ours   *layer
	theirs *savedLayer
}

// match pairs the layers of our model that have weights with the saved ones, one to one.
func (m *model) match(s *saved) ([]pair, error) {
	var ours []*layer
	for i := range m.layers {
		if len(m.layers[i].weights) > 0 {
			ours = append(ours, &m.layers[i])
		}
	}
	theirs := make([]*savedLayer, len(s.layers))
	for i := range s.layers {
		theirs[i] = &s.layers[i]
	}
	pairs, err := byName(ours, theirs)
	if pairs == nil && err == nil {
		if a, b, ok := m.inSequence(ours, theirs, s.config); ok {
			ours, theirs = a, b
		}
		pairs, err = byOrder(ours, theirs)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// byName pairs layers by their names. It returns no pairs if the file lacks one of our names.
func byName(ours []*layer, theirs []*savedLayer) ([]pair, error) {
	index := map[string]*savedLayer{}
	for _, s := range theirs {
		index[s.name] = s
	}
	var pairs []pair
	for _, l := range ours {
		s, ok := index[l.name]
		if !ok {
			return nil, nil
		}
		pairs = append(pairs, pair{l, s})
		delete(index, l.name)
	}
	for _, s := range theirs {
		if index[s.name] == s {
			return nil, fmt.Errorf("%s: weights of shapes %v that no layer here has (another model?)", s.name, s.shapes)
		}
	}
	return pairs, nil
}

// byOrder pairs the layers of each class in their order.
func byOrder(ours []*layer, theirs []*savedLayer) ([]pair, error) {
	waiting := map[string][]*savedLayer{}
	for _, s := range theirs {
		class := s.class()
		if class == "" {
			return nil, fmt.Errorf("%s: weights of shapes %v, want those of Conv2D, BatchNormalization or Dense",
				s.name, s.shapes)
		}
		waiting[class] = append(waiting[class], s)
	}
	count := map[string]int{}
	for _, l := range ours {
		count[l.class]++
	}
	for _, class := range slices.Sorted(maps.Keys(kerasNames)) {
		if n := len(waiting[class]); n != count[class] {
			return nil, fmt.Errorf("%d layers of class %s, want %d (another model?)", n, class, count[class])
		}
	}
	var pairs []pair
	for _, l := range ours {
		pairs = append(pairs, pair{l, waiting[l.class][0]})
		waiting[l.class] = waiting[l.class][1:]
	}
	return pairs, nil
}

// class returns the class of a saved layer by the ranks of its weights, or "" if there is none.
func (s *savedLayer) class() string {
	ranks := make([]int, len(s.shapes))
	for i := range s.shapes {
		ranks[i] = len(s.shapes[i])
	}
	switch fmt.Sprint(ranks) {
	case "[4]", "[4 1]":
		return "Conv2D"
	case "[2]", "[2 1]":
		return "Dense"
	case "[1 1 1 1]":
		return "BatchNormalization"
	}
	return ""
}

// check compares the shapes of a pair.
func (p pair) check() error {
	who := p.ours.name
	if p.theirs.name != who {
		who += " (" + p.theirs.name + " in the file)"
	}
	if n := len(p.ours.weights); len(p.theirs.shapes) != n {
		return fmt.Errorf("%s: weights of shapes %v, want %d: %s", who, p.theirs.shapes, n, p.ours.names())
	}
	for i := range p.ours.weights {
		if w := &p.ours.weights[i]; !slices.Equal(p.theirs.shapes[i], w.shape) {
			return fmt.Errorf("%s: %s: shape %v, want %v (another model?)", who, w.name, p.theirs.shapes[i], w.shape)
		}
	}
	return nil
}

// load reads the weights of a pair and converts them to our layout.
func (p pair) load() ([][]float32, error) {
	arrays := make([][]float32, len(p.theirs.arrays))
	for i, o := range p.theirs.arrays {
		x, err := o.Float32()
		if err != nil {
			return nil, err
		}
		arrays[i] = p.ours.weights[i].fromKeras(x)
	}
	return arrays, nil
}

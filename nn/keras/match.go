package keras

import (
	"fmt"
	"maps"
	"slices"

	"resnet/nn"
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
	pairs, err := byName(ours, s.layers)
	if pairs == nil && err == nil {
		if a, b, ok := m.inSequence(ours, s); ok {
			pairs, err = byOrder(a, b, true)
		} else {
			pairs, err = byOrder(ours, s.layers, false)
		}
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

// byName pairs layers by their names. It returns no pairs if the file lacks one of our names, or has one twice.
func byName(ours []*layer, theirs []*savedLayer) ([]pair, error) {
	index := map[string]*savedLayer{}
	for _, s := range theirs {
		if index[s.name()] != nil {
			return nil, nil
		}
		index[s.name()] = s
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
		if index[s.name()] == s {
			return nil, fmt.Errorf("%s: weights of shapes %s that no layer here has (another model?)", s, s.describe())
		}
	}
	return pairs, nil
}

// byOrder pairs the layers of each class in their order, which it finds by the saved layers' paths unless they are
// sorted.
func byOrder(ours []*layer, theirs []*savedLayer, sorted bool) ([]pair, error) {
	waiting := map[string][]*savedLayer{}
	for _, s := range theirs {
		class := s.class()
		if class == "" {
			return nil, fmt.Errorf("%s: weights of shapes %s, want those of Conv2D, BatchNormalization or Dense",
				s, s.describe())
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
	if !sorted {
		for _, class := range slices.Sorted(maps.Keys(waiting)) {
			if err := sortLayers(waiting[class]); err != nil {
				return nil, err
			}
		}
	}
	var pairs []pair
	for _, l := range ours {
		pairs = append(pairs, pair{l, waiting[l.class][0]})
		waiting[l.class] = waiting[l.class][1:]
	}
	return pairs, nil
}

// sortLayers sorts saved layers of one class by their paths. It fails if the file does not tell which of two comes
// first.
func sortLayers(list []*savedLayer) error {
	slices.SortStableFunc(list, func(a, b *savedLayer) int {
		order, _ := a.compare(b)
		return order
	})
	for i := 1; i < len(list); i++ {
		if _, known := list[i-1].compare(list[i]); !known {
			return fmt.Errorf("%s and %s: the file does not tell which comes first, want a model of Keras' functional "+
				"API saved whole, as .keras or .h5", list[i-1], list[i])
		}
	}
	return nil
}

// class returns the class of a saved layer by the ranks of its weights, or "" if there is none.
func (s *savedLayer) class() string {
	if len(s.shapes) > 4 { // more than any class has
		return ""
	}
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
	who := p.who()
	if n := len(p.ours.weights); len(p.theirs.shapes) != n {
		return fmt.Errorf("%s: weights of shapes %s, want %d: %s", who, p.theirs.describe(), n, p.ours.names())
	}
	for i := range p.ours.weights {
		if w := &p.ours.weights[i]; !slices.Equal(p.theirs.shapes[i], w.shape) {
			return fmt.Errorf("%s: %s: shape %v, want %v (another model?)", who, w.name, p.theirs.shapes[i], w.shape)
		}
	}
	return nil
}

// who names both layers.
func (p pair) who() string {
	if theirs := p.theirs.String(); theirs != p.ours.name {
		return p.ours.name + " (" + theirs + " in the file)"
	}
	return p.ours.name
}

// load reads the weights of a pair and puts them into values in our layout.
func (p pair) load(file string, g *nn.Graph, values map[nn.Value][]float32) error {
	for i, o := range p.theirs.arrays {
		w := &p.ours.weights[i]
		x, err := o.Float32()
		if err != nil {
			return err
		}
		if err := g.Param(w.value).CheckValues(x); err != nil {
			return fmt.Errorf("%s: %s: %s: %w", file, p.who(), w.name, err)
		}
		values[w.value] = w.fromKeras(x)
	}
	return nil
}

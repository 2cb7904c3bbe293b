package keras

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"resnet/nn/hdf5"
)

// maxNesting is how many models a layer may be in, one in the other.
const maxNesting = 8

// saved is the content of a file: the layers that have weights, in Keras' order as far as the file tells it, and the
// configuration of the model if there is one.
type saved struct {
	file   string
	layers []*savedLayer
	config []byte
	arrays map[uint64]bool // the hdf5.Object.ID of every array of a layer
	open   io.Closer
}

// A savedLayer is a layer of a file with the arrays that are its weights.
type savedLayer struct {
	path   []level
	arrays []*hdf5.Object
	shapes [][]int
}

// A level leads from a model to a layer in it, which may be a model in turn.
type level struct {
	name string // of the layer in its model, empty where the file does not tell it
	key  string // in the file: of the layer's group or, in the older format, of the group of its arrays
	// Of layers of one model, those of the same class are in the order of n. In a class of its own is a layer of which
	// the file does not tell whether it comes before or after another.
	class string
	n     int
}

func (l level) String() string { return cmp.Or(l.name, l.key) }

// name is the layer's name in its model.
func (s *savedLayer) name() string { return s.path[len(s.path)-1].String() }

// String is the layer's name with those of the models around it, for messages.
func (s *savedLayer) String() string {
	names := make([]string, len(s.path))
	for i := range s.path {
		names[i] = s.path[i].String()
	}
	return strings.Join(names, "/")
}

// describe is the shapes of the first arrays of the layer and, if there are more, their number.
func (s *savedLayer) describe() string {
	const most = 8
	if len(s.shapes) > most {
		return fmt.Sprintf("%v and %d more", s.shapes[:most], len(s.shapes)-most)
	}
	return fmt.Sprint(s.shapes)
}

// compare sorts layers. known is false if the file does not tell which comes first.
func (s *savedLayer) compare(t *savedLayer) (order int, known bool) {
	for i := range min(len(s.path), len(t.path)) {
		a, b := s.path[i], t.path[i]
		if a.class != b.class {
			return cmp.Compare(a.class, b.class), false
		}
		if a.n != b.n {
			return cmp.Compare(a.n, b.n), true
		}
	}
	return cmp.Compare(len(s.path), len(t.path)), false
}

// add adds a layer with the arrays at the given paths of a group. It skips what has no arrays, and what has only single
// numbers, such as a metric.
func (s *saved) add(path []level, group *hdf5.Object, arrays []string) error {
	l, rank := &savedLayer{path: slices.Clone(path)}, 0
	for _, name := range arrays {
		o, err := descend(group, name)
		if err != nil {
			return err
		}
		shape, err := o.Shape()
		if err != nil {
			return err
		}
		if s.arrays[o.ID()] {
			return fmt.Errorf("%s: %s: an array of more than one layer", s.file, o.Path())
		}
		s.arrays[o.ID()] = true
		l.arrays, l.shapes, rank = append(l.arrays, o), append(l.shapes, shape), max(rank, len(shape))
	}
	if rank > 0 {
		s.layers = append(s.layers, l)
	}
	return nil
}

// descend opens the object at a path below a group.
func descend(o *hdf5.Object, path string) (*hdf5.Object, error) {
	for name := range strings.SplitSeq(path, "/") {
		var err error
		if o, err = o.Object(name); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// read reads a file in either of the two HDF5 formats of Keras.
func (s *saved) read(f *hdf5.File) error {
	s.file, s.arrays = f.Name, map[uint64]bool{}
	root, err := f.Object("")
	if err != nil {
		return err
	}
	if config, ok, err := root.Strings(modelConfig); err != nil {
		return err
	} else if ok && len(config) == 1 && len(config[0]) <= maxConfig {
		s.config = []byte(config[0])
	}
	if root.Has(modelWeights) {
		if root, err = root.Object(modelWeights); err != nil {
			return err
		}
	}
	names, err := list(root, layerNames)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return s.readNamed(root, names)
	}
	if err := s.readTree(root, map[uint64]bool{}, nil); err != nil {
		return err
	}
	if len(s.layers) == 0 {
		return fmt.Errorf("%s: no layers (not a file that Keras wrote?)", s.file)
	}
	return nil
}

package keras

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"resnet/nn/hdf5"
)

// readNamed reads the layers of the older format: the attribute layer_names lists their groups, and weight_names of
// each group the paths of its arrays.
func (s *saved) readNamed(root *hdf5.Object) error {
	names, err := list(root, layerNames)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no layers (not a file that Keras wrote?)")
	}
	for _, name := range names {
		group, err := root.Object(name)
		if err != nil {
			return err
		}
		paths, err := list(group, weightNames)
		if err != nil {
			return err
		}
		if err := s.add(name, group, paths); err != nil {
			return err
		}
	}
	return nil
}

// list returns an attribute that is a list of strings. Keras splits a long list into several attributes, whose names
// end in a number.
func list(o *hdf5.Object, name string) ([]string, error) {
	all, ok, err := o.Strings(name)
	for i := 0; !ok && err == nil; i++ {
		part, more, failed := o.Strings(name + strconv.Itoa(i))
		if failed != nil || !more {
			return all, failed
		}
		all = append(all, part...)
	}
	return all, err
}

// readLayers reads the layers of Keras 3's format, whose paths are such as layers/conv2d/vars/0. The name of a layer is
// an attribute, which files of Keras 3.4 lack.
func (s *saved) readLayers(root *hdf5.Object) error {
	layers, err := root.Object(layersGroup)
	if err != nil {
		return err
	}
	paths := layers.Children()
	slices.SortStableFunc(paths, func(a, b string) int {
		classA, a1 := numbered(a)
		classB, b1 := numbered(b)
		return cmp.Or(cmp.Compare(classA, classB), cmp.Compare(a1, b1))
	})
	for _, path := range paths {
		group, err := layers.Object(path)
		if err != nil {
			return err
		}
		if !group.Has(varsGroup) {
			continue
		}
		vars, err := group.Object(varsGroup)
		if err != nil {
			return err
		}
		name, ok, err := vars.Strings("name")
		if err != nil {
			return err
		}
		if !ok || len(name) != 1 {
			name = []string{path}
		}
		arrays := vars.Children()
		slices.SortStableFunc(arrays, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) // 2 before 10
		})
		if err := s.add(name[0], vars, arrays); err != nil {
			return err
		}
	}
	return nil
}

// numbered splits a path such as conv2d_7, which is the eighth layer of its class.
func numbered(path string) (class string, n int) {
	i := strings.LastIndexByte(path, '_')
	if i >= 0 {
		if n, err := strconv.Atoi(path[i+1:]); err == nil {
			return path[:i], n
		}
	}
	return path, 0
}

// add adds a layer with the arrays at the given paths of a group. It skips a layer without arrays.
func (s *saved) add(name string, group *hdf5.Object, paths []string) error {
	l := savedLayer{name: name}
	for _, path := range paths {
		o := group
		for part := range strings.SplitSeq(path, "/") {
			var err error
			if o, err = o.Object(part); err != nil {
				return err
			}
		}
		shape, err := o.Shape()
		if err != nil {
			return err
		}
		l.arrays, l.shapes = append(l.arrays, o), append(l.shapes, shape)
	}
	if len(paths) > 0 {
		s.layers = append(s.layers, l)
	}
	return nil
}

package keras

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"resnet/nn/hdf5"
)

// readNamed reads the layers of the older format: the attribute layer_names lists their groups, and weight_names of
// each group the paths of its arrays.
func (s *saved) readNamed(root *hdf5.Object, names []string) error {
	if root.Has(topLevel) {
		top, err := root.Object(topLevel)
		if err != nil {
			return err
		}
		if own, err := list(top, weightNames); err != nil || len(own) > 0 {
			return cmp.Or(err, s.ownWeights(top))
		}
	}
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			return fmt.Errorf("%s: %s twice in %s", s.file, name, layerNames)
		}
		seen[name] = true
		group, err := root.Object(name)
		if err != nil {
			return err
		}
		paths, err := list(group, weightNames)
		if err != nil {
			return err
		}
		if err := s.addNamed(level{name: name, n: i}, group, paths); err != nil {
			return err
		}
	}
	return nil
}

// addNamed adds a layer of the older format. Where it is a model, the arrays of its layers are in one list, those that
// are trained first, so that the layers' order is not known.
func (s *saved) addNamed(layer level, group *hdf5.Object, paths []string) error {
	var folders []string
	arrays := map[string][]string{}
	for _, path := range paths {
		folder := path[:max(0, strings.LastIndexByte(path, '/'))]
		if arrays[folder] == nil {
			folders = append(folders, folder)
		}
		arrays[folder] = append(arrays[folder], path)
	}
	for _, folder := range folders {
		inner := folder[strings.LastIndexByte(folder, '/')+1:]
		path := []level{layer, {name: inner, class: folder}}
		if len(folders) == 1 {
			path = []level{{name: layer.name, key: inner, n: layer.n}}
		}
		if err := s.add(path, group, arrays[folder]); err != nil {
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

// notLayers are groups of Keras 3's format that hold other things than layers' weights: what Model.compile adds to a
// model, and the state of a layer's random numbers.
var notLayers = []string{"optimizer", "metrics", "seed_generator"}

// readTree reads the layers of Keras 3's format below a group. A group that has vars is a layer or a model, and its
// arrays are vars/0, vars/1 and so on. The groups in it are its attributes in no order, except that layers are a
// model's layers: such a list has no vars, and the keys in it are as conv2d_7, the eighth of its class. The name of a
// layer is an attribute of vars, which files of Keras 3.4 and older lack.
func (s *saved) readTree(group *hdf5.Object, seen map[uint64]bool, path []level) error {
	if seen[group.ID()] {
		return fmt.Errorf("%s: %s: a group of two names", s.file, group.Path())
	}
	seen[group.ID()] = true
	if group.Has(varsGroup) {
		if err := s.addVars(group, path); err != nil {
			return err
		}
	}
	keys := group.Children()
	slices.SortStableFunc(keys, func(a, b string) int {
		classA, a1 := numbered(a)
		classB, b1 := numbered(b)
		return cmp.Or(cmp.Compare(classA, classB), cmp.Compare(a1, b1))
	})
	isList := !group.Has(varsGroup)
	for _, key := range keys {
		if key == varsGroup || slices.Contains(notLayers, key) {
			continue
		}
		child, err := group.Object(key)
		if err != nil {
			return err
		}
		if !child.IsGroup() {
			continue
		}
		below := path
		if key != layersGroup {
			if len(path) == maxNesting {
				return fmt.Errorf("%s: %s: in more than %d models", s.file, child.Path(), maxNesting)
			}
			next := level{key: key, class: key}
			if isList {
				next.class, next.n = numbered(key)
			}
			below = append(slices.Clip(path), next)
		}
		if err := s.readTree(child, seen, below); err != nil {
			return err
		}
	}
	return nil
}

// addVars adds the layer of a group that has vars, and puts its name into the last level of its path.
func (s *saved) addVars(group *hdf5.Object, path []level) error {
	vars, err := group.Object(varsGroup)
	if err != nil {
		return err
	}
	name, ok, err := vars.Strings("name")
	if err != nil {
		return err
	}
	arrays := vars.Children()
	switch {
	case len(path) == 0 && len(arrays) > 0:
		return s.ownWeights(vars)
	case len(path) > 0 && ok && len(name) == 1:
		path[len(path)-1].name = name[0]
	}
	slices.SortStableFunc(arrays, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) // 2 before 10
	})
	return s.add(path, vars, arrays)
}

// ownWeights is the error of weights that no layer has, but the model.
func (s *saved) ownWeights(group *hdf5.Object) error {
	return fmt.Errorf("%s: %s: weights of the model itself, want them in its layers", s.file, group.Path())
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

package keras

import (
	"cmp"
	"slices"
)

// arrange sorts layers into the order that Keras gives them when it builds a model, on which its weights files rely.
// Layers farthest from the output come first. Of equally far ones the first is the one that a depth-first walk from the
// output, through the inputs of each layer, reaches first. Layers that the output does not depend on are left out.
func arrange(layers []layer, output string) []layer {
	byName := map[string]*layer{}
	for i := range layers {
		byName[layers[i].name] = &layers[i]
	}
	met := map[string]int{}
	var finished []string // each layer after its inputs
	var visit func(name string)
	visit = func(name string) {
		if _, ok := met[name]; ok {
			return
		}
		met[name] = len(met)
		for _, x := range byName[name].in {
			visit(x.layer)
		}
		finished = append(finished, name)
	}
	visit(output)

	distance := map[string]int{} // length of the longest path to the output
	for _, name := range slices.Backward(finished) {
		for _, x := range byName[name].in {
			distance[x.layer] = max(distance[x.layer], distance[name]+1)
		}
	}
	slices.SortFunc(finished, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance[b], distance[a]), cmp.Compare(met[a], met[b]))
	})
	arranged := make([]layer, len(finished))
	for i, name := range finished {
		arranged[i] = *byName[name]
	}
	return arranged
}

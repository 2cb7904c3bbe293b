package keras

import (
	"cmp"
	"slices"
)

// arrange puts layers in the order that Keras gives them when it builds a model, which its weights files rely on: those
// farthest from the output come first, of equally far ones that which a walk from the output against the arrows meets
// first. Layers that the output does not need are left out.
func arrange(layers []layer, output string) []layer {
	byName := map[string]*layer{}
	for i := range layers {
		byName[layers[i].name] = &layers[i]
	}
	met := map[string]int{}
	var finished []string // each layer behind its inputs
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

	distance := map[string]int{} // the longest way to the output
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

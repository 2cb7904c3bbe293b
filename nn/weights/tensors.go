package weights

import (
	"fmt"
	"slices"
	"strings"

	"resnet/nn"
	"resnet/nn/safetensors"
)

// ReadTensors reads parameters and running statistics, then the given optimiser states, whose names have the prefix
// "state0." or "state1.".
func ReadTensors(e nn.Reader, g *nn.Graph, states ...nn.Role) ([]safetensors.Tensor, error) {
	var ts []safetensors.Tensor
	err := eachTensor(g, states, func(name string, shape []int, r nn.Ref) error {
		t := safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape,
			Data: make([]byte, 4*g.Type(r.Value).Shape.Elems())}
		ts = append(ts, t)
		return e.Read(r, t.Data)
	})
	return ts, err
}

// WriteTensors is the inverse of ReadTensors: it writes the tensors of f, which must be exactly those, to e. If one is
// missing, unexpected, of another shape, or has values that it cannot have, the error names it and e is unchanged.
func WriteTensors(e nn.Executor, g *nn.Graph, f *safetensors.File, states ...nn.Role) error {
	if err := checkTensors(g, f, "", states); err != nil {
		return err
	}
	return writeTensors(e, g, f, "", states)
}

// writeTensors is WriteTensors for a file that checkTensors has accepted and whose names have a prefix.
func writeTensors(e nn.Executor, g *nn.Graph, f *safetensors.File, prefix string, states []nn.Role) error {
	values := map[string][]float32{}
	err := eachTensor(g, states, func(name string, _ []int, r nn.Ref) (err error) {
		if values[name], err = f.Float32(prefix + name); err != nil {
			return err
		}
		return checkValues(g, name, r, values[name])
	})
	if err != nil {
		return err
	}
	return eachTensor(g, states, func(name string, _ []int, r nn.Ref) error {
		return e.Write(r, nn.Bytes(values[name]))
	})
}

// checkValues returns an error for values that a tensor cannot have: NaN, infinity or a negative variance. Optimiser
// states may be anything finite.
func checkValues(g *nn.Graph, name string, r nn.Ref, x []float32) error {
	check := nn.CheckFinite
	if r.Role == nn.Data {
		check = g.Param(r.Value).CheckValues
	}
	if err := check(x); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkTensors compares the names, shapes and types of a file's tensors with the graph's; nothing is read.
func checkTensors(g *nn.Graph, f *safetensors.File, prefix string, states []nn.Role) error {
	known := map[string]bool{}
	var missing, unexpected []string
	err := eachTensor(g, states, func(name string, shape []int, _ nn.Ref) error {
		known[name] = true
		t, ok := f.Lookup(prefix + name)
		switch {
		case !ok:
			missing = append(missing, name)
		case !slices.Equal(t.Shape, shape):
			return fmt.Errorf("%s: shape %v, want %v (another model?)", name, t.Shape, shape)
		case !t.DType.IsFloat():
			return fmt.Errorf("%s: dtype %s, want F32 (or F64, F16, BF16)", name, t.DType)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range f.Tensors {
		name := strings.TrimPrefix(f.Tensors[i].Name, prefix)
		if !known[name] && !strings.HasSuffix(name, ".num_batches_tracked") {
			unexpected = append(unexpected, safetensors.Shown(name))
		}
	}
	if len(missing)+len(unexpected) > 0 {
		return fmt.Errorf("missing tensors: %s; unexpected tensors: %s (another model?)", listSome(missing),
			listSome(unexpected))
	}
	return nil
}

// eachTensor calls do for every parameter and running statistic, then for the given states of the trainable ones.
func eachTensor(g *nn.Graph, states []nn.Role, do func(name string, shape []int, r nn.Ref) error) error {
	prefix := map[nn.Role]string{nn.Momentum: "state0.", nn.SecondMoment: "state1."}
	for _, role := range append([]nn.Role{nn.Data}, states...) {
		for _, v := range g.Parameters() {
			p := g.Param(v)
			if role != nn.Data && !p.Trainable {
				continue
			}
			shape := []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims]
			if err := do(prefix[role]+g.ValueName(v), shape, nn.Ref{Value: v, Role: role}); err != nil {
				return err
			}
		}
	}
	return nil
}

// listSome lists the first few names and counts the others.
func listSome(names []string) string {
	const most = 5
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

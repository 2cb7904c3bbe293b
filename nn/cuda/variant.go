//go:build !nocuda

package cuda

import (
	"fmt"

	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// variant is one way to take the steps of a mode. All ways compute the same, up to rounding: with another room, and
// with other batch norms, sums are added in another order, which is the same in each step.
type variant struct {
	name       string  // as the choices and reports have it: "fused, main stream first"
	fusion     *fusion // nil: every node by itself
	oneStream  bool    // no task runs beside the main stream
	room       kernels.WeightRoom
	priorities bool // kernels of the main stream come before those beside it
	mostShared bool // see gpu.LaunchOptions
	overlap    bool // see gpu.LaunchOptions
	ownNorms   bool // batch norms that are not lazy run on our kernels, though cuDNN may be faster alone
}

// bases returns the variants that are compared first. The first is taken where nothing was measured.
func (e *executor) bases() []variant {
	apart := variant{name: "apart"}
	if e.fusion == nil {
		return []variant{apart}
	}
	list := []variant{{name: "fused", fusion: e.fusion}}
	if e.backend.config.Fuse != FuseOn {
		list = append(list, apart)
	}
	return append(list, variant{name: "fused, one stream", fusion: e.fusion, oneStream: true})
}

// option is something about a step that has several ways.
type option struct {
	name string
	ways []way // the first is how a base is
	// fits says whether the ways differ for a variant of a mode.
	fits func(e *executor, m nn.Mode, v variant) bool
}

type way struct {
	name string
	set  func(v *variant)
}

// options are tried one after another on the fastest variant so far, which is measured beside them once more. A way
// other than the first is kept if it makes the whole step faster by minSpeedup. So at most 14 whole steps are measured
// for a mode.
var options = []option{
	{"room of weight gradients", []way{
		{name: "two blocks a multiprocessor"},
		{"weight gradients one block a multiprocessor", func(v *variant) { v.room = kernels.HalfOfEach }},
		{"weight gradients on half of the multiprocessors", func(v *variant) { v.room = kernels.HalfOfDevice }},
	}, func(_ *executor, m nn.Mode, v variant) bool { return m == nn.Train && v.forks() }},
	{"priorities", []way{
		{name: "equal"},
		{"main stream first", func(v *variant) { v.priorities = true }},
	}, func(_ *executor, _ nn.Mode, v variant) bool { return v.forks() }},
	{"batch norms", []way{
		{name: "each by its own time"},
		{"own batch norms", func(v *variant) { v.ownNorms = true }},
	}, func(e *executor, _ nn.Mode, v variant) bool { return e.mayUseDNNNorms(v.fusion) }},
	{"overlap", []way{
		{name: "one kernel after another"},
		{"overlapping kernels", func(v *variant) { v.overlap = true }},
	}, func(e *executor, _ nn.Mode, v variant) bool { return v.fusion != nil && e.backend.kernels.Overlaps() }},
	{"shared memory", []way{
		{name: "as each kernel needs"},
		{"most shared memory", func(v *variant) { v.mostShared = true }},
	}, func(e *executor, _ nn.Mode, v variant) bool { return v.fusion != nil }},
}

// forks says whether work runs beside the main stream.
func (v variant) forks() bool { return v.fusion != nil && !v.oneStream }

// mayUseDNNNorms says whether a batch norm that runs by itself can be cuDNN's.
func (e *executor) mayUseDNNNorms(f *fusion) bool {
	for i := range e.graph.Nodes {
		if _, ok := e.graph.Nodes[i].Op.(nn.BatchNorm); !ok || e.backend.config.Precision == nn.BF16 {
			continue
		}
		if f == nil {
			return true
		}
		if _, lazy := f.appliedBy[i]; !lazy {
			return true
		}
	}
	return false
}

// with returns the variants of an option's ways.
func (v variant) with(o option) (names []string, list []variant) {
	for _, w := range o.ways {
		x := v
		if w.set != nil {
			w.set(&x)
			x.name = fmt.Sprintf("%s, %s", v.name, w.name)
		}
		names, list = append(names, w.name), append(list, x)
	}
	return names, list
}

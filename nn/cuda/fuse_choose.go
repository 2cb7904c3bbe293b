//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"hash/fnv"

	"resnet/nn"
)

// fusionFor returns the fusion for programs of a mode, or nil for none. FuseAuto decides when the program of the plan's
// batch size is compiled, by the time of a whole step; smaller batches follow.
func (e *executor) fusionFor(m nn.Mode) (*fusion, error) {
	if e.fusion == nil || e.backend.config.Fuse == FuseOn {
		return e.fusion, nil
	}
	if m == nn.Gradient {
		m = nn.Train
	}
	if f, decided := e.chosenFusion[m]; decided {
		return f, nil
	}
	f, err := e.chooseFusion(m)
	if err == nil {
		e.chosenFusion[m] = f
	}
	return f, err
}

// Fused implements nn.Instrumented.
func (e *executor) Fused(m nn.Mode) bool {
	p := e.programs[programKey{m, e.plan.BatchFor(m)}]
	return p != nil && p.fusion != nil
}

// chooseFusion returns e.fusion, or nil if a step without fusion is faster.
func (e *executor) chooseFusion(m nn.Mode) (*fusion, error) {
	n, names, variants := e.plan.BatchFor(m), []string{"fused", "apart"}, []*fusion{e.fusion, nil}
	key := fmt.Sprintf("step.%v n=%d %s %v", m, n, graphDigest(e.graph), e.backend.config.Precision)
	var measure func() ([]float64, error)
	if !e.compiled {
		measure = func() ([]float64, error) { return e.measureSteps(key, m, n, names, variants) }
	}
	i, err := e.backend.tuner.choose(key, names, measure)
	if err != nil {
		return nil, err
	}
	return variants[i], nil
}

// measureSteps times whole steps. It binds each variant, times it, and releases it. Choices made meanwhile are cached
// and reused by the final build.
func (e *executor) measureSteps(key string, m nn.Mode, n int, names []string, variants []*fusion) (
	times []float64, err error) {
	need := e.scratchNeed
	defer func() { e.scratchNeed = need }()
	var candidates []candidate
	for i, f := range variants {
		e.scratchNeed = need
		p, err := e.newProgram(m, n, f)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		candidates = append(candidates, candidate{name: names[i], scratch: e.scratchNeed, run: p.streams.run})
	}
	return e.measure(key, candidates, func(candidate, error) {})
}

// graphDigest identifies a graph: its name and a hash of every node and what it reads.
func graphDigest(g *nn.Graph) string {
	h := fnv.New64a()
	for i := range g.Nodes {
		n := &g.Nodes[i]
		fmt.Fprintf(h, "%s %+v %v\n", n.Op.Kind(), n.Op, n.In)
		for _, t := range g.InTypes(n) {
			fmt.Fprintf(h, "%v\n", t)
		}
	}
	return fmt.Sprintf("%s-%x", g.Name, h.Sum64())
}

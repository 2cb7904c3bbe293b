//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"hash/fnv"

	"resnet/nn"
)

// variantFor returns how programs of a mode take a step. It is chosen when the program of the plan's batch size is
// compiled, by the time of whole steps; smaller batches follow.
func (e *executor) variantFor(m nn.Mode) (variant, error) {
	if m == nn.Gradient {
		m = nn.Train
	}
	if v, decided := e.variants[m]; decided {
		return v, nil
	}
	v, err := e.chooseVariant(m)
	if err == nil {
		e.variants[m] = v
	}
	return v, err
}

// Fused implements nn.Instrumented.
func (e *executor) Fused(m nn.Mode) bool {
	p := e.programs[programKey{m, e.plan.BatchFor(m)}]
	return p != nil && p.fusion != nil
}

// Variant implements nn.Instrumented.
func (e *executor) Variant(m nn.Mode) string {
	if p := e.programs[programKey{m, e.plan.BatchFor(m)}]; p != nil {
		return p.name
	}
	return ""
}

// chooseVariant returns the fastest base with the ways of options that make it faster.
func (e *executor) chooseVariant(m nn.Mode) (variant, error) {
	bases := e.bases()
	names := make([]string, len(bases))
	for i, v := range bases {
		names[i] = v.name
	}
	of := fmt.Sprintf("%v n=%d %s %v", m, e.plan.BatchFor(m), graphDigest(e.graph), e.backend.config.Precision)
	v, err := e.chooseStep("step."+of, m, names, bases)
	for _, o := range options {
		key := fmt.Sprintf("option.%s %s: %s", of, v.name, o.name)
		// A run that began before there was this option goes on without it.
		older := e.backend.tuner.began("step."+of) && !e.backend.tuner.began(key)
		if err == nil && !older && o.fits(e, m, v) {
			names, list := v.with(o)
			v, err = e.chooseStep(key, m, names, list)
		}
	}
	return v, err
}

// began says whether the run that is resumed began with a choice for key.
func (t *tuner) began(key string) bool {
	_, ok := t.given[key]
	return ok
}

// chooseStep returns the fastest of the variants, which key has under these names.
func (e *executor) chooseStep(key string, m nn.Mode, names []string, variants []variant) (variant, error) {
	var measure func() ([]float64, error)
	if !e.compiled {
		measure = func() ([]float64, error) { return e.measureSteps(key, m, names, variants) }
	}
	i, err := e.backend.tuner.choose(key, names, measure)
	return variants[i], err
}

// measureSteps times whole steps. It binds each variant, times it, and releases it. Choices made meanwhile are cached
// and reused by the final build.
func (e *executor) measureSteps(key string, m nn.Mode, names []string, variants []variant) (
	times []float64, err error) {
	need := e.scratchNeed
	defer func() { e.scratchNeed = need }()
	var candidates []candidate
	for i, v := range variants {
		e.scratchNeed = need
		p, err := e.newProgram(m, e.plan.BatchFor(m), v)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		candidates = append(candidates, candidate{name: names[i], scratch: e.scratchNeed, run: p.streams.run})
	}
	if times, err = e.measure(key, candidates, func(candidate, error) {}); err != nil {
		return nil, err
	}
	return times, e.resetScale() // which the steps have moved
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

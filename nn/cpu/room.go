package cpu

import (
	"math"
	"runtime/debug"

	"resnet/data/memory"
	"resnet/nn"
)

// CheckMemory implements nn.MemoryChecker.
func (b *backend) CheckMemory(g *nn.Graph, c nn.PlanConfig) error {
	_, err := b.planThatFits(g, c)
	return err
}

// planThatFits returns the plan, or an error where this machine has too little memory for it.
func (b *backend) planThatFits(g *nn.Graph, c nn.PlanConfig) (p *nn.Plan, err error) {
	room := nn.Room{Of: thisMachine, Have: available}
	room.Need = func(g *nn.Graph, c nn.PlanConfig) (least, most int64, err error) {
		if p, err = b.Plan(g, c); err != nil {
			return 0, 0, err
		}
		least = b.need(p)
		return least, least, nil
	}
	err = room.Check(g, c)
	return p, err
}

const thisMachine = "this machine"

// available is what is left for so many bytes; where that is too little, what networks that are closed have left behind
// is given back first.
func available(need int64) (int64, error) {
	have, ok := memory.Available()
	if ok && have < need {
		debug.FreeOSMemory()
		have, ok = memory.Available()
	}
	if !ok {
		return math.MaxInt64, nil // the system does not tell
	}
	return have, nil
}

// need is what an executor of the plan allocates, and what training and evaluation do for it besides: the images that
// they hand over, and a copy of what a checkpoint holds.
func (b *backend) need(p *nn.Plan) int64 {
	e := &executor{backend: b, plan: p, graph: p.Graph, k: b.k}
	e.needScratch(scratchFloats(b.k))
	e.bind(nn.Eval, p.Eval.Instructions, nil)
	if p.Train != nil {
		e.bind(nn.Train, p.Train.Instructions, nil)
	}
	need := 4 * (e.owned + int64(b.threads)*int64(e.scratch))
	for s, n := range p.Bytes {
		switch nn.Segment(s) {
		case nn.Local:
			n *= int64(b.threads)
		case nn.Params, nn.Statistics, nn.Momenta, nn.SecondMoments:
			n *= 2
		}
		need += n
	}
	images, labels := int64(p.Graph.Elems(p.Graph.Images, p.MaxBatch())), 4*int64(p.MaxBatch())
	return need + 2*(images+labels)
}

// checkFloor returns an error where not even the parameters and the largest tensor of one image fit. Without it the
// planner itself, whose lists grow with the layers, could exceed the memory.
func (b *backend) checkFloor(g *nn.Graph) error {
	var params, most int64
	for v := range nn.Value(g.NumValues()) {
		n := int64(g.Type(v).DType.Size()) * int64(g.Elems(v, 1))
		if g.Param(v) != nil {
			params += n
		} else {
			most = max(most, n)
		}
	}
	need := params + most
	have, err := available(need)
	if err == nil && need > have {
		err = &nn.TooLarge{Network: g.Name, TooLarge: memory.TooLarge{Need: need, Have: have, Of: thisMachine}}
	}
	return err
}

package cpu

import (
	"resnet/data/memory"
	"resnet/nn"
)

// CheckMemory implements nn.MemoryChecker.
func (b *backend) CheckMemory(g *nn.Graph, c nn.PlanConfig) error {
	have, ok := memory.Available()
	if !ok {
		return nil // the system does not tell
	}
	room := nn.Room{Have: have, Of: thisMachine, Need: func(g *nn.Graph, c nn.PlanConfig) (int64, error) {
		p, err := b.Plan(g, c)
		if err != nil {
			return 0, err
		}
		return b.need(p), nil
	}}
	return room.Check(g, c)
}

const thisMachine = "this machine"

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
	have, ok := memory.Available()
	if need := params + most; ok && need > have {
		return &nn.TooLarge{Network: g.Name, TooLarge: memory.TooLarge{Need: need, Have: have, Of: thisMachine}}
	}
	return nil
}

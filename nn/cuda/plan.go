//go:build !nocuda

package cuda

import "resnet/nn"

// target tells the planner about the backend's memory and about the nodes that share kernels.
type target struct {
	*backend
	fusion *fusion // nil: every node by itself
}

// Schedule implements nn.Target: one instruction after another, except where nodes share kernels or work runs on a side
// stream.
func (t target) Schedule(_ *nn.Graph, _ nn.Mode, instructions []nn.Instruction) []nn.Span {
	if t.fusion != nil {
		return newSchedule(t.fusion, instructions).spans
	}
	spans := make([]nn.Span, len(instructions))
	for i := range spans {
		spans[i] = nn.Span{Start: i, End: i}
	}
	return spans
}

// Plan implements nn.Backend.
func (b *backend) Plan(g *nn.Graph, c nn.PlanConfig) (*nn.Plan, error) {
	p, _, err := b.plan(g, c)
	return p, err
}

// plan finds the nodes that share kernels, once for the planner and for the executor, and plans the graph.
func (b *backend) plan(g *nn.Graph, c nn.PlanConfig) (*nn.Plan, *fusion, error) {
	if err := g.Err(); err != nil {
		return nil, nil, err
	}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; binder(n.Op) == nil {
			return nil, nil, b.wrap(noKernel(n))
		}
	}
	f := b.fuse(g, c)
	p, err := planEval(g, c, target{b, f})
	return p, f, err
}

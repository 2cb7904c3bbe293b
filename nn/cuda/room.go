//go:build !nocuda

package cuda

import "resnet/nn"

// CheckMemory implements nn.MemoryChecker. The workspaces that cuDNN's algorithms and kernels ask for are known only
// once they are bound, so they count for the batch size that is proposed alone.
func (b *backend) CheckMemory(g *nn.Graph, c nn.PlanConfig) error {
	_, _, err := b.planThatFits(g, c)
	return err
}

// planThatFits is plan, or an error where the device has too little memory left for it.
func (b *backend) planThatFits(g *nn.Graph, c nn.PlanConfig) (p *nn.Plan, f *fusion, err error) {
	free := func(int64) (int64, error) {
		n, _, err := b.device.MemInfo()
		return n, b.wrap(err)
	}
	room := nn.Room{Of: b.Name(), Have: free}
	room.Need = func(g *nn.Graph, c nn.PlanConfig) (least, most int64, err error) {
		if p, f, err = b.plan(g, c); err != nil {
			return 0, 0, err
		}
		least = b.need(p)
		return least, least + b.scratch(p) + min(workspaceLimit, least/8), nil
	}
	err = room.Check(g, c)
	return p, f, err
}

// scratch is what a batch norm's backward pass wants beside cuDNN's workspace, which is most of the scratch memory: its
// dy and dx once more.
func (b *backend) scratch(p *nn.Plan) int64 {
	var most int64
	for i := range p.Graph.Nodes {
		most = max(most, b.Bytes(p.Graph, p.Graph.Nodes[i].Out, nn.Data, p.Batch))
	}
	return 2 * most
}

// need is the device memory that an executor of the plan takes before its nodes are bound.
func (b *backend) need(p *nn.Plan) int64 {
	var need int64
	for _, a := range (&executor{backend: b, plan: p, graph: p.Graph}).allocations() {
		need += a.bytes
	}
	return need
}

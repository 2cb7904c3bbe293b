//go:build !nocuda

package cuda

import "resnet/nn"

// CheckMemory implements nn.MemoryChecker. The workspaces that cuDNN's algorithms and kernels ask for are known only
// once they are bound, so they do not count here.
func (b *backend) CheckMemory(g *nn.Graph, c nn.PlanConfig) error {
	free, _, err := b.device.MemInfo()
	if err != nil {
		return b.wrap(err)
	}
	room := nn.Room{Have: free, Of: b.Name(), Need: func(g *nn.Graph, c nn.PlanConfig) (int64, error) {
		p, _, err := b.plan(g, c)
		if err != nil {
			return 0, err
		}
		return b.need(p), nil
	}}
	return room.Check(g, c)
}

// need is the device memory that an executor of the plan takes before its nodes are bound.
func (b *backend) need(p *nn.Plan) int64 {
	var need int64
	for _, a := range (&executor{backend: b, plan: p, graph: p.Graph}).allocations() {
		need += a.bytes
	}
	return need
}

package train

import "resnet/nn"

// Small batches leave most of a GPU idle. In inference, where nothing depends on
// the batch, they may be larger than in training: evalBatch images fill one, but
// no more memory is taken for them than evalBytes or what training takes anyway.
const (
	evalBatch = 1024
	evalBytes = 1 << 30
)

// planForGPU makes a plan that evaluates n images in a few large batches, all
// alike where that is possible, as each other size is bound on its own.
func planForGPU(g *nn.Graph, c nn.PlanConfig, n int) (*nn.Plan, error) {
	least, err := nn.NewPlan(g, c)
	if err != nil {
		return nil, err
	}
	room := max(evalBytes, least.Bytes[nn.Activations])
	for parts := ceil(n, evalBatch); ; parts *= 2 {
		c.EvalBatch = ceil(n, parts)
		p, err := nn.NewPlan(g, c)
		if err != nil || p.Bytes[nn.Activations] <= room || c.EvalBatch == 1 {
			return p, err
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

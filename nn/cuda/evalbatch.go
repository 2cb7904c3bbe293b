package cuda

import "resnet/nn"

// Small batches leave most of a GPU idle. In inference, where nothing depends on the batch, they may be larger than in
// training: maxEvalBatch images fill a GPU, but no more memory is taken for them than evalBytes or what training takes
// anyway.
const (
	maxEvalBatch = 1024
	evalBytes    = 1 << 30
)

// planEval makes a plan that evaluates c.EvalImages images, if that is given, in a few large batches. They are all alike
// where that is possible, since each other size is bound on its own.
func planEval(g *nn.Graph, c nn.PlanConfig, t nn.Target) (*nn.Plan, error) {
	least, err := nn.NewPlan(g, c, t)
	if err != nil || c.EvalImages == 0 || c.EvalBatch != 0 {
		return least, err
	}
	room := max(evalBytes, least.Bytes[nn.Activations])
	for parts := ceil(c.EvalImages, maxEvalBatch); ; parts *= 2 {
		c.EvalBatch = ceil(c.EvalImages, parts)
		p, err := nn.NewPlan(g, c, t)
		if err != nil || p.Bytes[nn.Activations] <= room || c.EvalBatch == 1 {
			return p, err
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

package cuda

import "resnet/nn"

// Small batches leave most of a GPU idle. In inference, where no result depends on the batch, they may be larger than
// in training: maxEvalBatch images fill a GPU. Their activations may take evalBytes, or as much as training takes
// anyway.
const (
	maxEvalBatch = 1024
	evalBytes    = 1 << 30
)

// planEval makes a plan that evaluates c.EvalImages images, if that is given, in a few large batches. They are of the
// same size where that is possible, since each size needs a program.
func planEval(g *nn.Graph, c nn.PlanConfig, t nn.Target) (*nn.Plan, error) {
	plain, err := nn.NewPlan(g, c, t)
	if err != nil || c.EvalImages == 0 || c.EvalBatch != 0 {
		return plain, err
	}
	room := max(evalBytes, plain.Bytes[nn.Activations])
	for parts := ceil(c.EvalImages, maxEvalBatch); ; parts *= 2 {
		c.EvalBatch = ceil(c.EvalImages, parts)
		p, err := nn.NewPlan(g, c, t)
		if err != nil || p.Bytes[nn.Activations] <= room || c.EvalBatch == 1 {
			return p, err
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

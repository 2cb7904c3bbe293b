package bench

import "resnet/nn"

// Cost is the arithmetic of one image in floating-point operations; a multiply-add counts as 2.
type Cost struct {
	Forward int64 `json:"forward"`
	Train   int64 `json:"train"` // forward and backward, without the update, which does not depend on the batch
}

// CostOf counts the operations of a graph. Convolutions count as in the direct algorithm, so that an algorithm with
// fewer multiplications shows as faster. The backward pass of a convolution or linear layer is one product for dw and
// one for dx, each as large as the forward one; without trainable parameters before it, as at the stem, there is no dx.
// Other ops count as much backward as forward.
func CostOf(g *nn.Graph) Cost {
	needs := g.NeedsGrad()
	var c Cost
	for i, n := range g.Nodes {
		c.Forward += nn.InstructionFLOPs(g, nn.Instruction{Node: i, Phase: nn.Forward})
		if needs[n.Out] {
			c.Train += nn.InstructionFLOPs(g, nn.Instruction{Node: i, Phase: nn.Backward})
		}
	}
	c.Train += c.Forward
	return c
}

package bench

import "resnet/nn"

// Cost is the arithmetic of one image in floating-point operations; a multiply-add counts as 2.
type Cost struct {
	Forward int64 `json:"forward"`
	Train   int64 `json:"train"` // forward and backward; the update, which no image adds to, is left out
}

// CostOf counts a graph's operations, convolutions as the direct algorithm has them, so that one which saves
// multiplications shows as faster. The backward pass of a convolution or linear layer is one product for the weight's
// gradient and one for the input's, each as large as the forward one; where nothing before the node is trained, as at
// the stem, there is only the first. Other ops count as much backward as forward.
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

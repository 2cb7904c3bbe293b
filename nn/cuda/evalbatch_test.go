package cuda

import (
	"testing"

	"resnet/nn"
	"resnet/nn/models"
	"resnet/nn/nntest"
)

// Batches for inference are of one size where n allows it, and as large as the memory allows.
func TestPlanEval(t *testing.T) {
	for _, c := range []struct{ side, batch, n, want int }{
		{28, 32, 10000, 1000},
		{28, 4096, 10000, 1000},
		{28, 32, 5001, 1001},
		{28, 32, 13, 13},
		{28, 32, 1025, 513},
		{224, 1, 10000, 0}, // limited by memory
	} {
		g, err := models.Build(models.Config{
			Model: "fashion-resnet", Channels: 1, Height: c.side, Width: c.side, Classes: 10,
			Options: "base_channels=16 hidden=8",
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := planEval(g, nn.PlanConfig{Batch: c.batch, Optimizer: nn.NewAdam(), EvalImages: c.n}, nntest.Plain{})
		if err != nil {
			t.Fatal(err)
		}
		bytes := p.Bytes[nn.Activations]
		if c.want > 0 && p.EvalBatch != c.want || p.Batch != c.batch {
			t.Errorf("%d images with batches of %d: batches of %d for inference, want %d",
				c.n, c.batch, p.EvalBatch, c.want)
		}
		if c.want == 0 && (p.EvalBatch >= 1000 || bytes > evalBytes || bytes < evalBytes/4) {
			t.Errorf("batches of %d for inference take %d bytes, want up to %d and not much less",
				p.EvalBatch, bytes, evalBytes)
		}
	}
}

package train

import (
	"context"
	"fmt"

	"resnet/data"
	"resnet/nn"
)

// feeder gives an executor images of a set, through buffers made once.
type feeder struct {
	exec    nn.Executor
	plan    *nn.Plan
	pixels  []byte
	labels  []int32
	metrics [2]float64
}

func newFeeder(exec nn.Executor, plan *nn.Plan) *feeder {
	g := plan.Graph
	return &feeder{
		exec:   exec,
		plan:   plan,
		pixels: make([]byte, g.Elems(g.Images, plan.Batch)),
		labels: make([]int32, plan.Batch),
	}
}

// load writes the images idx, at most a batch, and their labels.
func (f *feeder) load(set *data.Set, idx []int32) error {
	set.Gather(f.pixels, f.labels, idx)
	g := f.plan.Graph
	each := len(f.pixels) / f.plan.Batch
	if err := f.exec.Write(nn.Ref{Value: g.Images}, f.pixels[:each*len(idx)]); err != nil {
		return err
	}
	return f.exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(f.labels[:len(idx)]))
}

// setMetrics writes the loss sum and the count of correct images; runs add to them.
func (f *feeder) setMetrics(m [2]float64) error {
	f.metrics = m
	return f.exec.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
}

func (f *feeder) readMetrics() error {
	return f.exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
}

// score is what the metrics, as last read, say about n images.
func (f *feeder) score(n int) Score {
	return Score{Loss: f.metrics[0] / float64(n), Accuracy: f.metrics[1] / float64(n)}
}

// evaluate runs inference over the images idx, each exactly once, and calls
// batch, if not nil, after each batch of them.
func (f *feeder) evaluate(ctx context.Context, set *data.Set, idx []int32, batch func(idx []int32) error) (Score, error) {
	if err := f.setMetrics([2]float64{}); err != nil {
		return Score{}, err
	}
	for at := 0; at < len(idx); at += f.plan.Batch {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		part := idx[at:min(at+f.plan.Batch, len(idx))]
		if err := f.load(set, part); err != nil {
			return Score{}, err
		}
		if err := f.exec.Run(nn.Eval, len(part)); err != nil {
			return Score{}, err
		}
		if batch == nil {
			continue
		}
		if err := batch(part); err != nil {
			return Score{}, err
		}
	}
	if err := f.readMetrics(); err != nil {
		return Score{}, err
	}
	return f.score(len(idx)), nil
}

// checkSet says whether the network can read the set's images and labels.
func checkSet(g *nn.Graph, set *data.Set) error {
	if s := g.Type(g.Images).Shape; set.C != s.C || set.H != s.H || set.W != s.W {
		return fmt.Errorf("images of %dx%dx%d, want %dx%dx%d (channels, height, width of the model)", set.C, set.H, set.W, s.C, s.H, s.W)
	}
	for i, l := range set.Labels {
		if int(l) >= g.Classes {
			return fmt.Errorf("label %d of image %d, want 0 to %d as the model has %d classes", l, i, g.Classes-1, g.Classes)
		}
	}
	return nil
}

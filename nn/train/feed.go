package train

import (
	"context"
	"errors"
	"fmt"

	"resnet/data"
	"resnet/nn"
)

// feeder gives an executor images of a set, through buffers made once.
type feeder struct {
	exec    nn.Executor
	plan    *nn.Plan
	draws   []data.Draw
	pixels  []byte
	labels  []int32
	metrics [2]float64

	gatherer nn.Gatherer // of exec, once it holds a set
	held     map[*data.Set]int
	wanted   []nn.Draw
}

func newFeeder(exec nn.Executor, plan *nn.Plan) *feeder {
	g := plan.Graph
	return &feeder{
		exec:   exec,
		plan:   plan,
		draws:  make([]data.Draw, plan.Batch),
		pixels: make([]byte, g.Elems(g.Images, plan.Batch)),
		labels: make([]int32, plan.Batch),
	}
}

// hold puts sets into the memory of a device that can keep them, so that load
// sends numbers instead of images. It says which did not fit; those are sent.
func (f *feeder) hold(sets ...*data.Set) (left []*data.Set, err error) {
	g, ok := f.exec.(nn.Gatherer)
	if !ok {
		return nil, nil
	}
	f.gatherer, f.held, f.wanted = g, map[*data.Set]int{}, make([]nn.Draw, f.plan.Batch)
	for _, s := range sets {
		labels := make([]int32, len(s.Labels))
		for i, l := range s.Labels {
			labels[i] = int32(l)
		}
		set, err := g.Hold(s.Pixels, labels)
		switch {
		case errors.Is(err, nn.ErrNoRoom):
			left = append(left, s)
		case err != nil:
			return nil, err
		default:
			f.held[s] = set
		}
	}
	return left, nil
}

// load writes the images idx, at most a batch, and their labels, varied as a
// says in this epoch.
func (f *feeder) load(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int) error {
	draws := f.draws[:len(idx)]
	a.Draws(draws, idx, seed, epoch)
	if held, ok := f.held[set]; ok {
		for i, d := range draws {
			f.wanted[i] = nn.Draw(d)
		}
		return f.gatherer.Gather(held, f.wanted[:len(idx)])
	}
	set.Gather(f.pixels, f.labels, draws)
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
		if err := f.load(set, part, data.Augmentation{}, 0, 0); err != nil {
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

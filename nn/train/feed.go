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
	repeater nn.Repeater // likewise, where it can
	most     int         // steps at once
	held     map[*data.Set]int
	wanted   []nn.Draw
}

func newFeeder(exec nn.Executor, plan *nn.Plan) *feeder {
	g, most := plan.Graph, plan.MaxBatch()
	return &feeder{
		exec:   exec,
		plan:   plan,
		draws:  make([]data.Draw, most),
		pixels: make([]byte, g.Elems(g.Images, most)),
		labels: make([]int32, most),
	}
}

// hold puts sets into the memory of a device that can keep them, so that load
// sends numbers instead of images. It says which did not fit; those are sent.
func (f *feeder) hold(sets ...*data.Set) (left []*data.Set, err error) {
	g, ok := f.exec.(nn.Gatherer)
	if !ok {
		return nil, nil
	}
	f.gatherer, f.held = g, map[*data.Set]int{}
	if f.repeater, ok = f.exec.(nn.Repeater); ok {
		f.most = f.repeater.MostSteps()
	}
	f.draws = make([]data.Draw, max(f.plan.Batch*f.most, len(f.draws)))
	f.wanted = make([]nn.Draw, len(f.draws))
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
		return f.gatherer.Gather(held, f.want(draws))
	}
	set.Gather(f.pixels, f.labels, draws)
	g := f.plan.Graph
	each := len(f.pixels) / len(f.labels)
	if err := f.exec.Write(nn.Ref{Value: g.Images}, f.pixels[:each*len(idx)]); err != nil {
		return err
	}
	return f.exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(f.labels[:len(idx)]))
}

func (f *feeder) want(draws []data.Draw) []nn.Draw {
	for i, d := range draws {
		f.wanted[i] = nn.Draw(d)
	}
	return f.wanted[:len(draws)]
}

// atOnce is how many steps on whole batches of a set train takes at most.
func (f *feeder) atOnce(set *data.Set) int {
	if _, ok := f.held[set]; ok && f.most > 1 {
		return f.most
	}
	return 1
}

// train takes a step for each of hypers, on the images idx, a batch for each;
// only a single step may have fewer.
func (f *feeder) train(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int, hypers []nn.Hyper) error {
	if held, ok := f.held[set]; ok && f.most > 0 && len(idx) == len(hypers)*f.plan.Batch {
		draws := f.draws[:len(idx)]
		a.Draws(draws, idx, seed, epoch)
		return f.repeater.Steps(held, f.want(draws), hypers)
	}
	if err := f.load(set, idx, a, seed, epoch); err != nil {
		return err
	}
	if err := f.exec.Write(nn.Ref{Value: nn.HyperValue}, nn.Bytes(hypers[0][:])); err != nil {
		return err
	}
	return f.exec.Run(nn.Train, len(idx))
}

// setMetrics writes the loss sum and the count of correct images; runs add to them.
func (f *feeder) setMetrics(m [2]float64) error {
	f.metrics = m
	return f.exec.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
}

func (f *feeder) readMetrics() error {
	return f.exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
}

// score is what a loss sum and a count of correct images say about n images.
func score(metrics [2]float64, n int) Score {
	return Score{Loss: metrics[0] / float64(n), Accuracy: metrics[1] / float64(n)}
}

// evaluate runs inference over the images idx, each exactly once, and calls
// batch, if not nil, after each batch of them.
func (f *feeder) evaluate(ctx context.Context, set *data.Set, idx []int32, batch func(idx []int32) error) (Score, error) {
	if err := f.setMetrics([2]float64{}); err != nil {
		return Score{}, err
	}
	for at := 0; at < len(idx); at += f.plan.EvalBatch {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		part := idx[at:min(at+f.plan.EvalBatch, len(idx))]
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
	return score(f.metrics, len(idx)), nil
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

package infer

import (
	"context"
	"errors"
	"fmt"

	"resnet/data"
	"resnet/nn"
)

// feeder gives an executor images of a set, through buffers made once.
type Feeder struct {
	Exec    nn.Executor
	plan    *nn.Plan
	draws   []data.Sample
	pixels  []byte
	labels  []int32
	Metrics [2]float64

	gatherer nn.Gatherer // of exec, once it holds a set
	repeater nn.Repeater // likewise, where it can
	most     int         // steps at once
	held     map[*data.Set]int
	wanted   []nn.Sample
}

func NewFeeder(exec nn.Executor, plan *nn.Plan) *Feeder {
	g, most := plan.Graph, plan.MaxBatch()
	return &Feeder{
		Exec:   exec,
		plan:   plan,
		draws:  make([]data.Sample, most),
		pixels: make([]byte, g.Elems(g.Images, most)),
		labels: make([]int32, most),
	}
}

// hold puts sets into the memory of a device that can keep them, so that load
// sends numbers instead of images. It says which did not fit; those are sent.
func (f *Feeder) Upload(sets ...*data.Set) (left []*data.Set, err error) {
	g, ok := f.Exec.(nn.Gatherer)
	if !ok {
		return nil, nil
	}
	f.gatherer, f.held = g, map[*data.Set]int{}
	if f.repeater, ok = f.Exec.(nn.Repeater); ok {
		f.most = f.repeater.MaxSteps()
	}
	f.draws = make([]data.Sample, max(f.plan.Batch*f.most, len(f.draws)))
	f.wanted = make([]nn.Sample, len(f.draws))
	for _, s := range sets {
		labels := make([]int32, len(s.Labels))
		for i, l := range s.Labels {
			labels[i] = int32(l)
		}
		set, err := g.Upload(s.Pixels, labels)
		switch {
		case errors.Is(err, nn.ErrOutOfMemory):
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
func (f *Feeder) load(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int) error {
	draws := f.draws[:len(idx)]
	a.Samples(draws, idx, seed, epoch)
	if held, ok := f.held[set]; ok {
		return f.gatherer.Assemble(held, f.want(draws))
	}
	set.Assemble(f.pixels, f.labels, draws)
	g := f.plan.Graph
	each := len(f.pixels) / len(f.labels)
	if err := f.Exec.Write(nn.Ref{Value: g.Images}, f.pixels[:each*len(idx)]); err != nil {
		return err
	}
	return f.Exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(f.labels[:len(idx)]))
}

func (f *Feeder) want(draws []data.Sample) []nn.Sample {
	for i, d := range draws {
		f.wanted[i] = nn.Sample(d)
	}
	return f.wanted[:len(draws)]
}

// atOnce is how many steps on whole batches of a set train takes at most.
func (f *Feeder) MaxSteps(set *data.Set) int {
	if _, ok := f.held[set]; ok && f.most > 1 {
		return f.most
	}
	return 1
}

// train takes a step for each of hypers, on the images idx, a batch for each;
// only a single step may have fewer.
func (f *Feeder) Train(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int, hypers []nn.StepParams) error {
	if held, ok := f.held[set]; ok && f.most > 0 && len(idx) == len(hypers)*f.plan.Batch {
		draws := f.draws[:len(idx)]
		a.Samples(draws, idx, seed, epoch)
		return f.repeater.RunSteps(held, f.want(draws), hypers)
	}
	if err := f.load(set, idx, a, seed, epoch); err != nil {
		return err
	}
	if err := f.Exec.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(hypers[0][:])); err != nil {
		return err
	}
	return f.Exec.Run(nn.Train, len(idx))
}

// setMetrics writes the loss sum and the count of correct images; runs add to them.
func (f *Feeder) SetMetrics(m [2]float64) error {
	f.Metrics = m
	return f.Exec.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.Metrics[:]))
}

func (f *Feeder) ReadMetrics() error {
	return f.Exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.Metrics[:]))
}

// score is what a loss sum and a count of correct images say about n images.
func ScoreOf(metrics [2]float64, n int) Score {
	return Score{Loss: metrics[0] / float64(n), Accuracy: metrics[1] / float64(n)}
}

// evaluate runs inference over the images idx, each exactly once, and calls
// batch, if not nil, after each batch of them.
func (f *Feeder) Evaluate(ctx context.Context, set *data.Set, idx []int32, batch func(idx []int32) error) (Score, error) {
	if err := f.SetMetrics([2]float64{}); err != nil {
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
		if err := f.Exec.Run(nn.Eval, len(part)); err != nil {
			return Score{}, err
		}
		if batch == nil {
			continue
		}
		if err := batch(part); err != nil {
			return Score{}, err
		}
	}
	if err := f.ReadMetrics(); err != nil {
		return Score{}, err
	}
	return ScoreOf(f.Metrics, len(idx)), nil
}

// checkSet says whether the network can read the set's images and labels.
func CheckSet(g *nn.Graph, set *data.Set) error {
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

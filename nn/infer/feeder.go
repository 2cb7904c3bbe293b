package infer

import (
	"context"
	"errors"
	"fmt"

	"resnet/data"
	"resnet/nn"
)

// A Feeder feeds batches of data sets to an executor. It allocates its buffers once.
type Feeder struct {
	exec     nn.Executor
	plan     *nn.Plan
	samples  []data.Sample
	pixels   []byte
	labels   []int32
	metrics  [2]float64
	async    nn.Async          // exec, if it is one and Upload was called
	resident map[*data.Set]int // the numbers of the sets in the memory of the device
}

// NewFeeder returns a Feeder with buffers for an executor's batches.
func NewFeeder(exec nn.Executor) *Feeder {
	p := exec.Plan()
	most := p.MaxBatch()
	return &Feeder{
		exec: exec, plan: p, samples: make([]data.Sample, most),
		pixels: make([]byte, p.Graph.Elems(p.Graph.Images, most)), labels: make([]int32, most),
	}
}

// Upload copies sets to the memory of a device that can keep them, so that only indices are copied for a batch of
// theirs. It returns the sets that do not fit; their images are copied for each batch.
func (f *Feeder) Upload(sets ...*data.Set) (left []*data.Set, err error) {
	var ok bool
	if f.async, ok = f.exec.(nn.Async); !ok {
		return nil, nil
	}
	f.resident = map[*data.Set]int{}
	f.samples = make([]data.Sample, max(f.plan.Batch*f.async.MaxSteps(), len(f.samples)))
	for _, s := range sets {
		set, err := f.async.Upload(s.Pixels, s.Labels)
		switch {
		case errors.Is(err, nn.ErrOutOfMemory):
			left = append(left, s)
		case err != nil:
			return nil, err
		default:
			f.resident[s] = set
		}
	}
	return left, nil
}

// load writes the images idx, at most a batch, with their augmentation in this epoch, and their labels.
func (f *Feeder) load(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int) error {
	samples := f.samples[:len(idx)]
	a.Samples(samples, idx, seed, epoch)
	if resident, ok := f.resident[set]; ok {
		return f.async.Assemble(resident, samples)
	}
	set.Assemble(f.pixels, f.labels, samples)
	g := f.plan.Graph
	each := len(f.pixels) / len(f.labels)
	if err := f.exec.Write(nn.Ref{Value: g.Images}, f.pixels[:each*len(idx)]); err != nil {
		return err
	}
	return f.exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(f.labels[:len(idx)]))
}

// MaxSteps is the largest number of steps on whole batches of a set that one call of Train may take.
func (f *Feeder) MaxSteps(set *data.Set) int {
	if _, ok := f.resident[set]; ok {
		return max(f.async.MaxSteps(), 1)
	}
	return 1
}

// Train takes one step for each of params on the images idx, a batch for each step; only a single step may have fewer
// images.
func (f *Feeder) Train(set *data.Set, idx []int32, a data.Augmentation, seed uint64, epoch int,
	params []nn.StepParams) error {
	if resident, ok := f.resident[set]; ok && f.async.MaxSteps() > 0 && len(idx) == len(params)*f.plan.Batch {
		samples := f.samples[:len(idx)]
		a.Samples(samples, idx, seed, epoch)
		return f.async.RunSteps(resident, samples, params)
	}
	if err := f.load(set, idx, a, seed, epoch); err != nil {
		return err
	}
	if err := f.exec.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(params[0][:])); err != nil {
		return err
	}
	return f.exec.Run(nn.Train, len(idx))
}

// SetMetrics writes the loss sum and the count of correct images; runs add to them.
func (f *Feeder) SetMetrics(m [2]float64) error {
	f.metrics = m // the address of m would escape to the heap
	return f.exec.Write(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
}

// Metrics waits for all steps and reads the metrics.
func (f *Feeder) Metrics() ([2]float64, error) {
	err := f.exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(f.metrics[:]))
	return f.metrics, err
}

// Evaluate runs inference on the images idx, each exactly once, and calls batch, if not nil, after each batch with the
// images in it.
func (f *Feeder) Evaluate(ctx context.Context, set *data.Set, idx []int32,
	batch func(idx []int32) error) (Score, error) {
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
	m, err := f.Metrics()
	if err != nil {
		return Score{}, err
	}
	return ScoreOf(m, len(idx)), nil
}

// CheckSet returns an error where a network cannot read the images or labels of a set.
func CheckSet(g *nn.Graph, set *data.Set) error {
	if s := g.Type(g.Images).Shape; set.C != s.C || set.H != s.H || set.W != s.W {
		return fmt.Errorf("images of %dx%dx%d, want %dx%dx%d (channels, height, width of the model)", set.C, set.H,
			set.W, s.C, s.H, s.W)
	}
	for i, l := range set.Labels {
		if l < 0 || int(l) >= g.Classes {
			return fmt.Errorf("label %d of image %d, want 0 to %d as the model has %d classes", l, i, g.Classes-1,
				g.Classes)
		}
	}
	return nil
}

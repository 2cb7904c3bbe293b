package train

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"resnet/data"
	"resnet/nn"
)

// fakeGPU is a fake that works like a GPU: calls return at once and the work is
// done, in order, when something waits for it; sets can be kept on it; and it
// has a state besides the tensors.
type fakeGPU struct {
	fake
	room  int           // images that it can keep
	step  time.Duration // what a run takes
	scale bool          // the state, a factor that changes with each step, has a part in the updates

	looks    int // readings of the metrics
	restored int // calls of SetState
}

func (b *fakeGPU) Compile(p *nn.Plan) (nn.Executor, error) {
	e, err := b.fake.Compile(p)
	if err != nil {
		return nil, err
	}
	return &fakeGPUExecutor{fakeExecutor: e.(*fakeExecutor), gpu: b, factor: 0.3}, nil
}

type fakeGPUExecutor struct {
	*fakeExecutor
	gpu    *fakeGPU
	queue  []func() error
	sets   []*data.Set
	factor float32
}

func (e *fakeGPUExecutor) later(f func() error) error {
	e.queue = append(e.queue, f)
	return nil
}

func (e *fakeGPUExecutor) Write(r nn.Ref, p []byte) error {
	p = bytes.Clone(p)
	return e.later(func() error { return e.fakeExecutor.Write(r, p) })
}

func (e *fakeGPUExecutor) Run(m nn.Mode, n int) error {
	return e.later(func() error {
		time.Sleep(e.gpu.step)
		if m == nn.Train && e.gpu.scale {
			e.factor *= 3.7 * (1 - e.factor) // the logistic map, which forgets nothing
			e.mem[nn.Ref{Value: e.params[0]}][0] += 1e-3 * e.factor
		}
		return e.fakeExecutor.Run(m, n)
	})
}

func (e *fakeGPUExecutor) Sync() error {
	for _, f := range e.queue {
		if err := f(); err != nil {
			return err
		}
	}
	e.queue = nil
	return nil
}

func (e *fakeGPUExecutor) Read(r nn.Ref, p []byte) error {
	if r.Value == nn.MetricsValue {
		e.gpu.looks++
	}
	if err := e.Sync(); err != nil {
		return err
	}
	return e.fakeExecutor.Read(r, p)
}

func (e *fakeGPUExecutor) Hold(images []byte, labels []int32) (int, error) {
	if len(labels) > e.gpu.room {
		return 0, nn.ErrNoRoom
	}
	e.gpu.room -= len(labels)
	s := e.plan.Graph.Type(e.plan.Graph.Images).Shape
	set := &data.Set{N: len(labels), H: s.H, W: s.W, C: s.C, Pixels: bytes.Clone(images)}
	for _, l := range labels {
		set.Labels = append(set.Labels, uint8(l))
	}
	e.sets = append(e.sets, set)
	return len(e.sets) - 1, nil
}

func (e *fakeGPUExecutor) Gather(set int, draws []nn.Draw) error {
	draws = slices.Clone(draws)
	return e.later(func() error {
		wanted := make([]data.Draw, len(draws))
		for i, d := range draws {
			wanted[i] = data.Draw(d)
		}
		e.written = len(draws)
		e.sets[set].Gather(e.pixels, e.labels, wanted)
		return nil
	})
}

func (e *fakeGPUExecutor) State() ([]byte, error) {
	if err := e.Sync(); err != nil || !e.gpu.scale {
		return nil, err
	}
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(e.factor)), nil
}

func (e *fakeGPUExecutor) SetState(p []byte) error {
	e.gpu.restored++
	e.factor = math.Float32frombits(binary.LittleEndian.Uint32(p))
	return nil
}

package train

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"resnet/data"
	"resnet/nn"
)

// fakeGPU is a fake that works like a GPU: calls return at once and the work is done in order meanwhile; sets can be
// kept on it; it takes several steps at once; it answers questions and sets tensors aside in passing; and it has a
// state besides the tensors.
type fakeGPU struct {
	fake
	room  int           // images that it can keep
	step  time.Duration // what a run takes
	most  int           // steps at once; 0: it takes them one by one
	scale bool          // the state, a factor that changes with each step, has a part in the updates
	aside func() error  // called when a snapshot is read

	looks    int // readings of the metrics
	asked    int // questions for them
	calls    int // of Steps
	restored int // calls of SetState
}

// ahead is how many calls the device may be behind the host.
const ahead = 6

func (b *fakeGPU) Compile(graph *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	e, err := b.fake.Compile(graph, c)
	if err != nil {
		return nil, err
	}
	g := &fakeGPUExecutor{fakeExecutor: e.(*fakeExecutor), gpu: b, factor: 0.3, queue: make(chan func() error, ahead)}
	go g.work()
	return g, nil
}

type fakeGPUExecutor struct {
	*fakeExecutor
	gpu    *fakeGPU
	queue  chan func() error
	under  sync.WaitGroup // way: what is in the queue
	err    error          // of the device
	sets   []*data.Set
	factor float32
	answer chan [2]float64
}

func (e *fakeGPUExecutor) work() {
	for f := range e.queue {
		if e.err == nil {
			e.err = f()
		}
		e.under.Done()
	}
}

func (e *fakeGPUExecutor) later(f func() error) error {
	e.under.Add(1)
	e.queue <- f
	return nil
}

func (e *fakeGPUExecutor) Sync() error {
	e.under.Wait()
	return e.err
}

func (e *fakeGPUExecutor) Close() error {
	err := e.Sync()
	close(e.queue)
	return err
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

func (e *fakeGPUExecutor) Read(r nn.Ref, p []byte) error {
	if r.Value == nn.MetricsValue {
		e.gpu.looks++
	}
	if err := e.Sync(); err != nil {
		return err
	}
	return e.fakeExecutor.Read(r, p)
}

func (e *fakeGPUExecutor) Upload(images []byte, labels []int32) (int, error) {
	if len(labels) > e.gpu.room {
		return 0, nn.ErrOutOfMemory
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

func (e *fakeGPUExecutor) Assemble(set int, samples []data.Sample) error {
	samples = slices.Clone(samples)
	return e.later(func() error {
		e.written = len(samples)
		e.sets[set].Assemble(e.pixels, e.labels, samples)
		return nil
	})
}

func (e *fakeGPUExecutor) MaxSteps() int { return e.gpu.most }

func (e *fakeGPUExecutor) RunSteps(set int, samples []data.Sample, params []nn.StepParams) error {
	e.gpu.calls++
	n := e.plan.Batch
	if len(params) < 1 || len(params) > e.gpu.most || len(samples) != n*len(params) {
		return errors.New("fake: steps of another number than is offered, or on other batches than whole ones")
	}
	for i := range params {
		if err := errors.Join(
			e.Assemble(set, samples[i*n:(i+1)*n]),
			e.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(params[i][:])),
			e.Run(nn.Train, n),
		); err != nil {
			return err
		}
	}
	return nil
}

func (e *fakeGPUExecutor) RequestMetrics() error {
	e.gpu.asked++
	answer := make(chan [2]float64, 1)
	e.answer = answer
	return e.later(func() error { answer <- e.metrics; return nil })
}

func (e *fakeGPUExecutor) PollMetrics() (metrics [2]float64, ok bool, err error) {
	select {
	case metrics = <-e.answer:
		return metrics, true, nil
	default:
		return metrics, false, nil
	}
}

func (e *fakeGPUExecutor) state() []byte {
	if !e.gpu.scale {
		return nil
	}
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(e.factor))
}

func (e *fakeGPUExecutor) State() ([]byte, error) { return e.state(), e.Sync() }

func (e *fakeGPUExecutor) SetState(p []byte) error {
	e.gpu.restored++
	e.factor = math.Float32frombits(binary.LittleEndian.Uint32(p))
	return nil
}

// fakeSnapshot is there once the device has come to it.
type fakeSnapshot struct {
	there  chan struct{}
	gpu    *fakeGPU
	mem    map[nn.Ref][]float32
	factor []byte
}

func (e *fakeGPUExecutor) Snapshot() (nn.Snapshot, error) {
	s := &fakeSnapshot{there: make(chan struct{}), gpu: e.gpu}
	return s, e.later(func() error {
		defer close(s.there)
		s.mem, s.factor = maps.Clone(e.mem), e.state()
		for r := range s.mem {
			s.mem[r] = slices.Clone(s.mem[r])
		}
		return nil
	})
}

func (s *fakeSnapshot) State() ([]byte, error) {
	<-s.there
	if s.gpu.aside != nil {
		return s.factor, s.gpu.aside()
	}
	return s.factor, nil
}

func (s *fakeSnapshot) Read(r nn.Ref, p []byte) error {
	<-s.there
	copy(p, nn.Bytes(s.mem[r]))
	return nil
}

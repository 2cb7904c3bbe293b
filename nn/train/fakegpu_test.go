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

// fakeGPU is a fake that implements nn.Async like a GPU: calls are queued, return at once and are executed in order;
// sets can be resident; one call runs several steps; metrics and snapshots are copied when their turn comes; and there
// is a state besides the tensors.
type fakeGPU struct {
	fake
	room       int           // number of images that fit in its memory
	step       time.Duration // duration of a run
	most       int           // MaxSteps; 0: steps are taken one by one
	scale      bool          // there is a state, a factor that changes with each step and affects the updates
	onSnapshot func() error  // called when a snapshot is read

	reads    int // of the metrics; each waits
	requests int // calls of RequestMetrics
	calls    int // calls of RunSteps
	restored int // calls of SetState
}

// queueSize is the number of calls by which the host may run ahead of the device.
const queueSize = 6

func (b *fakeGPU) Compile(graph *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	e, err := b.fake.Compile(graph, c)
	if err != nil {
		return nil, err
	}
	g := &fakeGPUExecutor{fakeExecutor: e.(*fakeExecutor), gpu: b, factor: 0.3,
		queue: make(chan func() error, queueSize)}
	go g.work()
	return g, nil
}

type fakeGPUExecutor struct {
	*fakeExecutor
	gpu    *fakeGPU
	queue  chan func() error
	queued sync.WaitGroup // calls that are not done yet
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
		e.queued.Done()
	}
}

func (e *fakeGPUExecutor) enqueue(f func() error) error {
	e.queued.Add(1)
	e.queue <- f
	return nil
}

func (e *fakeGPUExecutor) Sync() error {
	e.queued.Wait()
	return e.err
}

func (e *fakeGPUExecutor) Close() error {
	err := e.Sync()
	close(e.queue)
	return err
}

func (e *fakeGPUExecutor) Write(r nn.Ref, p []byte) error {
	p = bytes.Clone(p)
	return e.enqueue(func() error { return e.fakeExecutor.Write(r, p) })
}

func (e *fakeGPUExecutor) Run(m nn.Mode, n int) error {
	return e.enqueue(func() error {
		time.Sleep(e.gpu.step)
		if m == nn.Train && e.gpu.scale {
			e.factor *= 3.7 * (1 - e.factor) // the logistic map, in which every step changes all later ones
			e.mem[nn.Ref{Value: e.params[0]}][0] += 1e-3 * e.factor
		}
		return e.fakeExecutor.Run(m, n)
	})
}

func (e *fakeGPUExecutor) Read(r nn.Ref, p []byte) error {
	if r.Value == nn.MetricsValue {
		e.gpu.reads++
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
		set.Labels = append(set.Labels, int32(l))
	}
	e.sets = append(e.sets, set)
	return len(e.sets) - 1, nil
}

func (e *fakeGPUExecutor) Assemble(set int, samples []data.Sample) error {
	samples = slices.Clone(samples)
	return e.enqueue(func() error {
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
		return errors.New("fake: more steps than MaxSteps, or a batch that is not whole")
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
	e.gpu.requests++
	answer := make(chan [2]float64, 1)
	e.answer = answer
	return e.enqueue(func() error { answer <- e.metrics; return nil })
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

// fakeSnapshot can be read once the device has made the copy.
type fakeSnapshot struct {
	copied chan struct{} // closed once the device has made the copy
	gpu    *fakeGPU
	mem    map[nn.Ref][]float32
	factor []byte
}

func (e *fakeGPUExecutor) Snapshot() (nn.Snapshot, error) {
	s := &fakeSnapshot{copied: make(chan struct{}), gpu: e.gpu}
	return s, e.enqueue(func() error {
		defer close(s.copied)
		s.mem, s.factor = maps.Clone(e.mem), e.state()
		for r := range s.mem {
			s.mem[r] = slices.Clone(s.mem[r])
		}
		return nil
	})
}

func (s *fakeSnapshot) State() ([]byte, error) {
	<-s.copied
	if s.gpu.onSnapshot != nil {
		return s.factor, s.gpu.onSnapshot()
	}
	return s.factor, nil
}

func (s *fakeSnapshot) Read(r nn.Ref, p []byte) error {
	<-s.copied
	copy(p, nn.Bytes(s.mem[r]))
	return nil
}

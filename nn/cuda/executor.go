//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// executor is a plan bound to device memory. Everything runs on the backend's stream, in the order of the calls.
type executor struct {
	backend *backend
	plan    *nn.Plan
	graph   *nn.Graph

	segments   [nn.NumSegments]*gpu.Buffer
	params16   *gpu.Buffer // 16-bit copy of the parameters, for products; nil at 32-bit precisions
	dirty      bool        // parameters were written, and params16 does not have them yet
	pixels     *gpu.Buffer // of a batch, written by Write and Assemble
	labels     *gpu.Buffer
	stepParams *gpu.Buffer
	metrics    *gpu.Buffer
	decay      *gpu.Buffer // a byte for every 16 parameters: whether weight decay applies
	scale      *gpu.Buffer // state of the loss scale in float16
	scratch    *gpu.Buffer // workspace of the main stream
	samples    *gpu.Buffer // of Assemble
	// lossScratch is not part of scratch, because its kernel finds zeros in it and leaves zeros.
	lossScratch *gpu.Buffer
	tables      map[nn.Value]*gpu.Buffer // of Normalize nodes, by their output
	buffers     []*gpu.Buffer            // all that Close frees

	imageRing, labelRing, scalarRing *uploadRing
	transfer                         *transfer
	multistep                        *multistep // nil: the plan does not train
	request                          metricsRequest
	snapshot                         *snapshot // nil until Snapshot is first called
	sets                             []residentSet

	fusion          *fusion             // the nodes that can share kernels; nil: none
	variants        map[nn.Mode]variant // how steps are taken
	normStates      map[int]gpu.Ptr     // states of the lazy batch norms, by node
	normTable       *gpu.Buffer         // the same with their parameters, listed for inference
	normCount       int
	normMaxChannels int
	packed          packedWeights

	programs        map[programKey]*program
	lastProgram     *nn.Program // of the last run
	scratchNeed     int64       // bytes of scratch that the bound programs need
	profiling       bool
	profile         profile
	timeline        timeline
	checks          *checker
	filledForTuning bool // memory that Compile zeroed holds random numbers for measurements
	usedForTuning   bool // memory that Compile zeroed holds what candidates made of it
	compiled        bool // Compile is done
}

// Compile implements nn.Backend.
func (b *backend) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	p, f, err := b.planThatFits(g, c)
	if err != nil {
		return nil, err
	}
	defer b.device.Enter()()
	e := &executor{
		backend: b, plan: p, graph: g, fusion: f,
		programs: map[programKey]*program{}, variants: map[nn.Mode]variant{}, tables: map[nn.Value]*gpu.Buffer{},
	}
	if err := e.compile(); err != nil {
		return nil, errors.Join(b.wrap(err), e.Close())
	}
	return e, nil
}

// Plan implements nn.Executor.
func (e *executor) Plan() *nn.Plan { return e.plan }

func (e *executor) compile() error {
	if err := e.allocate(); err != nil {
		return err
	}
	if err := e.makeRings(); err != nil {
		return err
	}
	if err := e.makeMetricsRequest(); err != nil {
		return err
	}
	if e.plan.Train != nil {
		if err := e.makeMultistep(); err != nil {
			return err
		}
	}
	if e.backend.config.Check {
		if err := e.makeChecker(); err != nil {
			return err
		}
	}
	if err := e.fillConstants(); err != nil {
		return err
	}
	if err := errors.Join(e.makeNorms(), e.makePackedWeights()); err != nil {
		return err
	}
	// Binding a whole batch here reports what cannot run before the first step does.
	if _, err := e.program(nn.Eval, e.plan.EvalBatch); err != nil {
		return err
	}
	if e.plan.Train != nil {
		if _, err := e.program(nn.Train, e.plan.Batch); err != nil {
			return err
		}
	}
	if err := e.endTuning(); err != nil {
		return err
	}
	return e.backend.stream.Sync()
}

var segmentNames = [nn.NumSegments]string{
	"parameters", "gradients", "optimiser state", "optimiser state", "running statistics", "activations",
	"local activations",
}

// allocate takes device memory and fills it with zeros.
func (e *executor) allocate() error {
	for _, a := range e.allocations() {
		if err := e.alloc(a.to, a.what, a.bytes); err != nil {
			return err
		}
	}
	return nil
}

// allocation is a buffer that allocate makes.
type allocation struct {
	to    **gpu.Buffer
	what  string
	bytes int64
}

// allocations are the segments of the plan and the buffers beside them.
func (e *executor) allocations() []allocation {
	var list []allocation
	for s, n := range e.plan.Bytes {
		list = append(list, allocation{&e.segments[s], segmentNames[s], n})
	}
	g, b := e.graph, e.backend
	var params16, scale int64
	if b.config.Precision.Is16Bit() {
		params16 = e.plan.Bytes[nn.Params] / 2
	}
	if b.config.Precision == nn.FP16 {
		scale = int64(unsafe.Sizeof(kernels.ScaleState{}))
	}
	return append(list, []allocation{
		{&e.params16, "parameters in 16 bits", params16},
		{&e.pixels, "images", int64(g.Elems(g.Images, e.plan.MaxBatch()))},
		{&e.labels, "labels", 4 * int64(e.plan.MaxBatch())},
		{&e.stepParams, "step scalars", 4 * nn.StepParamsLen},
		{&e.metrics, "metrics", metricsBytes},
		{&e.decay, "decay mask", e.plan.Bytes[nn.Params] / nn.SlotAlign},
		{&e.scale, "loss scale", scale},
		{&e.samples, "samples", int64(sampleBytes) * int64(e.plan.MaxBatch())},
		{&e.lossScratch, "partial losses", kernels.LossScratch(e.plan.MaxBatch())},
	}...)
}

// alloc sets *to to a buffer of zeros, or leaves it nil for 0 bytes. Close frees the buffer.
func (e *executor) alloc(to **gpu.Buffer, what string, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	bytes = (bytes + 3) / 4 * 4
	b, err := e.backend.device.Alloc(fmt.Sprintf("%s of %s at batch size %d", what, e.graph.Name, e.plan.Batch), bytes)
	if err != nil {
		return err
	}
	*to = b
	e.buffers = append(e.buffers, b)
	return e.backend.stream.Fill(b.Ptr, 0, bytes)
}

// slot returns the device memory of a slot.
func (e *executor) slot(s nn.Slot) gpu.Ptr { return e.segments[s.Segment].Ptr.Add(s.Offset) }

// free frees a buffer of alloc.
func (e *executor) free(from **gpu.Buffer) error {
	b := *from
	*from = nil
	e.buffers = slices.DeleteFunc(e.buffers, func(x *gpu.Buffer) bool { return x == b })
	return b.Free()
}

// Run implements nn.Executor. It returns when the step is queued.
func (e *executor) Run(m nn.Mode, n int) error {
	if err := e.plan.CheckRun(m, n); err != nil {
		return e.backend.wrap(err)
	}
	defer e.backend.device.Enter()()
	p, err := e.program(m, n)
	if err != nil {
		return e.backend.wrap(err)
	}
	if err := e.castParams(); err != nil {
		return e.backend.wrap(err)
	}
	e.lastProgram = p.Program
	return e.backend.wrap(p.run())
}

// Sync implements nn.Executor.
func (e *executor) Sync() error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.backend.stream.Sync())
}

// Close implements nn.Executor.
func (e *executor) Close() error {
	defer e.backend.device.Enter()()
	errs := []error{e.backend.stream.Sync()}
	for _, p := range e.programs {
		errs = append(errs, p.close())
	}
	errs = append(errs, e.closeRings(), e.request.close(), e.snapshot.close(), e.timeline.close())
	for _, b := range e.buffers {
		errs = append(errs, b.Free())
	}
	e.programs, e.buffers = nil, nil
	return e.backend.wrap(errors.Join(errs...))
}

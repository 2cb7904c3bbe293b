package nn

import (
	"errors"
	"fmt"
	"strings"

	"resnet/data"
)

// A Backend turns graphs into running networks on one device: "cpu", "cuda:0".
type Backend interface {
	Name() string
	Info() Info
	// Plan is the plan that Compile would make and bind. It takes no memory on the device.
	Plan(g *Graph, c PlanConfig) (*Plan, error)
	// Compile plans a graph for the device, allocates the plan's memory once and binds every instruction to a kernel.
	// Parameters start as zeros; see Initialize and package weights. The error wraps ErrOutOfMemory where the device
	// has too little.
	Compile(g *Graph, c PlanConfig) (Executor, error)
	Close() error
}

// Info describes a backend's device and what its bits depend on.
type Info struct {
	Device        string // the backend's name
	Precision     Precision
	Deterministic bool // the same bits each time; a CPU's always are

	ISA     string   // of a CPU: the instruction set
	Threads int      // of a CPU
	GPU     *GPUInfo // nil on a CPU
}

// GPUInfo describes a GPU and the libraries that run on it.
type GPUInfo struct {
	Name              string
	ComputeCapability string // "9.0"
	Memory            int64  // bytes
	Multiprocessors   int
	Driver            string     // the newest CUDA version that the driver knows: "13.0"
	CUDNN, CUBLAS     string     // versions
	Tuning            TuneReport // how algorithms were chosen so far
	Choices           *Tuning    // and which; grows while the backend compiles
}

// String names the device and all that its bits depend on.
func (i Info) String() string {
	if i.GPU == nil {
		return strings.TrimSpace(i.Device + " " + i.ISA)
	}
	how := i.Precision.String()
	if i.Deterministic {
		how += ", deterministic"
	}
	return fmt.Sprintf("%s (%s, %s, cuDNN %s)", i.Device, i.GPU.Name, how, i.GPU.CUDNN)
}

// Mode says which of a plan's instructions a run takes.
type Mode uint8

const (
	Train    Mode = iota // forward on batch statistics, backward, update
	Eval                 // forward on running statistics
	Gradient             // Train without its update (running statistics do move)
)

func (m Mode) String() string { return [...]string{"train", "eval", "gradient"}[m] }

// An Executor is a Plan bound to memory. After Compile nothing is allocated. It is for one goroutine at a time, any
// goroutine: what it needs of threads of the operating system it keeps for itself.
type Executor interface {
	Reader
	Plan() *Plan
	// Write copies p into a tensor: images, labels, step scalars, metrics, parameters and optimiser state. Fewer images
	// than the batch may be given. Labels outside the graph's classes are refused.
	Write(r Ref, p []byte) error
	// Run takes one step on the first n images, 1 <= n <= the mode's batch. Every statistic, mean and gradient is exact
	// over those n. It may return before the step is done.
	Run(m Mode, n int) error
	Sync() error
	Close() error
}

// A Reader gives the tensors that a Ref names.
type Reader interface {
	// Read copies a tensor to p; it waits for earlier steps. Of activations fewer images than the batch may be read.
	Read(r Ref, p []byte) error
}

// Async is an Executor whose device works by itself, so that the host can run ahead of it.
type Async interface {
	Executor

	// Upload copies a data set to the device: images N,H,W,C, a label each. It returns the set's number. The error
	// wraps ErrOutOfMemory where the set does not fit.
	Upload(images []byte, labels []int32) (set int, err error)
	// Assemble is Write of a batch of images and labels, taken from an uploaded set.
	Assemble(set int, samples []data.Sample) error

	// MaxSteps is how many steps a call of RunSteps may be for, and for how many it costs the host least; 0 where the
	// plan does not train.
	MaxSteps() int
	// RunSteps is, for each of params in turn, Assemble of a whole batch, Write of the step scalars and Run of Train,
	// to the same bits. The samples are those of all the batches, one batch after another.
	RunSteps(set int, samples []data.Sample, params []StepParams) error

	// RequestMetrics asks for the metrics as the work so far will leave them. It replaces a request that is still open.
	RequestMetrics() error
	// PollMetrics answers the last request without waiting; ok is false as long as the device has not come that far.
	PollMetrics() (metrics [2]float64, ok bool, err error)

	// Snapshot copies parameters, statistics, optimiser states and State, as the work so far will leave them, and
	// returns before that is done. It replaces the snapshot before.
	Snapshot() (Snapshot, error)

	// State is what a checkpoint must hold besides parameters, statistics and optimiser state, such as the scale of the
	// loss in float16; nil where there is nothing. SetState restores it.
	State() ([]byte, error)
	SetState(p []byte) error
}

// A Snapshot is what an Executor was at one moment. It may be read on another goroutine while the executor goes on,
// until the next one or Close.
type Snapshot interface {
	Reader
	State() ([]byte, error) // see Async
}

// Instrumented is an Executor that can tell where its time goes.
type Instrumented interface {
	Executor

	// Profile starts counting anew, or stops. It slows a step.
	Profile(on bool)
	// Profiled is what each instruction of the last program has taken since.
	Profiled() []InstructionTime

	// KernelCount is how many kernels, copies and fills one step on n images puts on the device, and on a CPU how many
	// times its threads start together. What brings images and step scalars there before is not counted. Such a step
	// must have run before.
	KernelCount(m Mode, n int) (int, error)
	// Fused says whether nodes share kernels in runs of a mode on a whole batch of the plan.
	Fused(m Mode) bool

	// StartTimeline records start and end events around each of the next n launches, on the device's own clock. Nothing
	// waits for an event, so steps run as they do without; each event costs the device about a microsecond.
	StartTimeline(n int) error
	// Timeline waits for the launches that were recorded, says how long they took, and ends the recording.
	Timeline() (Timeline, error)
}

// Timeline is how a device spent the time over some launches. A launch is a step, or several that are launched as one.
type Timeline struct {
	Launches int
	// Busy is the sum of the launches' own durations, in seconds: from right before the first piece of work to right
	// behind the last.
	Busy float64
	// Elapsed is the time from the first launch's start to the last one's end, in seconds.
	Elapsed float64
}

// Idle is the share of the time in which no step was under way, 1 - Busy/Elapsed. Copies and kernels between two steps,
// such as those that assemble a batch, are part of it; a step's own gaps, from one kernel to the next and until a
// launch that the device waited for arrives, are not.
func (t Timeline) Idle() float64 {
	if t.Elapsed <= 0 {
		return 0
	}
	return 1 - t.Busy/t.Elapsed
}

// Role is which of the tensors that belong to a value a Ref means.
type Role uint8

const (
	Data         Role = iota // the value itself
	Grad                     // its gradient
	Momentum                 // first optimiser state of a parameter: SGD's momentum, Adam's m
	SecondMoment             // second: Adam's v
)

// A Ref names one tensor of an Executor. Bytes are little-endian in canonical layout: parameters, their gradients and
// states as PyTorch has them (O,I,H,W; out,in with the input flattened C,H,W); images and activations N,H,W,C.
// Activations and their gradients can be read only where Plan.KeepAll is set, but for Probabilities and Logits, which
// always can.
type Ref struct {
	Value Value
	Role  Role
}

// Step scalars and metrics are tensors too, so that a captured step reads them from memory and need not be captured
// again.
const (
	StepParamsValue Value = -1 // float32[StepParamsLen], written before a Train run
	MetricsValue    Value = -2 // float64[2]: loss sum, correct count; runs add to it
)

// ErrOutOfMemory is wrapped by the error of an allocation that the device has no memory for.
var ErrOutOfMemory = errors.New("out of device memory")

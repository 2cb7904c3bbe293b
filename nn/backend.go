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
	// Plan returns the plan that Compile would make, without allocating memory on the device.
	Plan(g *Graph, c PlanConfig) (*Plan, error)
	// Compile plans a graph for the device, allocates the plan's memory once and binds every instruction to a kernel.
	// Parameters start as zeros; see Initialize and package weights. The error wraps ErrOutOfMemory where the device
	// has too little.
	Compile(g *Graph, c PlanConfig) (Executor, error)
	Close() error
}

// Info describes a backend's device and everything that the bits of its results depend on.
type Info struct {
	Device        string // the backend's name
	Precision     Precision
	Deterministic bool // the same bits in every run; always so on a CPU

	ISA     string   // CPU: the instruction set
	Threads int      // CPU: the number of threads
	GPU     *GPUInfo // nil on a CPU
}

// GPUInfo describes a GPU and the libraries that run on it.
type GPUInfo struct {
	Name              string
	ComputeCapability string // "9.0"
	Memory            int64  // bytes
	Multiprocessors   int
	Driver            string     // the newest CUDA version that the driver supports: "13.0"
	CUDNN, CUBLAS     string     // versions
	Tuning            TuneReport // how algorithms have been chosen so far
	Choices           *Tuning    // the algorithms chosen so far; grows while the backend compiles
}

// String names the device and everything that the bits of its results depend on.
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

// Mode selects the instructions of a plan that a run executes.
type Mode uint8

const (
	Train    Mode = iota // forward on batch statistics, backward, update
	Eval                 // forward on running statistics
	Gradient             // Train without the update; running statistics still change
)

func (m Mode) String() string { return [...]string{"train", "eval", "gradient"}[m] }

// An Executor is a Plan bound to memory. Nothing is allocated after Compile. Any goroutine may use it, but only one at
// a time; where it needs particular operating system threads it has its own.
type Executor interface {
	Reader
	Plan() *Plan
	// Write copies p into a tensor: images, labels, step scalars, metrics, parameters or optimiser state. p may hold
	// fewer images or labels than the batch. Labels outside the graph's classes are an error.
	Write(r Ref, p []byte) error
	// Run takes one step on the first n images, 1 <= n <= the mode's batch. All statistics, means and gradients are
	// over exactly those n. It may return before the step is done.
	Run(m Mode, n int) error
	// Sync waits until all steps are done.
	Sync() error
	Close() error
}

// A Reader reads the tensor that a Ref names.
type Reader interface {
	// Read waits for earlier steps and copies a tensor to p. Of an activation p may take fewer images than the batch.
	Read(r Ref, p []byte) error
}

// Async is an Executor whose device works asynchronously: the host queues work and runs ahead of it.
type Async interface {
	Executor

	// Upload copies a data set to the device, images in N,H,W,C order with one label each, and returns the number by
	// which the resident set is known. The error wraps ErrOutOfMemory where it does not fit.
	Upload(images []byte, labels []int32) (set int, err error)
	// Assemble writes a batch of images and labels from samples of a resident set.
	Assemble(set int, samples []data.Sample) error

	// MaxSteps is the largest number of steps that one call of RunSteps may take; with so many a step costs the host
	// least. It is 0 where the plan does not train.
	MaxSteps() int
	// RunSteps takes one training step for each of params, with the same bits as Assemble of a whole batch, Write of
	// the step scalars and Run for each. samples are those of all batches, one batch after another.
	RunSteps(set int, samples []data.Sample, params []StepParams) error

	// RequestMetrics queues a copy of the metrics after all work queued so far. It replaces an unanswered request.
	RequestMetrics() error
	// PollMetrics returns the metrics of the last request without waiting; ok is false until the device has copied
	// them.
	PollMetrics() (metrics [2]float64, ok bool, err error)

	// Snapshot queues a copy of parameters, statistics, optimiser states and State after all work queued so far, and
	// returns before the copy is done. It replaces the previous snapshot.
	Snapshot() (Snapshot, error)

	// State is what a checkpoint must hold besides parameters, statistics and optimiser states, such as the loss scale
	// in float16; nil where there is nothing. SetState restores it.
	State() ([]byte, error)
	SetState(p []byte) error
}

// A Snapshot holds the state of an Executor at one point in time. It may be read on another goroutine while the
// executor continues, until the next Snapshot or Close.
type Snapshot interface {
	Reader
	State() ([]byte, error) // see Async
}

// Instrumented is an Executor that measures where its time goes.
type Instrumented interface {
	Executor

	// Profile resets the profile and starts profiling, or stops it. Profiling slows a step down.
	Profile(on bool)
	// Profiled returns the time of each instruction of the last program since profiling started.
	Profiled() []InstructionTime

	// KernelCount is the number of kernels, copies and fills that one step on n images launches, or on a CPU the number
	// of its parallel regions. Copies of images and step scalars to the device are not counted. Such a step must have
	// run before.
	KernelCount(m Mode, n int) (int, error)
	// Fused says whether nodes share kernels in runs of a mode on a whole batch.
	Fused(m Mode) bool
	// Variant names how a GPU takes such a step, as GPUInfo's choices do: "fused, one stream". On a CPU it is empty.
	Variant(m Mode) string

	// StartTimeline records start and end events around each of the next n launches, on the device's own clock. Nothing
	// waits for an event, so steps overlap as they do without; an event costs the device about a microsecond.
	StartTimeline(n int) error
	// Timeline waits for the recorded launches, returns how long they took, and stops recording.
	Timeline() (Timeline, error)
}

// Timeline is how a device spent its time during some launches. A launch is one step, or several launched as one.
type Timeline struct {
	Launches int
	// Busy is the sum of the launches' durations in seconds, each from before its first kernel to after its last.
	Busy float64
	// Elapsed is the time from the start of the first launch to the end of the last, in seconds.
	Elapsed float64
}

// Idle is the share of the time in which no step was running, 1 - Busy/Elapsed. Copies and kernels between two steps,
// such as those that assemble a batch, count as idle; gaps between the kernels of one step do not.
func (t Timeline) Idle() float64 {
	if t.Elapsed <= 0 {
		return 0
	}
	return 1 - t.Busy/t.Elapsed
}

// Role says which of a value's tensors a Ref names.
type Role uint8

const (
	Data         Role = iota // the value itself
	Grad                     // its gradient
	Momentum                 // a parameter's first optimiser state: SGD's momentum, Adam's m
	SecondMoment             // its second: Adam's v
)

// A Ref names one tensor of an Executor. Its bytes are little-endian in canonical layout: parameters, their gradients
// and states as in PyTorch (O,I,H,W; out,in with the input flattened C,H,W); images and activations N,H,W,C.
// Activations and their gradients can be read only where Plan.KeepAll is set, except Probabilities and Logits, which
// always can.
type Ref struct {
	Value Value
	Role  Role
}

// Step scalars and metrics are tensors too, so that a step captured as a CUDA graph reads them from memory and can be
// replayed with new ones.
const (
	StepParamsValue Value = -1 // float32[StepParamsLen], written before a Train run
	MetricsValue    Value = -2 // float64[2]: loss sum, correct count; each run adds to them
)

// ErrOutOfMemory is wrapped by the error of an allocation for which the device has too little memory.
var ErrOutOfMemory = errors.New("out of device memory")

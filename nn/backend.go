package nn

import "errors"

// Mode says which of a plan's step lists a run takes.
type Mode uint8

const (
	Train    Mode = iota // forward on batch statistics, backward, update
	Eval                 // forward on running statistics
	Gradient             // Train without its update (running statistics do move)
)

func (m Mode) String() string { return [...]string{"train", "eval", "gradient"}[m] }

// A Backend turns plans into running networks on one device: "cpu", "cuda:0".
type Backend interface {
	Target
	Name() string
	// Compile allocates a plan's memory once and binds every step to a kernel.
	// Parameters start as zeros; see Initialize and LoadWeights.
	Compile(p *Plan) (Executor, error)
	Close() error
}

// An Executor is a Plan bound to memory. After Compile nothing is allocated.
// It is for one goroutine at a time.
type Executor interface {
	// Write copies p into a tensor: images, labels, step scalars, metrics,
	// parameters and optimiser state. Fewer images than the batch may be given.
	// Labels outside the graph's classes are refused.
	Write(r Ref, p []byte) error
	// Run takes one step on the first n images, 1 <= n <= the mode's batch. Every statistic,
	// mean and gradient is exact over those n. It may return before the step is done.
	Run(m Mode, n int) error
	// Read copies a tensor to p; it waits for earlier steps. Of activations fewer
	// images than the batch may be read.
	Read(r Ref, p []byte) error
	Sync() error
	Close() error
}

// Role is which of the tensors that belong to a value a Ref means.
type Role uint8

const (
	Data         Role = iota // the value itself
	Grad                     // its gradient
	Momentum                 // first optimiser state of a parameter: momentum, Adam's m
	SecondMoment             // second: Adam's v
)

// A Ref names one tensor of an Executor. Bytes are little-endian in canonical
// layout: parameters, their gradients and states as PyTorch has them (O,I,H,W;
// out,in with the input flattened C,H,W); images and activations N,H,W,C.
// Activations and their gradients can be read only where Plan.KeepAll is set,
// but for Probabilities and Logits, which always can.
type Ref struct {
	Value Value
	Role  Role
	Slot  int // inputs: which of the two staging slots (0 where there is one)
}

// Step scalars and metrics are tensors too, so that a captured step reads them
// from memory and need not be captured again.
const (
	StepParamsValue Value = -1 // float32[HyperLen], written before a Train run
	MetricsValue    Value = -2 // float64[2]: loss sum, correct count; runs add to it
)

// ErrNoRoom is wrapped by the error of an allocation that the device has no memory for.
var ErrOutOfMemory = errors.New("out of device memory")

// A Fuser is an Executor whose nodes may share kernels.
type Fuser interface {
	// Fused says whether they do in runs of a mode on a whole batch of the plan.
	Fused(m Mode) bool
}

// CUDADevice describes the GPU of a backend and the libraries on it.
type Device struct {
	Index             int
	Name              string
	ComputeCapability string // "9.0"
	Memory            int64  // bytes
	Multiprocessors   int
	Driver            string // the newest CUDA version that the driver knows: "13.0"
	CUDNN, CUBLAS     string
	Precision         Precision
	Deterministic     bool
	Tuning            TuneReport
}

// A Gatherer is an Executor that can keep data sets in device memory, so that
// the host sends indices instead of images.
type Gatherer interface {
	// Hold copies a set to the device: images N,H,W,C, a label each. It returns
	// the set's number. The error wraps ErrNoRoom where the set does not fit.
	Upload(images []byte, labels []int32) (set int, err error)
	// Gather is Write of images and labels, taken from a set that is held.
	Assemble(set int, draws []Sample) error
}

// A Draw is one image of a batch: which of the set, and how it is augmented.
// Pixel (y, x) is the set's (y+DY, x+DX), 0 outside, where x counts from the
// right if Flip is set.
type Sample struct {
	Index  int32
	DY, DX int8
	Flip   bool
}

// A Stateful executor keeps more from step to step than parameters, statistics
// and optimiser state, such as the scale of the loss in float16.
type Stateful interface {
	// State is what a checkpoint must hold besides; nil where there is nothing.
	State() ([]byte, error)
	SetState(p []byte) error
}

package nn

import "errors"

// CUDAConfig says how the CUDA backend runs.
type CUDAConfig struct {
	Device    int // counted from 0
	Precision Precision
	// Deterministic leaves out every algorithm whose sums have no fixed order;
	// where cuDNN has no other, compiling fails.
	Deterministic bool
	// NoGraph launches every kernel of every step by itself; by default a step
	// is captured as one CUDA graph after it has run once.
	NoGraph bool
	// Fuse says whether nodes share kernels of our own on tensor cores: batch norm
	// then leaves no tensor, and weight gradients run beside the rest. It needs
	// compute capability 8.0 and a precision other than fp32; else nothing is fused.
	Fuse FuseMode
	// Check walks the steps one by one, without graphs: what each wrote must be
	// finite, and the guard zones behind it intact. For finding faults.
	Check bool
	// Tune says how cuDNN's algorithms, and kernels of ours beside them, are chosen.
	Tune TuneConfig
}

// FuseMode is whether a CUDA backend fuses.
type FuseMode uint8

const (
	FuseOff  FuseMode = iota
	FuseOn            // wherever kernels of ours can
	FuseAuto          // if a step is faster so (see TuneConfig), or if nothing was measured
)

var fuseNames = [...]string{"off", "on", "auto"}

func (m FuseMode) String() string { return fuseNames[m] }

// ParseFuseMode is the mode of that name.
func ParseFuseMode(name string) (FuseMode, error) {
	return named[FuseMode]("fuse", name, "auto, on or off", fuseNames[:])
}

// A Fuser is an Executor whose nodes may share kernels.
type Fuser interface {
	// Fused says whether they do in runs of a mode on a whole batch of the plan.
	Fused(m Mode) bool
}

// CUDADevice describes the GPU of a backend and the libraries on it.
type CUDADevice struct {
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

var (
	// ErrNoCUDA is what a build without CUDA answers.
	ErrNoCUDA = errors.New("nn: this build has no CUDA, want one made without -tags nocuda (make cuda)")
	// ErrNoRoom is wrapped by the error of an allocation that the device has no memory for.
	ErrNoRoom = errors.New("out of device memory")
)

// A Gatherer is an Executor that can keep data sets in device memory, so that
// the host sends indices instead of images.
type Gatherer interface {
	// Hold copies a set to the device: images N,H,W,C, a label each. It returns
	// the set's number. The error wraps ErrNoRoom where the set does not fit.
	Hold(images []byte, labels []int32) (set int, err error)
	// Gather is Write of images and labels, taken from a set that is held.
	Gather(set int, draws []Draw) error
}

// A Draw is one image of a batch: which of the set, and how it is augmented.
// Pixel (y, x) is the set's (y+DY, x+DX), 0 outside, where x counts from the
// right if Flip is set.
type Draw struct {
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

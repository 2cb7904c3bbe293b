package cuda

import (
	"errors"

	"resnet/nn"
	"resnet/nn/internal/enum"
)

// Config says how the CUDA backend runs.
type Config struct {
	Device    int // counted from 0
	Precision nn.Precision
	// Deterministic leaves out every algorithm whose sums have no fixed order; where cuDNN has no other, our own direct
	// convolution is used.
	Deterministic bool
	// NoGraph launches every kernel of every step by itself. By default a step is captured as one CUDA graph after it
	// has run once.
	NoGraph bool
	// Fuse says whether nodes share kernels of our own on tensor cores: a batch norm is then applied while its reader
	// loads it, and weight gradients run on side streams. It needs compute capability 8.0 and a precision other than
	// fp32; else nothing is fused.
	Fuse FuseMode
	// Check runs instructions one by one, without graphs: the tensors that each wrote must be finite, and the guard
	// zones behind them intact. For finding faults.
	Check bool
	// Tune says how cuDNN's algorithms, our own kernels and ways to take whole steps are chosen.
	Tune nn.TuneConfig
	// Log, if not nil, gets a line without a newline where there is machine code for the kernels that cannot be used.
	Log func(format string, args ...any)
}

// FuseMode is whether a CUDA backend fuses.
type FuseMode uint8

const (
	FuseOff  FuseMode = iota
	FuseOn            // wherever our kernels can
	FuseAuto          // if a fused step was measured to be faster (see nn.TuneConfig), or if nothing was measured
)

var fuseNames = [...]string{"off", "on", "auto"}

func (m FuseMode) String() string { return fuseNames[m] }

// FuseModes lists the names of the modes.
func FuseModes() []string { return fuseNames[:] }

// ParseFuseMode returns the mode of that name.
func ParseFuseMode(name string) (FuseMode, error) {
	return enum.Parse[FuseMode]("nn: fuse", name, fuseNames[:])
}

// ErrNoCUDA is the error of every function in a build without CUDA.
var ErrNoCUDA = errors.New("nn: this build has no CUDA, want one made without -tags nocuda (make cuda)")

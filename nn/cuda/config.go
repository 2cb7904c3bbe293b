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
	Tune nn.TuneConfig
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

// FuseModes lists their names.
func FuseModes() []string { return fuseNames[:] }

// ParseFuseMode is the mode of that name.
func ParseFuseMode(name string) (FuseMode, error) {
	return enum.Parse[FuseMode]("nn: fuse", name, fuseNames[:])
}

// ErrNoCUDA is what a build without CUDA answers.
var ErrNoCUDA = errors.New("nn: this build has no CUDA, want one made without -tags nocuda (make cuda)")

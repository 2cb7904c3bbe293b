//go:build nocuda

package cuda

import "resnet/nn"

// New is the backend "cuda:N"; this build has none.
func New(Config) (nn.Backend, error) { return nil, ErrNoCUDA }

// Devices counts GPUs; this build sees none.
func Devices() (int, error) { return 0, ErrNoCUDA }

// NeedsDriver returns the release of the NVIDIA driver that would prevent an error; no error of this build is such.
func NeedsDriver(error) string { return "" }

// Inspect looks for libraries and GPUs; this build needs none.
func Inspect() (*Inspection, error) { return nil, ErrNoCUDA }

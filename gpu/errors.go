//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoDevice is in the chain of an error that says that there is no GPU.
	ErrNoDevice = errors.New("no CUDA device")
	// ErrNoLibrary is in the chain of an error that says that a library is missing or does not fit.
	ErrNoLibrary = errors.New("no usable CUDA library")
)

// Error is a call that a library refused.
type Error struct {
	Call string // the C function: "cudnnConvolutionForward"
	What string // what it was called on, if that has a name: "relu_f32"
	Name string // the status: "CUDNN_STATUS_BAD_PARAM"
	Code int
	Text string // the library's own explanation, or empty
	Hint string // what to do about it, or empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("gpu: " + e.Call)
	if e.What != "" {
		b.WriteString(" " + e.What)
	}
	name := e.Name
	if name == "" {
		name = "status"
	}
	fmt.Fprintf(&b, ": %s (%d)", name, e.Code)
	for _, s := range []string{e.Text, e.Hint} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	return b.String()
}

// Unwrap is ErrNoDevice for the driver's CUDA_ERROR_NO_DEVICE.
func (e *Error) Unwrap() error {
	if e.Name == "CUDA_ERROR_NO_DEVICE" {
		return ErrNoDevice
	}
	return nil
}

// OutOfMemory is an allocation of device memory that did not fit.
type OutOfMemory struct {
	What               string // what the memory was for
	Asked, Free, Total int64  // bytes; Free and Total are the device's
}

func (e *OutOfMemory) Error() string {
	return fmt.Sprintf("gpu: %s: out of device memory: asked %s, %s of %s free",
		e.What, size(e.Asked), size(e.Free), size(e.Total))
}

// size writes bytes in the largest binary unit that leaves at least 1.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(bytes), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	return fmt.Sprintf("%.4g %s", v, units[u])
}

// unusable is a library that cannot be used; ErrNoLibrary is in its chain.
type unusable string

func (e unusable) Error() string { return string(e) }
func (e unusable) Unwrap() error { return ErrNoLibrary }

//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoDevice is wrapped by errors that say that there is no GPU.
	ErrNoDevice = errors.New("no CUDA device")
	// ErrRefused is wrapped by errors that say that cuDNN cannot do what was asked, though the request makes sense:
	// another algorithm may, or a kernel of our own. Whether the device still works, Stream.Sync tells.
	ErrRefused = errors.New("cuDNN refuses")
	// ErrNoLibrary is wrapped by errors that say that a library is missing or has the wrong version.
	ErrNoLibrary = errors.New("no usable CUDA library")
)

// Error is the failure of a call of a library.
type Error struct {
	Call string // the C function: "cudnnConvolutionForward"
	What string // name of the object of the call, if it has one: "relu_f32"
	Name string // the status: "CUDNN_STATUS_BAD_PARAM"
	Code int
	Text string // the library's explanation, or empty
	Hint string // what to do about it, or empty

	refused bool // wraps ErrRefused
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

// Unwrap returns ErrNoDevice for the driver's CUDA_ERROR_NO_DEVICE, and ErrRefused for a refusal of cuDNN.
func (e *Error) Unwrap() error {
	switch {
	case e.Name == "CUDA_ERROR_NO_DEVICE":
		return ErrNoDevice
	case e.refused:
		return ErrRefused
	}
	return nil
}

// OutOfMemory is a failed allocation of device memory.
type OutOfMemory struct {
	What               string // what the memory was for
	Asked, Free, Total int64  // bytes; Free and Total are the device's
}

func (e *OutOfMemory) Error() string {
	return fmt.Sprintf("gpu: %s: out of device memory: asked %s, %s of %s free",
		e.What, size(e.Asked), size(e.Free), size(e.Total))
}

// size formats bytes in the largest binary unit in which they are at least 1.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(bytes), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	return fmt.Sprintf("%.4g %s", v, units[u])
}

// unusable says why a library cannot be used. It wraps ErrNoLibrary.
type unusable string

func (e unusable) Error() string { return string(e) }
func (e unusable) Unwrap() error { return ErrNoLibrary }

//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			&Error{Call: "cuLaunchKernel", What: "relu_f32", Name: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", Code: 701,
				Text: "too many resources requested for launch", Hint: "fewer threads"},
			"gpu: cuLaunchKernel relu_f32: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701): " +
				"too many resources requested for launch: fewer threads",
		},
		{&Error{Call: "cudnnCreate", Code: 1001}, "gpu: cudnnCreate: status (1001)"},
		{
			&OutOfMemory{What: "arena", Asked: 512 << 20, Free: 100 << 20, Total: 1 << 30},
			"gpu: arena: out of device memory: asked 512 MiB, 100 MiB of 1 GiB free",
		},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestErrorChains(t *testing.T) {
	none := fmt.Errorf("nn: cuda:0: %w", &Error{Call: "cuInit", Name: "CUDA_ERROR_NO_DEVICE", Code: 100})
	if !errors.Is(none, ErrNoDevice) || errors.Is(none, ErrNoLibrary) {
		t.Errorf("%v: want ErrNoDevice alone in its chain", none)
	}
	missing := fmt.Errorf("nn: cuda:0: %w", unusable("gpu: libcuda.so.1 not found"))
	if !errors.Is(missing, ErrNoLibrary) || errors.Is(missing, ErrNoDevice) {
		t.Errorf("%v: want ErrNoLibrary alone in its chain", missing)
	}
	other := &Error{Call: "cuInit", Name: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", Code: 803}
	if errors.Is(other, ErrNoDevice) || errors.Is(other, ErrNoLibrary) {
		t.Errorf("%v: want neither in its chain", other)
	}
}

// cuDNN refuses a request by the families of what is not supported, went wrong inside, or failed to run. A wrong
// parameter is a mistake of the caller.
func TestRefuses(t *testing.T) {
	for status, want := range map[int]bool{
		0: false, 1001: false, 1005: false, 2000: false, 2002: false, 3000: true, 3002: true, 3014: true, 4000: true,
		4001: true, 5000: true, 5004: true, 6000: false,
	} {
		if got := refuses(status); got != want {
			t.Errorf("status %d refuses: %v, want %v", status, got, want)
		}
	}
	err := fmt.Errorf("conv: %w", &Error{Call: "cudnnConvolutionForward", Code: 3000, refused: true})
	if !errors.Is(err, ErrRefused) || errors.Is(err, ErrNoDevice) {
		t.Errorf("%v: want ErrRefused alone in its chain", err)
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 3 << 30: "3 GiB", 150 << 40: "150 TiB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
}

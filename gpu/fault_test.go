//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"resnet/gpu/gputest"
)

// faultVariable is the environment variable that tells a process started by a test which scenario to run.
const faultVariable = "RESNET_TEST_FAULT"

// scenarios are the calls that a process makes with failing libraries.
var scenarios = map[string]func(bench) error{
	"open": func(b bench) error { return nil },
	"alloc": func(b bench) error {
		_, err := b.device.Alloc("arena", 64<<20)
		var room *OutOfMemory
		if !errors.As(err, &room) {
			return fmt.Errorf("not an *OutOfMemory: %w", err)
		}
		return err
	},
	"pinned": func(b bench) error {
		_, err := b.device.AllocPinned("slot", 1<<20)
		return err
	},
	"module": func(b bench) error {
		_, err := b.device.LoadModule("kernels.ptx", []byte(".version 7.0\n.target sm_75\n.address_size 64\n"))
		return err
	},
	"fill": func(b bench) error {
		x, err := b.device.Alloc("x", 64)
		b.ok(err)
		defer x.Free()
		return errors.Join(b.stream.Fill(x.Ptr, 0, 64), b.stream.Sync())
	},
	"dnn": func(b bench) error {
		_, err := b.device.NewDNN(b.stream)
		return err
	},
	"blas": func(b bench) error {
		_, err := b.device.NewBLAS(b.stream, 0, 0)
		return err
	},
	// The stream must work again after a capture that failed.
	"capture": func(b bench) error {
		x, err := b.device.Alloc("x", 64)
		b.ok(err)
		defer x.Free()
		b.ok(b.stream.BeginCapture())
		b.ok(b.stream.Fill(x.Ptr, 0, 64))
		_, err = b.stream.EndCapture()
		b.ok(b.stream.Fill(x.Ptr, 0, 64))
		b.ok(b.stream.Sync())
		return err
	},
	"descriptor": func(b bench) error {
		_, err := NewTensor(Float32, 1, 3, 8, 8)
		return err
	},
	// What is left out is said.
	"refused": func(b bench) error {
		var refused error
		_, err := findForward(b, func(a Algorithm, why error) { refused = fmt.Errorf("%v: %w", a, why) })
		b.ok(err)
		return refused
	},
	"search": func(b bench) error {
		list, err := findForward(b, nil)
		if err == nil {
			return fmt.Errorf("%v", list[0])
		}
		return err
	},
}

func findForward(b bench, refused func(a Algorithm, err error)) ([]Algorithm, error) {
	h := must(b.device.NewDNN(b.stream))(b)
	x := must(NewTensor(Float32, 1, 3, 8, 8))(b)
	w := must(NewFilter(Float32, 3, 3, 3, 3))(b)
	c := must(NewConvolution(1, 1, 1, 1, FMA))(b)
	for _, made := range []interface{ Close() error }{h, x, w, c} {
		defer made.Close()
	}
	return h.ForwardAlgorithms(c, x, w, x, Search{WorkspaceLimit: 1 << 30, Refused: refused})
}

// Each failure of a library becomes an error that says what failed and what to do. The libraries read their environment
// when they are opened, so each case is a process of its own.
func TestFaults(t *testing.T) {
	if name := os.Getenv(faultVariable); name != "" {
		runFault(t, scenarios[name])
		return
	}
	gputest.NeedEmulation(t)
	for _, c := range []struct {
		scenario    string
		environment string
		want        []string
	}{
		{"open", "", []string{"<nil>"}},
		{"open", "RESNET_EMU_DEVICES=0",
			[]string{"gpu: cuInit: CUDA_ERROR_NO_DEVICE (100)", "CUDA_VISIBLE_DEVICES", "[no device]"}},
		{"open", "RESNET_EMU_DRIVER=11040",
			[]string{"libcuda.so.1: this driver runs CUDA 11.4, want", "update the NVIDIA driver", "[no library]"}},
		{"open", "RESNET_EMU_CUDNN=7605", []string{"cuDNN 7.6.5, want", "[no library]"}},
		{"open", "RESNET_EMU_CUBLAS=110500", []string{"cuBLAS 11.5.0, want", "[no library]"}},
		{"open", "RESNET_EMU_FAIL=cuInit:803",
			[]string{"gpu: cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", "reboot"}},
		{"open", "RESNET_EMU_FAIL=cuDevicePrimaryCtxRetain:2",
			[]string{"gpu: cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY (2)"}},
		{"alloc", "RESNET_EMU_MEMORY=16",
			[]string{"gpu: arena: out of device memory: asked 64 MiB, 16 MiB of 16 MiB free"}},
		{"pinned", "RESNET_EMU_FAIL=cuMemHostAlloc:2",
			[]string{"gpu: cuMemHostAlloc slot: CUDA_ERROR_OUT_OF_MEMORY (2)", "1 MiB of host memory"}},
		{"module", "RESNET_EMU_FAIL=cuModuleLoadDataEx:222", []string{
			"gpu: cuModuleLoadDataEx kernels.ptx: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)",
			"update the NVIDIA driver",
		}},
		{"module", "RESNET_EMU_FAIL=cuModuleLoadDataEx:209",
			[]string{"CUDA_ERROR_NO_BINARY_FOR_GPU (209)", "compute capability 7.5"}},
		{"fill", "RESNET_EMU_FAIL=cuMemsetD32Async:700",
			[]string{"CUDA_ERROR_ILLEGAL_ADDRESS (700)", "compute-sanitizer"}},
		{"dnn", "RESNET_EMU_FAIL=cudnnCreate:1001",
			[]string{"gpu: cudnnCreate: CUDNN_STATUS_NOT_INITIALIZED (1001)", "driver new enough"}},
		{"dnn", "RESNET_EMU_FAIL=cudnnSetStream:2000", []string{"gpu: cudnnSetStream: CUDNN_STATUS_BAD_PARAM (2000)"}},
		{"blas", "RESNET_EMU_FAIL=cublasCreate:1",
			[]string{"gpu: cublasCreate: CUBLAS_STATUS_NOT_INITIALIZED (1)", "free device memory"}},
		{"capture", "RESNET_EMU_FAIL=cuGraphInstantiateWithFlags:2",
			[]string{"gpu: cuGraphInstantiate: CUDA_ERROR_OUT_OF_MEMORY (2)"}},
		{"search", "RESNET_EMU_FAIL=cudnnGetConvolutionForwardWorkspaceSize:3000",
			[]string{"gpu: cuDNN has no Forward convolution", "CUDNN_STATUS_NOT_SUPPORTED (3000)", "[refused]"}},
		{"search", "RESNET_EMU_FAIL=cudnnGetConvolutionForwardAlgorithm_v7:4001", []string{
			"gpu: cudnnGetConvolutionForwardAlgorithm_v7: CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED (4001)",
			"(x float32 1x3x8x8", "[refused]",
		}},
		{"refused", "RESNET_EMU_FAIL=cudnnGetConvolutionForwardWorkspaceSize#1:3002", []string{
			"algorithm 1, FMA: gpu: cudnnGetConvolutionForwardWorkspaceSize: CUDNN_STATUS_NOT_SUPPORTED_SHAPE (3002)",
			"[refused]",
		}},
		{"descriptor", "RESNET_EMU_FAIL=cudnnSetTensor4dDescriptor:3000",
			[]string{"gpu: cudnnSetTensor4dDescriptor: CUDNN_STATUS_NOT_SUPPORTED (3000)", "[refused]"}},
	} {
		t.Run(c.scenario+" "+c.environment, func(t *testing.T) {
			got := fault(t, c.scenario, c.environment)
			for _, part := range c.want {
				if !strings.Contains(got, part) {
					t.Errorf("got %s\nwant it to say %q", got, part)
				}
			}
		})
	}
}

// A proposal is skipped if cuDNN fails to return the size of its workspace.
func TestSearchGoesOn(t *testing.T) {
	gputest.NeedEmulation(t)
	first := fault(t, "search", "")
	second := fault(t, "search", "RESNET_EMU_FAIL=cudnnGetConvolutionForwardWorkspaceSize:3000@1")
	if !strings.HasPrefix(first, "algorithm ") || !strings.HasPrefix(second, "algorithm ") || first == second {
		t.Errorf("without a failure it is %s, with one %s, want two algorithms", first, second)
	}
}

// runFault runs a scenario and prints its error and which sentinel errors that wraps.
func runFault(t *testing.T, scenario func(bench) error) {
	err := func() error {
		d, err := Open(0)
		if err != nil {
			return err
		}
		defer d.Close()
		defer d.Enter()()
		s, err := d.NewStream()
		if err != nil {
			return err
		}
		defer s.Close()
		return scenario(bench{t, d, s})
	}()
	marks := ""
	if errors.Is(err, ErrNoDevice) {
		marks += " [no device]"
	}
	if errors.Is(err, ErrNoLibrary) {
		marks += " [no library]"
	}
	if errors.Is(err, ErrRefused) {
		marks += " [refused]"
	}
	fmt.Printf("fault: %v%s\n", err, marks)
}

// fault runs a scenario in a process of its own and returns its output.
func fault(t *testing.T, scenario, environment string) string {
	t.Helper()
	out := gputest.Again(t, "TestFaults", gputest.ExpectVariable+"=1", faultVariable+"="+scenario, environment)
	for line := range strings.Lines(out) {
		if text, ok := strings.CutPrefix(line, "fault: "); ok {
			return strings.TrimSpace(text)
		}
	}
	t.Fatalf("the process wrote no outcome:\n%s", out)
	return ""
}

// misuse starts a test that makes invalid calls. The emulated libraries end the process at an invalid call unless they
// are told to expect it, so the test runs in a process of its own, in which misuse returns true.
func misuse(t *testing.T) (here bool) {
	t.Helper()
	if os.Getenv(gputest.ExpectVariable) == "1" {
		return true
	}
	requireGPU(t)
	gputest.NeedTime(t, "a process of its own takes a second on a GPU")
	gputest.Again(t, t.Name(), gputest.ExpectVariable+"=1")
	return false
}

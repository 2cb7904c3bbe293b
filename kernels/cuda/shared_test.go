//go:build !nocuda

package cuda

import (
	"strings"
	"testing"

	"resnet/gpu/gputest"
)

// The tests of this package share one context and one set of modules.
func TestOneContext(t *testing.T) {
	counts := gputest.OneContext(t, []string{"-test.run=^(TestBatchNormInference|TestCastToEven|TestCheckProduct|" +
		"TestNotEqual|TestScaleUpdate|TestSkippedUpdate|TestNormRefuses)$"}, 7)
	if got, want := counts["call cuModuleLoadDataEx"], len(new(functions).modules(All())); got != want {
		t.Errorf("%d modules were loaded, want %d", got, want)
	}
}

// A kernel's fault ends the context: the test in which it happens fails, and the next one has a new one with kernels.
func TestLostContext(t *testing.T) {
	gputest.NeedEmulation(t)
	out, err := gputest.Run([]string{"-test.run=^(TestBatchNormInference|TestSkippedUpdate)$", "-test.v"},
		"RESNET_EMU_FAIL=cuLaunchKernel:719@1")
	if err == nil || !strings.Contains(out, "--- FAIL: TestBatchNormInference") ||
		!strings.Contains(out, "CUDA_ERROR_LAUNCH_FAILED") || !strings.Contains(out, "--- PASS: TestSkippedUpdate") {
		t.Errorf("%v, want TestBatchNormInference to fail by itself:\n%s", err, out)
	}
}

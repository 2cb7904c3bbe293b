//go:build !nocuda

package gpu

import (
	"errors"
	"os"
	"strings"
	"testing"

	"resnet/gpu/gputest"
)

// The tests of this package share one context. Those that run in processes of their own run in this one here, except
// for those whose libraries fail in other ways.
func TestOneContext(t *testing.T) {
	apart := []string{"-test.skip=^(TestOneContext|TestFaults|TestSearchGoesOn|TestLostContext)$"}
	gputest.OneContext(t, apart, 20, gputest.ExpectVariable+"=1", orderVariable+"=others-first")
}

// A context that is held keeps its memory while devices are closed and opened.
func TestHold(t *testing.T) {
	requireGPU(t)
	release, err := Hold(0)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Device {
		d, err := Open(0)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := open()
	leave := first.Enter()
	x, err := first.Alloc("held", 256)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if first.Close() == nil {
		t.Error("closed with memory that is allocated: no error")
	}
	second := open()
	defer second.Enter()()
	if err := errors.Join(x.Free(), second.Close(), release()); err != nil {
		t.Error(err)
	}
	if _, err := Hold(1 << 10); err == nil {
		t.Error("a GPU that there is not is held")
	}
}

// A test that leaves a buffer on the device or a descriptor alive fails, and so does such a subtest.
func TestLeftAlive(t *testing.T) {
	const variable = "RESNET_TEST_LEFT"
	if os.Getenv(variable) != "" {
		b := onGPU(t)
		b.sub("buffer", func(b bench) { must(b.device.Alloc("lost", 256))(b) })
		b.sub("descriptor", func(b bench) { must(NewTensor(Float32, 1, 2, 3, 4))(b) })
		b.sub("nothing", func(b bench) { b.upload([]byte("closed at the end")) })
		return
	}
	gputest.NeedEmulation(t)
	out, err := gputest.Run([]string{"-test.run=^TestLeftAlive$", "-test.v"}, variable+"=1")
	for _, want := range []string{
		"--- FAIL: TestLeftAlive/buffer ", "alive after the test: 1 buffer (lost), 1 stream; ;",
		"--- FAIL: TestLeftAlive/descriptor ", "--- PASS: TestLeftAlive/nothing ",
		"gpu: device 0 closed with 1 buffer (lost), 1 tensor descriptor still alive",
	} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%v, want a failure with %q:\n%s", err, want, out)
		}
	}
}

// A fault of the device ends its context: the test in which it happens fails, and the next one has a new context.
func TestLostContext(t *testing.T) {
	gputest.NeedEmulation(t)
	out, err := gputest.Run([]string{"-test.run=^(TestEvents|TestTimingErrors)$", "-test.v"},
		"RESNET_EMU_FAIL=cuMemsetD32Async:700@1")
	if err == nil || !strings.Contains(out, "--- FAIL: TestEvents") ||
		!strings.Contains(out, "CUDA_ERROR_ILLEGAL_ADDRESS") || !strings.Contains(out, "--- PASS: TestTimingErrors") {
		t.Errorf("%v, want TestEvents to fail by itself:\n%s", err, out)
	}
}

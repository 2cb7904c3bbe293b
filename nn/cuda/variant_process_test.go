//go:build !nocuda

package cuda

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

// everyWay is the variant with the last way of each option that a fused step has at BF16.
const everyWay = "fused, weight gradients on half of the multiprocessors, main stream first, overlapping kernels, " +
	"most shared memory"

// runVariant takes steps in a process of its own, with settings of the emulation, and returns what that prints.
func runVariant(t *testing.T, name string, settings ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCUDAVariantProcess$", "-test.v")
	cmd.Env = append(append(os.Environ(), chosenVariant+"="+name), settings...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s, %v: %v\n%s", name, settings, err, out)
	}
	return string(out)
}

// chosenVariant is the variable of the environment that names the variant of a process of runVariant.
const chosenVariant = "RESNET_TEST_VARIANT"

// TestCUDAVariantProcess is the process of runVariant.
func TestCUDAVariantProcess(t *testing.T) {
	name := os.Getenv(chosenVariant)
	if name == "" {
		t.Skip("other tests run it")
	}
	b := openVariants(t, Config{Precision: nn.BF16, Deterministic: true, Fuse: FuseOn})
	t.Logf("sum: %x", sha256.Sum256(nn.Bytes(variantSteps(t, compileVariant(t, b, func(e *executor) variant {
		list := variantsOf(e)
		return list[slices.IndexFunc(list, func(v variant) bool { return v.name == name })]
	})))))
}

// requireCounts skips a test on a real device, which has none of the emulation's settings.
func requireCounts(t *testing.T) {
	t.Helper()
	if b := openVariants(t, Config{}); b.device.Name() != "emulated GPU" {
		t.Skipf("on %s, which no setting changes", b.device.Name())
	}
}

// A variant really launches what its name says: the emulation counts dependent launches, nodes of the lowest priority,
// and launches with all of shared memory.
func TestCUDAVariantCounts(t *testing.T) {
	requireCounts(t)
	all := []string{"graph dependent ", "priority 0 ", "attribute carve-out "}
	for name, want := range map[string][]string{
		"fused":                      nil,
		"fused, overlapping kernels": all[:1],
		"fused, main stream first":   all[1:2],
		"fused, most shared memory":  all[2:],
		everyWay:                     all,
	} {
		file := filepath.Join(t.TempDir(), "counts")
		runVariant(t, name, "RESNET_EMU_COUNT="+file)
		counts, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range all {
			if found := strings.Contains(string(counts), what); found != slices.Contains(want, what) {
				t.Errorf("%s: %q counted: %v, want %v", name, what, found, !found)
			}
		}
	}
}

// Whatever order the emulation has for branches of the graph and for threads, the bits are the same.
func TestCUDAVariantOrder(t *testing.T) {
	requireCounts(t)
	sum := func(settings ...string) string {
		_, rest, _ := strings.Cut(runVariant(t, everyWay, settings...), "sum: ")
		line, _, _ := strings.Cut(rest, "\n")
		return line
	}
	want := sum()
	if len(want) != 2*sha256.Size {
		t.Fatalf("sum %q, want %d digits", want, 2*sha256.Size)
	}
	for _, setting := range []string{
		"RESNET_EMU_ORDER=others-first", "RESNET_EMU_THREADS=reverse", "RESNET_EMU_THREADS=shuffle",
	} {
		if got := sum(setting); got != want {
			t.Errorf("%s: sum %s, want %s", setting, got, want)
		}
	}
}

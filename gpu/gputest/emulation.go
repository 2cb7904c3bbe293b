package gputest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Variables that the emulated libraries of gpu/emu read.
const (
	CountVariable  = "RESNET_EMU_COUNT"  // the file that Counts reads
	ExpectVariable = "RESNET_EMU_EXPECT" // 1: an invalid call returns an error and does not end the process
)

// NeedEmulation skips a test of what only the emulated libraries can do.
func NeedEmulation(t testing.TB) {
	t.Helper()
	const libraries = "RESNET_CUDA_LIBS"
	for _, folder := range filepath.SplitList(os.Getenv(libraries)) {
		if filepath.Base(folder) == "emu" {
			return
		}
	}
	t.Skip("needs the emulated libraries: " + libraries + "=.cuda/emu")
}

// Counts reads how often things were done by a process that has ended, by kind and name, such as "call cuLaunchKernel"
// and "context created".
func Counts(t testing.TB, file string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		what, numbers := fields[:len(fields)-2], fields[len(fields)-2:] // how often, and how many bytes
		if counts[strings.Join(what, " ")], err = strconv.Atoi(numbers[0]); err != nil {
			t.Fatalf("%s: %q: %v", file, line, err)
		}
	}
	return counts
}

// OneContext runs tests of this program in a process of its own, and checks that they shared one context, which was
// retained at least so many times. It returns all that was counted.
func OneContext(t testing.TB, arguments []string, retained int, environment ...string) map[string]int {
	t.Helper()
	NeedEmulation(t)
	file := filepath.Join(t.TempDir(), "counts")
	if out, err := Run(arguments, append(environment, CountVariable+"="+file)...); err != nil {
		t.Fatalf("a process with %q and %q: %v\n%s", arguments, environment, err, out)
	}
	counts := Counts(t, file)
	created, all := counts["context created"], counts["call cuDevicePrimaryCtxRetain"]
	if created != 1 || all < retained || counts["call cuDevicePrimaryCtxRelease"] != all {
		t.Errorf("%d contexts were created, retained %d and released %d times; want 1, and each of both %d times or "+
			"more", created, all, counts["call cuDevicePrimaryCtxRelease"], retained)
	}
	return counts
}

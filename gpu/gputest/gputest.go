// Package gputest has what tests on a GPU share: something costly that they make once a process, processes of their own
// for calls that may end one, and the rule by which they are skipped where there is no GPU.
package gputest

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips a test that cannot run because of err, or fails it with RESNET_REQUIRE_GPU=1.
func Need(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("RESNET_REQUIRE_GPU") == "1" {
		t.Fatalf("RESNET_REQUIRE_GPU=1: %v", err)
	}
	t.Skip(err)
}

// NeedTime skips a test with -short, and says why.
func NeedTime(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: " + why)
	}
}

// Again runs a test of this program in a process of its own, with further variables of the environment as name=value,
// and returns what it wrote. The test must succeed there.
func Again(t testing.TB, test string, environment ...string) (out string) {
	t.Helper()
	out, err := Run([]string{"-test.run=^" + test + "$", "-test.v"}, environment...)
	if err != nil {
		t.Fatalf("%s in a process of its own with %q: %v\n%s", test, environment, err, out)
	}
	return out
}

// Run runs tests of this program in a process of its own, as its arguments select them, and returns what it wrote, and
// an error if its exit status is not 0.
func Run(arguments []string, environment ...string) (out string, err error) {
	cmd := exec.Command(os.Args[0], arguments...)
	cmd.Env = append(os.Environ(), environment...)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

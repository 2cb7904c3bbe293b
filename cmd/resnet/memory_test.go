package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/data/memory"
)

// What is larger than the memory ends in one line before any of it is taken: what is needed, what is there, and what
// would fit.
func TestTooLargeForTheMachine(t *testing.T) {
	slowUnderRace(t)
	if _, ok := memory.Available(); !ok {
		t.Skip("this system does not tell how much memory there is")
	}
	run := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct {
		args []string
		hint string
	}{
		{[]string{"summary", "--hidden", "100000000000"}, `--hidden \d+ fits`},
		{[]string{"summary", "--base-channels", "100000"}, `--base-channels \d+ fits`},
		{[]string{"summary", "--input", "1x60000x60000"}, "smaller images"},
		{[]string{"bench", "--device", "cpu", "--batch-size", "1,1000000000"}, `batch size \d+ fits`},
		{[]string{"summary", "--batch-size", "9223372036854775807"}, `batch size \d+ fits`},
		{tiny(writeBars(t, 24), "--batch-size", "1048576", "--base-channels", "4096", "--output", run),
			`batch size \d+ fits|--base-channels \d+ fits`},
	} {
		_, stderr, code := resnet(t, c.args...)
		want := regexp.MustCompile(`^resnet: nn: fashion-resnet .* needs [\d.]+ [GTPE]B, ` +
			`this machine has [\d.]+ .B; .*(` + c.hint + ")")
		if code != 1 || strings.Count(stderr, "\n") != 1 || !want.MatchString(stderr) {
			t.Errorf("%v: exit status %d, want 1 and a line that matches %v:\n%s", c.args, code, want, stderr)
		}
	}
	// Where the batch is what does not fit the network is listed all the same.
	out, stderr, code := resnet(t, "summary", "--batch-size", "100000000")
	if code != 0 || !strings.Contains(out, "Training memory at batch size 100000000") ||
		!regexp.MustCompile(`^note: training: .*; batch size \d+ fits\n$`).MatchString(stderr) {
		t.Errorf("exit status %d, %q on stderr, want a summary and a note", code, stderr)
	}
}

// Sizes that overflow are errors and not smaller sizes.
func TestSizesDoNotWrap(t *testing.T) {
	for _, args := range [][]string{
		{"--base-channels", "9223372036854775807"}, {"--base-channels", "4611686018427387904"},
		{"--hidden", "9223372036854775807"}, {"--hidden", "5882352941176471"},
		{"--input", "1x4294967296x4294967296"}, {"--input", "9223372036854775807x9223372036854775807x2"},
		{"--classes", "9223372036854775807"},
	} {
		_, stderr, code := resnet(t, append([]string{"summary"}, args...)...)
		if code == 0 || code > 2 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "2^50 values") {
			t.Errorf("%v: exit status %d, want one line about more than 2^50 values: %.300s", args, code, stderr)
		}
	}
}

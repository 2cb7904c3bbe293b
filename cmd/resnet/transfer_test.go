package main

import (
	"strings"
	"testing"
)

func TestTransferBar(t *testing.T) {
	var plain strings.Builder
	b := &transferBar{w: &plain}
	b.progress("a.gz", 0, 100)
	b.progress("a.gz", 50, 100)
	b.log("%s failed", "mirror")
	b.progress("b.gz", 0, -1)
	b.end()
	if want := "fetching a.gz\nmirror failed\nfetching b.gz\n"; plain.String() != want {
		t.Errorf("not on a terminal: %q, want %q", plain.String(), want)
	}

	var drawn strings.Builder
	b = &transferBar{w: &drawn, terminal: true}
	b.progress("a.gz", 1<<19, 1<<20)
	b.progress("a.gz", 1<<19+1, 1<<20) // too soon after the last to be drawn
	b.progress("a.gz", 1<<20, 1<<20)   // the end always is
	b.progress("b.gz", 1<<20, -1)
	b.end()
	lines := strings.Split(drawn.String(), "\n")
	if len(lines) != 3 || strings.Count(lines[0], "\r") != 2 || !strings.Contains(lines[0], " 50% of 1.0 MiB") ||
		!strings.HasSuffix(lines[0], "[==============================] 100% of 1.0 MiB") ||
		!strings.HasSuffix(lines[1], "1.0 MiB") {
		t.Errorf("on a terminal: %q, want two drawings of a.gz and one of b.gz, a line each", drawn.String())
	}
}

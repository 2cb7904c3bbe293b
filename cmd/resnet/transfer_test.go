package main

import (
	"strings"
	"testing"
)

func TestTransferBar(t *testing.T) {
	var plain strings.Builder
	b := newTransferBar(&plain, false)
	b.progress("a.gz", 0, 100)
	b.progress("a.gz", 50, 100)
	b.log("%s failed", "mirror")
	b.progress("b.gz", 0, -1)
	b.end()
	if want := "fetching a.gz\nmirror failed\nfetching b.gz\n"; plain.String() != want {
		t.Errorf("not on a terminal: %q, want %q", plain.String(), want)
	}

	var drawn strings.Builder
	b = newTransferBar(&drawn, true)
	b.progress("a.gz", 1<<19, 1<<20)
	b.progress("a.gz", 1<<19+1, 1<<20) // too soon after the last to be drawn
	b.progress("a.gz", 1<<20, 1<<20)   // the end always is
	b.progress("b.gz", 1<<20, -1)
	b.end()
	lines := strings.Split(drawn.String(), "\n")
	if len(lines) != 3 || strings.Count(lines[0], "\r") != 2 || !strings.Contains(lines[0], " 50% of 1.0 MiB") ||
		!strings.HasSuffix(lines[0], "[==============================] 100% of 1.0 MiB\x1b[K") ||
		!strings.HasSuffix(lines[1], "1.0 MiB\x1b[K") {
		t.Errorf("on a terminal: %q, want two drawings of a.gz and one of b.gz, a line each", drawn.String())
	}
}

// The line fits the terminal, and what is left out first is the bar.
func TestTransferLine(t *testing.T) {
	const name = "train-images-idx3-ubyte.gz"
	for columns, want := range map[int]string{
		79: name + "   [===============               ]  50% of 26.0 MiB",
		59: name + "  50% of 26.0 MiB", 39: "train-images-idx3-uby…  50% of 26.0 MiB", 19: "t…  50% of 26.0 MiB",
	} {
		if got := transferLine(columns, name, 13<<20, 26<<20); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Colours are for terminals, and only where they are wanted: stderr of a run and of a mistake.
func TestColors(t *testing.T) {
	dir := writeBars(t, 24)
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{[]string{"TERM=xterm", "NO_COLOR="}, true},
		{[]string{"TERM=xterm", "NO_COLOR=1"}, false},
		{[]string{"TERM=dumb", "NO_COLOR="}, false},
	} {
		train := command(tiny(dir, "--epochs", "1", "--quiet=false", "--output", filepath.Join(t.TempDir(), "run"))...)
		train.Env = append(train.Env, c.env...)
		if out := onTerminal(t, train); strings.Contains(out, "\x1b[32mbest\x1b[0m") != c.want ||
			!strings.Contains(out, "best") {
			t.Errorf("%v: best epoch in colour, want %v:\n%q", c.env, c.want, out)
		}
		mistake := command("trian")
		mistake.Env = append(mistake.Env, c.env...)
		if out := onTerminal(t, mistake); strings.HasPrefix(out, "\x1b[31mresnet:\x1b[0m unknown") != c.want ||
			!strings.Contains(out, "resnet:") {
			t.Errorf("%v: error in colour, want %v: %q", c.env, c.want, out)
		}
	}
}

// The line of progress stays one line on a terminal of any width, and on one that cannot clear a line there is none.
func TestProgressFits(t *testing.T) {
	dir := writeBars(t, 24)
	train := func(columns int, env ...string) string {
		c := command(tiny(dir, "--epochs", "2", "--batch-size", "1", "--quiet=false", "--output",
			filepath.Join(t.TempDir(), "run"))...)
		c.Env = append(append(c.Env, "TERM=xterm", "NO_COLOR=1"), env...)
		return strings.ReplaceAll(onTerminalOf(t, columns, c, func() {}), "\r\n", "\n") // the terminal's own
	}
	for _, columns := range []int{1, 20, 40, 60, 80, 200} {
		out := train(columns)
		bars := 0
		for line := range strings.SplitSeq(out, "\n") {
			// What is drawn again begins at the line's beginning and clears the rest; what stays may be longer.
			drawn := strings.Split(line, "\r")
			for _, bar := range drawn[1:] {
				text, stays, ok := strings.Cut(bar, "\x1b[K")
				if n := utf8.RuneCountInString(text); !ok || n >= columns || n > 0 && stays != "" {
					t.Errorf("%d columns: a bar of %d characters: %q", columns, n, bar)
				}
				bars++
			}
		}
		if bars < 2 {
			t.Errorf("%d columns: %d bars, want one at least in each of 2 epochs:\n%q", columns, bars, out)
		}
		if n := strings.Count(out, "\n"); n != 4+2+1 {
			t.Errorf("%d columns: %d lines, want 4 at the start, 2 epochs and the best one:\n%q", columns, n, out)
		}
	}
	if out := train(80, "TERM=dumb"); strings.ContainsAny(out, "\r\x1b") || strings.Count(out, "\n") != 7 {
		t.Errorf("dumb terminal: %q, want 7 plain lines", out)
	}
}

// A message does not stand behind the bar but in its place.
func TestInterruptedBar(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := command(longRun(writeBars(t, 600), run, "--quiet=false", "--epochs", "1000")...)
	c.Env = append(c.Env, "TERM=xterm", "NO_COLOR=1")
	out := onTerminalOf(t, 80, c, func() {
		time.AfterFunc(time.Second, func() { c.Process.Signal(os.Interrupt) }) // a bar is drawn ten times in that time
	})
	const message = "resnet: train: interrupted after "
	// Between two epochs there is no bar.
	if !strings.Contains(out, "\r\x1b[K"+message) && !strings.Contains(out, "\n"+message) {
		t.Errorf("no message in the place of the bar: %q", out)
	}
}

// onTerminal runs a command whose stderr is a terminal and returns what it wrote there.
func onTerminal(t *testing.T, c *exec.Cmd) string { return onTerminalOf(t, 80, c, func() {}) }

// onTerminalOf is onTerminal for a terminal of so many columns; it calls started once the command runs.
func onTerminalOf(t *testing.T, columns int, c *exec.Cmd, started func()) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	size := &unix.Winsize{Row: 24, Col: uint16(columns)}
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Skip(err)
	}
	c.Stderr = terminal
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	started()
	terminal.Close()
	out, _ := io.ReadAll(master) // ends in EIO once the program has ended
	c.Wait()
	return string(out)
}

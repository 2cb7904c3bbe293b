package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// onTerminal runs a command whose stderr is a terminal and returns what it wrote there.
func onTerminal(t *testing.T, c *exec.Cmd) string {
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
	c.Stderr = terminal
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	out, _ := io.ReadAll(master) // ends in EIO once the program has ended
	c.Wait()
	return string(out)
}

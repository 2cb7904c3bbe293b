//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// refuse runs the program and wants it to fail with one line that has each of the words.
func refuse(t *testing.T, args []string, words ...string) {
	t.Helper()
	_, stderr, code := resnet(t, args...)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("resnet %s: exit status %d, stderr %q, want 1 and one line", strings.Join(args, " "), code, stderr)
	}
	for _, w := range words {
		if !strings.Contains(stderr, w) {
			t.Errorf("resnet %s: stderr %q, want it to say %q", strings.Join(args, " "), stderr, w)
		}
	}
}

// One process at a time writes a run: others are told which one does.
func TestOneWriter(t *testing.T) {
	dir := writeBars(t, 600)
	run := filepath.Join(t.TempDir(), "run")
	p, _ := begin(t, run, tiny(dir, "--epochs", "1000", "--output", run)...)
	defer p.Wait()
	defer p.Process.Kill()
	owner := fmt.Sprintf("train: %s: in use by process %d (wait for it, or choose another output)", run, p.Process.Pid)
	refuse(t, []string{"train", "--resume", run, "--quiet"}, owner)
	refuse(t, tiny(dir, "--epochs", "1", "--output", run), owner)
	refuse(t, tiny(dir, "--epochs", "1", "--output", run, "--force"), owner)
	p.Process.Kill()
	p.Wait()
	succeed(t, tiny(dir, "--epochs", "1", "--output", run, "--force")...)
}

// Runs that begin in the same second have a directory each.
func TestRunsOfOneSecond(t *testing.T) {
	dir := writeBars(t, 30)
	t.Chdir(t.TempDir())
	const n = 8
	var all [n]*exec.Cmd
	var said [n]bytes.Buffer
	for i := range all {
		all[i] = command(tiny(dir, "--epochs", "1", "--no-tensorboard")...)
		all[i].Stderr = &said[i]
		if err := all[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range all {
		if err := c.Wait(); err != nil {
			t.Errorf("run %d: %v: %s", i, err, &said[i])
		}
	}
	runs, err := filepath.Glob("runs/*/weights/best.safetensors")
	if err != nil || len(runs) != n {
		t.Errorf("runs %q, want %d", runs, n)
	}
}

// What only shows a run does not stop it: a temporary directory that is not there, a picture whose place is taken.
func TestTriflesDoNotStopARun(t *testing.T) {
	dir := writeBars(t, 30)
	run := filepath.Join(t.TempDir(), "run")
	if err := os.MkdirAll(filepath.Join(run, "curves.png", "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := tiny(dir, "--epochs", "2", "--output", run)
	args = append(args[:len(args):len(args)], "--no-plots=false")
	c := command(args...)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	c.Env = append(c.Env, "TMPDIR="+nowhere, "TMP="+nowhere, "TEMP="+nowhere)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if s := stderr.String(); strings.Count(s, "\n") != 1 || !strings.HasPrefix(s, "warning: ") ||
		!strings.Contains(s, "curves.png") {
		t.Errorf("stderr %q, want one warning of curves.png", s)
	}
	for _, name := range []string{"weights/best.safetensors", "filters.png", "results.csv"} {
		if _, err := os.Stat(filepath.Join(run, name)); err != nil {
			t.Error(err)
		}
	}
}

// Only what a run wrote itself is replaced or removed.
func TestForeignFilesStay(t *testing.T) {
	dir := writeBars(t, 30)
	run := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(run, 0o755); err != nil {
		t.Fatal(err)
	}
	foreign := []string{".tmp-mine", ".tmp-notes.txt-123", "notes.txt"}
	for _, name := range foreign {
		write(t, filepath.Join(run, name), []byte("precious"))
	}
	target := filepath.Join(t.TempDir(), "target.png")
	write(t, target, []byte("precious"))
	if err := os.Symlink(target, filepath.Join(run, "curves.png")); err != nil {
		t.Fatal(err)
	}
	args := append(tiny(dir, "--epochs", "1", "--output", run), "--no-plots=false")
	succeed(t, args...)
	succeed(t, append(args, "--force")...)
	for _, path := range append(foreign, target) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(run, path)
		}
		if got := string(read(t, path)); got != "precious" {
			t.Errorf("%s holds %.20q", path, got)
		}
	}
	if got := read(t, filepath.Join(run, "curves.png")); !bytes.HasPrefix(got, []byte("\x89PNG")) {
		t.Errorf("curves.png holds %.20q", got)
	}
}

// What --resume and --output cannot use is said with what to type instead.
func TestNoRunThere(t *testing.T) {
	dir := writeBars(t, 30)
	run := filepath.Join(t.TempDir(), "run")
	args := tiny(dir, "--epochs", "1", "--output", run)
	succeed(t, args...)
	hint := "want the run's directory (resnet train --resume " + run + ")"
	for _, inside := range []string{"checkpoint/checkpoint.safetensors", "checkpoint", "weights/best.safetensors",
		"config.json"} {
		refuse(t, []string{"train", "--resume", filepath.Join(run, filepath.FromSlash(inside))}, hint)
	}
	file, empty := filepath.Join(t.TempDir(), "f"), t.TempDir()
	write(t, file, nil)
	refuse(t, []string{"train", "--resume", file}, "is a file")
	refuse(t, []string{"train", "--resume", empty}, "not a run directory?")
	refuse(t, []string{"train", "--resume", filepath.Join(empty, "none")}, "no such directory")
	refuse(t, tiny(dir, "--epochs", "1", "--output", file), file+": is a file")
	write(t, filepath.Join(empty, "config.json"), read(t, filepath.Join(run, "config.json")))
	refuse(t, []string{"train", "--resume", empty}, "no checkpoint yet", "--output "+empty)
}

// A run survives what was done to its files: all of them but the checkpoints are written again.
func TestResumeWithDamagedFiles(t *testing.T) {
	dir := writeBars(t, 60)
	damage := func(t *testing.T, path string) {
		b := read(t, path)
		b[len(b)/2] ^= 1
		write(t, path, b)
	}
	remove := func(t *testing.T, path string) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]byte{}
	for name, c := range map[string]struct {
		hurt func(t *testing.T, run string)
		says string
	}{
		"nothing": {func(*testing.T, string) {}, ""},
		"checkpoint": {func(t *testing.T, r string) { damage(t, r+"/checkpoint/checkpoint.safetensors") },
			"the checkpoint before it"},
		"weights":     {func(t *testing.T, r string) { remove(t, r+"/weights") }, "last.safetensors was not there"},
		"config":      {func(t *testing.T, r string) { remove(t, r+"/config.json") }, ""},
		"results":     {func(t *testing.T, r string) { write(t, r+"/results.csv", []byte("\x00,\"")) }, ""},
		"environment": {func(t *testing.T, r string) { write(t, r+"/environment.json", []byte("[")) }, ""},
		"newer":       {func(t *testing.T, r string) { write(t, r+"/config.json", []byte(`{"invented":1}`)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			succeed(t, tiny(dir, "--epochs", "2", "--output", run, "--val", "none")...)
			c.hurt(t, run)
			_, stderr, code := resnet(t, "train", "--resume", run, "--epochs", "2")
			if code != 0 || !strings.Contains(stderr, c.says) {
				t.Fatalf("exit status %d, stderr %q, want it to say %q", code, stderr, c.says)
			}
			got := results(t, run)
			if len(want) == 0 {
				want = got
			}
			sameResults(t, got, want)
		})
	}
	// Both checkpoints damaged: nothing is begun anew in silence.
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny(dir, "--epochs", "2", "--output", run)...)
	damage(t, filepath.Join(run, "checkpoint", "checkpoint.safetensors"))
	damage(t, filepath.Join(run, "checkpoint", "previous.safetensors"))
	refuse(t, []string{"train", "--resume", run}, "checkpoint.safetensors", "damaged")
}

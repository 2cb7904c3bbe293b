//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longRun are the options of a run of a second or so: enough steps to be interrupted among, checkpoints often.
func longRun(dir, output string, more ...string) []string {
	return append(tiny(dir, "--epochs", "4", "--checkpoint-steps", "10", "--val", "30", "--sched", "cosine",
		"--output", output), more...)
}

// uninterrupted trains to the end and returns what must come out of a run that was stopped in between, and how long it
// took.
func uninterrupted(t *testing.T, dir string, more ...string) (files map[string][]byte, took time.Duration) {
	run := filepath.Join(t.TempDir(), "whole")
	begin := time.Now()
	succeed(t, longRun(dir, run, more...)...)
	took = time.Since(begin)
	return results(t, run), took
}

func results(t *testing.T, run string) map[string][]byte {
	files := map[string][]byte{}
	for _, f := range []string{"last.safetensors", "best.safetensors"} {
		files[f] = read(t, filepath.Join(run, "weights", f))
	}
	// Of results.csv all but the last two columns, which are times.
	var rows []string
	for line := range strings.Lines(string(read(t, filepath.Join(run, "results.csv")))) {
		rows = append(rows, strings.Join(strings.Split(line, ",")[:7], ","))
	}
	files["results.csv"] = []byte(strings.Join(rows, "\n"))
	return files
}

func sameResults(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s differs from that of the run that was never stopped (%d bytes, %d there)", name,
				len(got[name]), len(want[name]))
			if name == "results.csv" {
				t.Logf("got:\n%s\nwant:\n%s", got[name], want[name])
			}
		}
	}
}

// begin starts the program and waits until its first checkpoint is on disk.
func begin(t *testing.T, run string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := command(args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	awaitCheckpoint(t, c, run)
	return c, &stderr
}

// awaitCheckpoint waits for the first checkpoint of a run.
func awaitCheckpoint(t *testing.T, c *exec.Cmd, run string) {
	t.Helper()
	for range 2000 {
		if _, err := os.Stat(filepath.Join(run, "checkpoint", "checkpoint.safetensors")); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.Process.Kill()
	c.Wait()
	t.Fatalf("no checkpoint within 10 s: %v", c.Stderr)
}

func TestSignalResume(t *testing.T) {
	dir := writeBars(t, 600)
	want, took := uninterrupted(t, dir)
	for _, c := range []struct {
		signal syscall.Signal
		code   int
		after  time.Duration
	}{{syscall.SIGINT, 130, took / 10}, {syscall.SIGTERM, 143, took / 3}, {syscall.SIGHUP, 129, took / 4}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			var run string
			var stderr *bytes.Buffer
			code := 0
			// On a busy machine a run may be over before the signal comes: then once more, and earlier.
			for after := c.after; code == 0 && after > 0; after /= 2 {
				run = filepath.Join(t.TempDir(), "run")
				var p *exec.Cmd
				p, stderr = begin(t, run, longRun(dir, run)...)
				time.Sleep(after)
				p.Process.Signal(c.signal)
				p.Process.Signal(c.signal) // as timeout(1) and shells may do
				p.Wait()
				code = p.ProcessState.ExitCode()
			}
			if code != c.code {
				t.Fatalf("exit status %d, want %d: %s", code, c.code, stderr)
			}
			said, hint := stderr.String(), "resnet train --resume "+run+"\n"
			if !strings.HasPrefix(said, "resnet: train: interrupted after ") || !strings.HasSuffix(said, hint) {
				t.Errorf("stderr %q, want one line that ends in %q", said, hint)
			}
			succeed(t, "train", "--resume", run, "-j", "1", "--quiet") // on any number of threads
			sameResults(t, results(t, run), want)

			// A finished run is not trained again.
			succeed(t, "train", "--resume", run, "--quiet")
			sameResults(t, results(t, run), want)
		})
	}
}

// The second signal does not wait for anything.
func TestSecondSignal(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	// Reading the configuration from a pipe that nobody writes to waits for ever, whatever the context says.
	c := command("train", "--config", fifo)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // for the program to wait for signals; if it did not, the first would end it
	c.Process.Signal(syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	c.Process.Signal(syscall.SIGINT)
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit status %d, want 130, that of the second signal", code)
	}
}

// A run that is killed again and again, at moments that it cannot choose, ends in the same bytes as one that never was.
// RESNET_KILLS sets how often.
func TestKillResume(t *testing.T) {
	kills := 10
	if s := os.Getenv("RESNET_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	killResume(t, kills)
}

func killResume(t *testing.T, kills int, more ...string) {
	dir := writeBars(t, 600)
	want, took := uninterrupted(t, dir, more...)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))

	for runs := 1; kills > 0; runs++ {
		run := filepath.Join(t.TempDir(), "run")
		args := longRun(dir, run, more...)
		for kills > 0 {
			p, stderr := begin(t, run, args...)
			time.Sleep(time.Duration(rng.Float64() * float64(took) / 3))
			p.Process.Kill()
			p.Wait()
			code := p.ProcessState.ExitCode()
			if code == 0 {
				break // it was faster
			}
			if code != -1 {
				t.Fatalf("exit status %d, want -1 of a killed process: %s", code, stderr)
			}
			kills--
			args = []string{"train", "--resume", run, "--quiet"}
		}
		succeed(t, "train", "--resume", run, "--quiet")
		sameResults(t, results(t, run), want)
		t.Logf("run %d: as if never stopped; %d kills left", runs, kills)
	}
}

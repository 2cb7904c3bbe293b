//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// closedPipe is the end of a pipe that nobody reads any more.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// fullPipe is the end of a pipe whose reader has stopped reading: every write waits.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(p[1], true); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{4096, 1} {
		for {
			if _, err := syscall.Write(p[1], make([]byte, n)); err != nil {
				break
			}
		}
	}
	if err := syscall.SetNonblock(p[1], false); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(p[0]), "reader"), os.NewFile(uintptr(p[1]), "writer")
	t.Cleanup(func() { r.Close(); w.Close() })
	return w
}

func fullDisk(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A log that cannot be written costs the log. The run goes on to its end.
func TestTrainWithoutItsLog(t *testing.T) {
	dir := writeBars(t, 24)
	for name, log := range map[string]func(*testing.T) *os.File{"viewer ended": closedPipe, "disk full": fullDisk} {
		t.Run(name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			c := command(tiny(dir, "--epochs", "2", "--quiet=false", "--output", run)...)
			c.Stderr = log(t)
			c.Stdout = c.Stderr
			if err := c.Run(); err != nil {
				t.Errorf("%v, want exit status 0", err)
			}
			if n := bytes.Count(read(t, filepath.Join(run, "results.csv")), []byte("\n")); n != 3 {
				t.Errorf("results.csv has %d lines, want a header and 2", n)
			}
		})
	}
}

// A program that reads the result's beginning only gets no complaint, and a full disk one line.
func TestOutputThatIsLost(t *testing.T) {
	runs := t.TempDir()
	run := filepath.Join(runs, "run")
	succeed(t, tiny(writeBars(t, 24), "--epochs", "1", "--output", run)...)
	for _, args := range [][]string{
		{"runs", runs}, {"runs", runs, "--format", "json"}, {"summary"}, {"summary", "--format", "svg"}, {"--help"},
		{"train", "--help"}, {"--version"}, {"completion", "bash"}, {"docs"}, {"__complete", "--", "train", "--"},
		{"train", "--resume", run, "--quiet", "--format", "json"},
	} {
		var stderr bytes.Buffer
		c := command(args...)
		c.Stdout, c.Stderr = closedPipe(t), &stderr
		if err := c.Run(); err != nil || stderr.Len() > 0 {
			t.Errorf("%v, nobody reads: %v, stderr %q, want exit status 0 and nothing", args, err, stderr.String())
		}
		stderr.Reset()
		c = command(args...)
		c.Stdout, c.Stderr = fullDisk(t), &stderr
		c.Run()
		if code := c.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(stderr.String(), "resnet: ") ||
			!strings.Contains(stderr.String(), "no space left") || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v, full disk: exit status %d, stderr %q, want 1 and a line", args, code, stderr.String())
		}
	}
	// Where a run is, after hours of training, is no result that could be lost.
	var stderr bytes.Buffer
	c := command("train", "--resume", run, "--quiet")
	c.Stdout, c.Stderr = fullDisk(t), &stderr
	if err := c.Run(); err != nil || !strings.HasPrefix(stderr.String(), "warning: ") {
		t.Errorf("a run's result on a full disk: %v, stderr %q, want a warning", err, stderr.String())
	}
}

// A file that may not grow, as under ulimit -f, is one line too.
func TestFileSizeLimit(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	args := append([]string{"-c", `ulimit -f 4 && exec "$0" "$@"`, os.Args[0]},
		tiny(writeBars(t, 24), "--epochs", "1", "--no-tensorboard", "--output", run)...)
	c := exec.Command("/bin/sh", args...)
	c.Env = command().Env
	out, _ := c.CombinedOutput()
	if code := c.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(string(out), "resnet: ") ||
		bytes.Count(out, []byte("\n")) != 1 {
		t.Errorf("exit status %d, output %q, want 1 and a line", code, out)
	}
}

// Every command ends after a signal, whatever it does at that moment: here it cannot write.
func TestSignalEndsEveryCommand(t *testing.T) {
	dir, runs := writeBars(t, 24), t.TempDir()
	run := filepath.Join(runs, "run")
	succeed(t, tiny(dir, "--epochs", "1", "--output", run)...)
	weights := filepath.Join(run, "weights", "best.safetensors")
	out := filepath.Join(t.TempDir(), "out")
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	for i, args := range [][]string{
		{"runs", runs}, {"summary"}, {"summary", "-o", fifo}, {"completion", "bash"}, {"docs"}, {"--help"},
		{"predict", "--weights", weights, "--data-dir", dir, "--indices", "0:20", "--device", "cpu"},
		{"eval", "--weights", weights, "--data-dir", dir, "--device", "cpu"},
		{"export", "--weights", weights, "-o", out + ".onnx"},
		{"import", weights, "--input", "1x12x12", "--classes", "3", "--dataset", "idx", "--base-channels", "4",
			"--hidden", "16", "-o", out + ".safetensors"},
		{"report", run, "--no-eval", "-o", out + ".html"}, {"doctor", "--device", "cpu"},
		{"bench", "--device", "cpu", "--seconds", "100", "--base-channels", "4", "--hidden", "0", "-b", "1"},
		{"data", "info", "--dataset", "idx", "--data-dir", dir},
		{"train", "--config", fifo}, {"train", "--quiet", "--resume", run, "--format", "json"},
	} {
		t.Run(fmt.Sprint(args[0], i), func(t *testing.T) {
			t.Parallel()
			c := command(args...)
			c.Stdout = fullPipe(t)
			c.Stderr = c.Stdout
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond) // for the program to wait for signals
			signal := signals[i%len(signals)]
			begin := time.Now()
			c.Process.Signal(signal)
			kill := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
			c.Wait()
			kill.Stop()
			if code := c.ProcessState.ExitCode(); code != 128+int(signal) {
				t.Errorf("%v after %v: exit status %d after %v, want %d", args, signal, code, time.Since(begin),
					128+int(signal))
			}
		})
	}
}

// A log viewer that has stopped reading does not keep a signal from the training.
func TestSignalWithStuckLog(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := command(longRun(writeBars(t, 600), run, "--quiet=false", "--epochs", "100")...)
	c.Stderr = fullPipe(t)
	c.Stdout = c.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	c.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
	defer kill.Stop()
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit status %d, want 143", code)
	}
	if _, err := os.Stat(filepath.Join(run, "checkpoint", "checkpoint.safetensors")); err != nil {
		t.Error(err)
	}
}

// A terminal that closes sends SIGHUP once or twice, of which the run makes a checkpoint; under nohup it goes on.
func TestHangup(t *testing.T) {
	dir := writeBars(t, 600)
	for _, nohup := range []bool{false, true} {
		run := filepath.Join(t.TempDir(), "run")
		args := longRun(dir, run)
		c := command(args...)
		if nohup {
			ignoring := []string{"-c", `trap "" HUP; exec "$0" "$@"`, os.Args[0]}
			shell := exec.Command("/bin/sh", append(ignoring, args...)...)
			shell.Env, c = c.Env, shell
		}
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		awaitCheckpoint(t, c, run)
		c.Process.Signal(syscall.SIGHUP)
		c.Process.Signal(syscall.SIGHUP)
		time.Sleep(10 * time.Millisecond)
		c.Process.Signal(syscall.SIGHUP)
		c.Wait()
		code, said := c.ProcessState.ExitCode(), stderr.String()
		switch {
		case nohup && (code != 0 || said != ""):
			t.Errorf("nohup: exit status %d, stderr %q, want 0 and nothing", code, said)
		case !nohup && (code != 129 || !strings.HasPrefix(said, "resnet: train: interrupted after ") ||
			!strings.HasSuffix(said, "resnet train --resume "+run+"\n")):
			t.Errorf("exit status %d, stderr %q, want 129 and how to go on", code, said)
		}
	}
}

// specialFiles makes run directories with what is no file in a file's place, and returns how many.
func specialFiles(t *testing.T, runs string) int {
	names := []string{"config.json", "results.csv", "environment.json", ".lock", "weights/best.safetensors"}
	for i, name := range names {
		dir := filepath.Join(runs, fmt.Sprint("pipe-", i))
		if err := os.MkdirAll(filepath.Join(dir, "weights"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip(err)
		}
		for _, other := range []string{"config.json", "results.csv"} {
			if other != name {
				write(t, filepath.Join(dir, other), read(t, filepath.Join(runs, "a-run", other)))
			}
		}
	}
	if err := os.Symlink("loop", filepath.Join(runs, "loop")); err != nil {
		t.Fatal(err)
	}
	return len(names) + 1
}

// A run says that it is running as long as a process trains it, and no longer.
func TestRunsState(t *testing.T) {
	runs := t.TempDir()
	run := filepath.Join(runs, "run")
	state := func() (state string, process int) {
		var list []struct {
			State   string
			Process int
		}
		decode(t, succeed(t, "runs", runs, "--format", "json"), &list)
		if len(list) != 1 {
			t.Fatalf("%+v, want one run", list)
		}
		return list[0].State, list[0].Process
	}
	p, _ := begin(t, run, longRun(writeBars(t, 600), run, "--epochs", "1000")...)
	if s, pid := state(); s != "running" || pid != p.Process.Pid {
		t.Errorf("while it trains: %s by process %d, want running by %d", s, pid, p.Process.Pid)
	}
	p.Process.Kill()
	p.Wait()
	if s, pid := state(); s != "interrupted" || pid != 0 {
		t.Errorf("after a kill: %s by process %d, want interrupted", s, pid)
	}
}

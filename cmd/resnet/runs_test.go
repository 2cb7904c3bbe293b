package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRuns(t *testing.T) {
	dir, runs := writeBars(t, 24), t.TempDir()
	succeed(t, tiny(dir, "--epochs", "2", "--output", filepath.Join(runs, "a"))...)
	succeed(t, tiny(dir, "--epochs", "1", "--val", "none", "--output", filepath.Join(runs, "b"))...)
	results := filepath.Join(runs, "a", "results.csv") // epochs this small take no time: let them
	lines := strings.Split(string(read(t, results)), "\n")
	for i, seconds := range []string{"", "1.25", "2.25"} {
		if columns := strings.Split(lines[i], ","); i > 0 {
			columns[7] = seconds
			lines[i] = strings.Join(columns, ",")
		}
	}
	write(t, results, []byte(strings.Join(lines, "\n")))
	broken := filepath.Join(runs, "c")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(broken, "config.json"), []byte("{"))
	write(t, filepath.Join(runs, "notes.txt"), nil)

	type run struct {
		Name, Model, State, Problem string
		Done                        int `json:"epochs_done"`
		Epochs                      int
		Best                        *struct {
			Epoch    int
			Accuracy *float64
			Split    string
		}
		Seconds float64
		Bytes   int64
	}
	var list []run
	decode(t, succeed(t, "runs", runs, "--format", "json"), &list)
	if len(list) != 3 {
		t.Fatalf("%d runs, want 3: %+v", len(list), list)
	}
	a, b, c := list[0], list[1], list[2]
	if a.Name != "a" || a.Model != "fashion-resnet" || a.State != "finished" || a.Done != 2 || a.Epochs != 2 ||
		a.Seconds != 3.5 || a.Bytes < 1000 || a.Best == nil || a.Best.Epoch < 1 || a.Best.Accuracy == nil ||
		a.Best.Split != "test" {
		t.Errorf("run a: %+v", a)
	}
	if b.Best == nil || b.Best.Epoch != 1 || b.Best.Accuracy != nil {
		t.Errorf("run b: best %+v, want epoch 1 without an accuracy", b.Best)
	}
	if c.Problem == "" || c.Best != nil {
		t.Errorf("run c: %+v, want a problem", c)
	}
	table := succeed(t, "runs", runs)
	if lines := strings.Split(table, "\n"); len(lines) != 5 || !strings.HasPrefix(lines[1], "a    fashion-resnet") ||
		!strings.Contains(lines[1], "2 of 2") || !strings.Contains(lines[2], " - ") {
		t.Errorf("table:\n%s", table)
	}
	var one []run
	decode(t, succeed(t, "runs", filepath.Join(runs, "a"), "--format", "json"), &one)
	if len(one) != 1 || one[0].Name != "a" {
		t.Errorf("the directory of a run: %+v, want that run", one)
	}
}

// The run directory says what it takes to repeat the run.
func TestTrainEnvironment(t *testing.T) {
	dir, run := writeBars(t, 24), filepath.Join(t.TempDir(), "it's a run")
	args := tiny(dir, "--epochs", "1", "--seed", "5", "--output", run)
	succeed(t, args...)
	var e struct {
		Command, State, Go, Host, CPU, Device, Version, Started, Ended string
		Checksum                                                       string `json:"data_checksum"`
		Seed                                                           int
	}
	if err := json.Unmarshal(read(t, filepath.Join(run, "environment.json")), &e); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Command, "resnet train --dataset idx ") ||
		!strings.HasSuffix(e.Command, `it'\''s a run'`) || e.Seed != 5 || e.State != "finished" {
		t.Errorf("environment %+v, want this command line, quoted, and seed 5", e)
	}
	if !strings.HasPrefix(e.Device, "cpu ") || len(e.Checksum) != 64 || e.CPU == "" || e.Go == "" || e.Version == "" ||
		e.Ended < e.Started {
		t.Errorf("environment %+v, want all of it", e)
	}

	// In the place of a run there is a new one only by force.
	if _, stderr, code := resnet(t, args...); code != 1 || !strings.Contains(stderr, "already holds a run") {
		t.Errorf("the same again: exit status %d, stderr %q", code, stderr)
	}
	succeed(t, append(args, "--force", "--seed", "6")...)
	if !strings.Contains(string(read(t, filepath.Join(run, "environment.json"))), `"seed": 6`) {
		t.Error("--force left the old run")
	}
}

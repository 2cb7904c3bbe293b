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

// Directories that no run wrote, or that cannot be read, get a line each, and the other runs theirs.
func TestRunsAmongOthers(t *testing.T) {
	runs := t.TempDir()
	make := func(name string, files ...string) string {
		dir := filepath.Join(runs, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(files); i += 2 {
			write(t, filepath.Join(dir, files[i]), []byte(files[i+1]))
		}
		return dir
	}
	succeed(t, tiny(writeBars(t, 24), "--epochs", "1", "--output", filepath.Join(runs, "a-run"))...)
	const header = "epoch,step,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second\n"
	make("b-other", "config.json", `{"name": "another program's"}`)
	make("c-binary", "config.json", "\x00\x01\x1b[2J")
	make("d-nothing", "config.json", "{}")
	make("e-nan", "config.json", "{}", "results.csv", header+"1,1,1,1,1,,,NaN,1\n")
	make("f-huge", "config.json", "{}", "results.csv", header+"1,1,1,1,1,,,1e12,1\n2,1,1,1,1,,,1e12,1\n",
		"environment.json", `{"state": "\u001b[31mred\nnext line"}`)
	make("g-unlike", "config.json", "{}", "results.csv", "a;b;c\n1;2;3\n")
	make("h-\x1b[31mred\nname", "config.json", "{")
	if err := os.Mkdir(filepath.Join(make("i-directory"), "config.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(make("j-long", "config.json", ""), "config.json"), 1<<40); err != nil {
		t.Fatal(err)
	}
	make("k-no-run", "notes.txt", "")
	pipes := specialFiles(t, runs)

	table, stderr, code := resnet(t, "runs", runs)
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	if code != 0 || stderr != "" || len(lines) != 1+10+pipes {
		t.Errorf("exit status %d, stderr %q, want 0, nothing and a header, ten lines and %d:\n%s", code, stderr, pipes,
			table)
	}
	if strings.Contains(table, "\x1b") || strings.Contains(table, "k-no-run") {
		t.Errorf("escapes, or what is no run, in:\n%q", table)
	}
	for _, want := range []string{
		"finished", `h-\x1b[31mred\nname`, `\x1b[31mred\nnext line`, "results.csv: line 2: seconds",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in:\n%s", want, table)
		}
	}
	var list []struct{ Name string }
	decode(t, succeed(t, "runs", runs, "--format", "json"), &list)
	if len(list) != 10+pipes || list[7].Name != "h-\x1b[31mred\nname" {
		t.Errorf("%+v, want the names as they are", list)
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

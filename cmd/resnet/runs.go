package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"resnet/nn/train"
	"resnet/nn/train/report"
	"resnet/nn/weights"
)

func runsCommand() *cli.Command {
	return &cli.Command{
		Name: "runs", Usage: "list runs", ArgsUsage: "[DIR]",
		Description: `Lists the runs in DIR, or in the directory runs, in the order of their names: the
best epoch's validation accuracy, how many epochs are done, what they took, how
much room the files take, and whether the run is running, finished, interrupted
or failed. What cannot be read has a line that says why.

examples:
   resnet runs
   resnet runs /data/runs --format json`,
		Flags:  []cli.Flag{formatFlag("table", "json")},
		Action: runRuns,
	}
}

// listing is one line of the list of runs.
type listing struct {
	Name    string  `json:"name"`
	Dir     string  `json:"dir"`
	Problem string  `json:"problem,omitempty"` // why there is no more to say
	Model   string  `json:"model,omitempty"`
	Dataset string  `json:"dataset,omitempty"`
	State   string  `json:"state,omitempty"`   // running, finished, interrupted or failed
	Process int     `json:"process,omitempty"` // that trains it now
	Done    int     `json:"epochs_done"`
	Epochs  int     `json:"epochs"`
	Best    *best   `json:"best,omitempty"`
	Seconds float64 `json:"seconds"` // of the epochs done
	Bytes   int64   `json:"bytes"`   // of all files
}

// best is what a run's best weights say about themselves.
type best struct {
	Epoch    int      `json:"epoch"`
	Accuracy *float64 `json:"accuracy,omitempty"` // 0 to 1; nil without validation
	Split    string   `json:"split,omitempty"`
}

func runRuns(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("runs: %d directories given, want one", c.NArg())
	}
	dir := "runs"
	if c.NArg() == 1 {
		dir = c.Args().First()
	}
	runs, err := listRuns(c.Context, dir)
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, runs)
	}
	return writeRuns(c.App.Writer, runs)
}

// listRuns describes the run that dir is, or those in it.
func listRuns(ctx context.Context, dir string) ([]*listing, error) {
	switch i, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("runs: %s: no such directory", dir)
	case err == nil && !i.IsDir():
		return nil, fmt.Errorf("runs: %s: is a file, want a directory with runs", dir)
	}
	if is, err := isRun(dir); is || err != nil {
		return []*listing{describeRun(dir, err)}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	var runs []*listing
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, e.Name())
		if is, err := isRun(path); is || err != nil {
			runs = append(runs, describeRun(path, err))
		}
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("runs: %s: no runs in it (resnet train makes one)", dir)
	}
	return runs, nil
}

// isRun says whether path is a run directory. The error is that of a directory, or a link, that cannot be looked into.
func isRun(path string) (bool, error) {
	i, err := os.Stat(path)
	if err == nil && i.IsDir() {
		_, err = os.Stat(filepath.Join(path, "config.json"))
	} else if err == nil {
		return false, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// describeRun describes a run; one that cannot be read, for the reason given or another, has a problem.
func describeRun(dir string, unreadable error) *listing {
	info := &listing{Name: filepath.Base(dir), Dir: dir, Bytes: sizeOf(dir)}
	if unreadable != nil {
		info.Problem = oneLine(unreadable)
		return info
	}
	r, err := report.Load(dir)
	if err != nil {
		info.Problem = oneLine(err)
		return info
	}
	info.Name, info.Model, info.Dataset = r.Name, r.Config.Model, r.Config.Dataset
	info.Done, info.Epochs = len(r.Rows), r.Config.Epochs
	for _, row := range r.Rows {
		info.Seconds += row.Seconds
	}
	info.State, info.Process = stateOf(dir, r.Environment)
	m, err := weights.ReadMetadata(filepath.Join(dir, "weights", "best.safetensors"))
	switch {
	case err == nil:
		info.Best = &best{Epoch: m.Epoch, Split: m.Split}
		if m.Split != "" && !math.IsNaN(m.Accuracy) && !math.IsInf(m.Accuracy, 0) {
			info.Best.Accuracy = &m.Accuracy
		}
	case !errors.Is(err, fs.ErrNotExist): // before the first epoch has ended there are none
		info.Problem = oneLine(err)
	}
	return info
}

// stateOf is what a run does or how it ended. While a process trains it the run says "running"; so does one whose
// process was killed, which nobody trains.
func stateOf(dir string, environment []report.Pair) (state string, process int) {
	if pid, inUse := train.InUse(dir); inUse {
		return "running", pid
	}
	for _, p := range environment {
		if p.Name == "state" {
			state = p.Value
		}
	}
	if state == "running" {
		state = "interrupted"
	}
	return state, 0
}

// sizeOf returns the number of bytes of all files in a directory. What cannot be read, or is removed meanwhile by a
// running run, does not count.
func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if i, err := d.Info(); err == nil && i.Mode().IsRegular() {
			n += i.Size()
		}
		return nil
	})
	return n
}

func writeRuns(w io.Writer, runs []*listing) error {
	const widest = 40
	name, model := len("run"), len("model")
	for _, r := range runs {
		name = max(name, columns(printable(r.Name)))
		model = max(model, columns(cell(r.Model, widest)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %-*s  %9s  %5s  %9s  %9s  %10s  %s\n", name, "run", model, "model", "best acc", "epoch",
		"epochs", "time", "size", "state")
	for _, r := range runs {
		if r.Problem != "" {
			fmt.Fprintf(&b, "%-*s  %s\n", name, printable(r.Name), r.Problem)
			continue
		}
		accuracy, epoch := "-", "-"
		if r.Best != nil {
			epoch = fmt.Sprint(r.Best.Epoch)
			if r.Best.Accuracy != nil {
				accuracy = fmt.Sprintf("%.2f %%", 100**r.Best.Accuracy)
			}
		}
		fmt.Fprintf(&b, "%-*s  %-*s  %9s  %5s  %9s  %9s  %10s  %s\n", name, printable(r.Name), model,
			cell(r.Model, widest), accuracy, epoch, fmt.Sprintf("%d of %d", r.Done, r.Epochs), duration(r.Seconds),
			mebibytes(r.Bytes), cmp.Or(cell(r.State, widest), "-"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// duration rounds to seconds; it holds 290 years.
func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds, 9e9) * float64(time.Second)).Round(time.Second)
}

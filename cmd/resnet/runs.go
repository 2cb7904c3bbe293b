package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"resnet/nn/train/report"
	"resnet/nn/weights"
)

func runsCommand() *cli.Command {
	return &cli.Command{
		Name: "runs", Usage: "list runs", ArgsUsage: "[DIR]",
		Description: `Lists the runs in DIR, or in the directory runs, in the order of their names: the
best epoch's validation accuracy, how many epochs are done, what they took, and
how much room the files take.

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
	State   string  `json:"state,omitempty"` // running, finished, interrupted or failed, as it says itself
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
	dir := cmp.Or(c.Args().First(), "runs")
	runs, err := listRuns(dir)
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, runs)
	}
	return writeRuns(c.App.Writer, runs)
}

// listRuns describes the run that dir is, or those in it.
func listRuns(dir string) ([]*listing, error) {
	if !isDir(dir) {
		return nil, fmt.Errorf("runs: %s: no such directory", dir)
	}
	if isRun(dir) {
		r, err := describeRun(dir)
		return []*listing{r}, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	var runs []*listing
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !isRun(path) {
			continue
		}
		r, err := describeRun(path)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("runs: %s: no runs in it (resnet train makes one)", dir)
	}
	return runs, nil
}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "config.json"))
	return err == nil
}

// describeRun describes a run; one that cannot be read has a problem.
func describeRun(dir string) (*listing, error) {
	size, err := sizeOf(dir)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	info := &listing{Name: filepath.Base(dir), Dir: dir, Bytes: size}
	r, err := report.Load(dir)
	if err != nil {
		info.Problem = oneLine(err)
		return info, nil
	}
	info.Name, info.Model, info.Dataset = r.Name, r.Config.Model, r.Config.Dataset
	info.Done, info.Epochs = len(r.Rows), r.Config.Epochs
	for _, row := range r.Rows {
		info.Seconds += row.Seconds
	}
	for _, p := range r.Environment {
		if p.Name == "state" {
			info.State = p.Value
		}
	}
	m, err := weights.ReadMetadata(filepath.Join(dir, "weights", "best.safetensors"))
	switch {
	case err == nil:
		info.Best = &best{Epoch: m.Epoch, Split: m.Split}
		if m.Split != "" {
			info.Best.Accuracy = &m.Accuracy
		}
	case !errors.Is(err, fs.ErrNotExist): // before the first epoch has ended there are none
		info.Problem = oneLine(err)
	}
	return info, nil
}

// sizeOf returns the number of bytes of all files in a directory. Files that a running run removes meanwhile do not
// count.
func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err == nil {
			n += i.Size()
		}
		return nil
	})
	return n, err
}

func writeRuns(w io.Writer, runs []*listing) error {
	name, model := len("run"), len("model")
	for _, r := range runs {
		name, model = max(name, len(r.Name)), max(model, len(r.Model))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %-*s  %9s  %5s  %9s  %9s  %10s  %s\n", name, "run", model, "model", "best acc", "epoch",
		"epochs", "time", "size", "state")
	for _, r := range runs {
		if r.Problem != "" {
			fmt.Fprintf(&b, "%-*s  %s\n", name, r.Name, r.Problem)
			continue
		}
		accuracy, epoch := "-", "-"
		if r.Best != nil {
			epoch = fmt.Sprint(r.Best.Epoch)
			if r.Best.Accuracy != nil {
				accuracy = fmt.Sprintf("%.2f %%", 100**r.Best.Accuracy)
			}
		}
		took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(&b, "%-*s  %-*s  %9s  %5s  %9s  %9s  %10s  %s\n", name, r.Name, model, r.Model,
			accuracy, epoch, fmt.Sprintf("%d of %d", r.Done, r.Epochs), took, mebibytes(r.Bytes), cmp.Or(r.State, "-"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

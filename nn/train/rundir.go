package train

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runDir is a run directory.
type runDir string

func (d runDir) config() string      { return filepath.Join(string(d), "config.json") }
func (d runDir) results() string     { return filepath.Join(string(d), "results.csv") }
func (d runDir) environment() string { return filepath.Join(string(d), "environment.json") }
func (d runDir) tuning() string      { return filepath.Join(string(d), "tuning.json") }
func (d runDir) weights() string     { return filepath.Join(string(d), "weights") }
func (d runDir) best() string        { return filepath.Join(d.weights(), "best.safetensors") }
func (d runDir) last() string        { return filepath.Join(d.weights(), "last.safetensors") }
func (d runDir) checkpoint() string {
	return filepath.Join(string(d), "checkpoint", "checkpoint.safetensors")
}

// newRunDir makes the directory of a new run: path, or where that is empty
// runs/<time>-<model>. A run that path holds is removed if force says so.
func newRunDir(path, model string, now time.Time, force bool) (runDir, error) {
	d := runDir(path)
	if path == "" {
		base := filepath.Join("runs", now.Format("20060102-150405")+"-"+model)
		d = runDir(base)
		for i := 2; exists(string(d)); i++ {
			d = runDir(base + "-" + strconv.Itoa(i))
		}
	}
	if exists(d.checkpoint()) { // without one a run was killed before its first step
		if !force {
			return "", fmt.Errorf("train: %s: already holds a run (resume it, choose another output, or force a new run in its place)", d)
		}
		if err := d.clear(); err != nil {
			return "", fmt.Errorf("train: output: %w", err)
		}
	}
	return d, d.prepare()
}

// prepare makes what directories are missing and removes what a crash left.
func (d runDir) prepare() error {
	for _, dir := range []string{string(d), d.weights(), filepath.Dir(d.checkpoint())} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
		if err := removeStale(dir); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
	}
	return nil
}

// written are a run's files but for the checkpoint and those of other names each time.
var written = []string{
	"config.json", "environment.json", "tuning.json", "results.csv", "curves.png", "confusion.png", "predictions.png", "wrong.png", "filters.png",
	"weights/best.safetensors", "weights/last.safetensors",
}

// clear removes a run, of its hooks' files events and pictures too, and nothing
// else that may be there. The checkpoint goes last: what is removed half still
// counts as a run.
func (d runDir) clear() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return err
	}
	names := slices.Clone(written)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "events.out.tfevents.") {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(string(d), filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(d.checkpoint())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (d runDir) writeConfig(c *Config) error {
	return WriteFile(d.config(), func(w io.Writer) error { return indented(w, c) })
}

// indented writes JSON for people.
func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

var csvHeader = []string{"epoch", "step", "lr", "train_loss", "train_acc", "val_loss", "val_acc", "seconds", "images_per_second"}

// writeResults writes results.csv anew: after every epoch, and at the start,
// where a run that was killed may have left a row too few.
func (d runDir) writeResults(rows []Row) error {
	if err := WriteFile(d.results(), func(w io.Writer) error { return writeCSV(w, rows) }); err != nil {
		return fmt.Errorf("train: results: %w", err)
	}
	return nil
}

// writeCSV writes rates and fractions so that they read back exactly. Without
// validation its columns are empty.
func writeCSV(w io.Writer, rows []Row) error {
	exact := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	c := csv.NewWriter(w)
	c.Write(csvHeader)
	for i := range rows {
		r := &rows[i]
		var valLoss, valAcc string
		if r.Val != nil {
			valLoss, valAcc = exact(r.Val.Loss), exact(r.Val.Accuracy)
		}
		c.Write([]string{
			strconv.Itoa(r.Epoch), strconv.FormatInt(r.Step, 10), exact(r.LR), exact(r.Train.Loss), exact(r.Train.Accuracy),
			valLoss, valAcc, strconv.FormatFloat(r.Seconds, 'f', 2, 64), strconv.FormatFloat(r.ImagesPerSecond, 'f', 1, 64),
		})
	}
	c.Flush()
	return c.Error()
}

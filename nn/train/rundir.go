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
	"strconv"
	"time"
)

// runDir is a run directory.
type runDir string

func (d runDir) config() string  { return filepath.Join(string(d), "config.json") }
func (d runDir) results() string { return filepath.Join(string(d), "results.csv") }
func (d runDir) weights() string { return filepath.Join(string(d), "weights") }
func (d runDir) best() string    { return filepath.Join(d.weights(), "best.safetensors") }
func (d runDir) last() string    { return filepath.Join(d.weights(), "last.safetensors") }
func (d runDir) checkpoint() string {
	return filepath.Join(string(d), "checkpoint", "checkpoint.safetensors")
}

// newRunDir makes the directory of a new run: path, which may exist but not
// hold a run, or where that is empty runs/<time>-<model>.
func newRunDir(path, model string, now time.Time) (runDir, error) {
	d := runDir(path)
	if path == "" {
		base := filepath.Join("runs", now.Format("20060102-150405")+"-"+model)
		d = runDir(base)
		for i := 2; exists(string(d)); i++ {
			d = runDir(base + "-" + strconv.Itoa(i))
		}
	}
	if exists(d.checkpoint()) { // without one a run was killed before its first step
		return "", fmt.Errorf("train: %s: already holds a run (resume it, or choose another output)", d)
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

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (d runDir) writeConfig(c *Config) error {
	return writeFile(d.config(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(c)
	})
}

var csvHeader = []string{"epoch", "step", "lr", "train_loss", "train_acc", "val_loss", "val_acc", "seconds", "images_per_second"}

// csvHooks write results.csv anew after every epoch, and at the start, where a
// run that was killed may have left a row too many or too few.
func csvHooks(path string) Hooks {
	write := func(rows []Row) error {
		return writeFile(path, func(w io.Writer) error { return writeCSV(w, rows) })
	}
	return Hooks{
		Start: func(s *StartInfo) error { return write(s.Rows) },
		Epoch: func(e *EpochInfo) error { return write(e.Rows) },
	}
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

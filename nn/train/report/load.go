package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"resnet/nn/infer"
	"resnet/nn/train"
)

// Load reads a run directory: config.json, the epochs in results.csv and, if there is one, environment.json, an object
// of names and texts. Evaluation and Mistakes are left to the caller.
func Load(dir string) (Run, error) {
	r, err := load(dir)
	if err != nil {
		return Run{}, fmt.Errorf("report: %w", err)
	}
	return r, nil
}

func load(dir string) (Run, error) {
	path, err := filepath.Abs(dir) // "." has no base name
	if err != nil {
		return Run{}, err
	}
	r := Run{Name: filepath.Base(path)}
	if r.Config, err = train.ReadConfig(filepath.Join(dir, "config.json")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return r, fmt.Errorf("%s: no config.json (not a run directory?)", dir)
		}
		return r, err
	}
	results := filepath.Join(dir, "results.csv")
	if r.Rows, err = readRows(results); err != nil {
		return r, fmt.Errorf("%s: %w", results, err)
	}
	environment := filepath.Join(dir, "environment.json")
	if b, err := os.ReadFile(environment); err == nil {
		if r.Environment, err = pairs(b); err != nil {
			return r, fmt.Errorf("%s: %w", environment, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	return r, nil
}

// readRows reads results.csv. Its columns may be in any order, with unknown ones among them; those of validation may be
// empty.
func readRows(path string) ([]train.Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err.(*fs.PathError).Err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("empty, want a line of column names")
	}
	rows := make([]train.Row, 0, len(lines)-1)
	for i, line := range lines[1:] {
		c := columns{lines[0], line, nil}
		r := train.Row{
			Epoch: int(c.number("epoch")), Step: int64(c.number("step")), LR: c.number("lr"),
			Train:   infer.Score{Loss: c.number("train_loss"), Accuracy: c.number("train_acc")},
			Seconds: c.number("seconds"), ImagesPerSecond: c.number("images_per_second"),
		}
		if c.text("val_loss") != "" {
			r.Val = &infer.Score{Loss: c.number("val_loss"), Accuracy: c.number("val_acc")}
		}
		if c.err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, c.err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// columns gives access to the fields of a line by column name. It keeps the first error.
type columns struct {
	names, fields []string
	err           error
}

func (c *columns) text(name string) string {
	for i, n := range c.names {
		if n == name {
			return c.fields[i]
		}
	}
	if c.err == nil {
		c.err = fmt.Errorf("no column %s", name)
	}
	return ""
}

func (c *columns) number(name string) float64 {
	s := c.text(name)
	x, err := strconv.ParseFloat(s, 64)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s %q, want a number", name, s)
	}
	return x
}

// settings returns the names and values of a configuration as config.json has them.
func settings(c *train.Config) ([]Pair, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return pairs(b)
}

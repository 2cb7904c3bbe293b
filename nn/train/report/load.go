package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"resnet/nn/internal/regular"
	"resnet/nn/train"
)

// maxFile is the size of configuration and environment, above any that a run writes: a few kB.
const maxFile = 1 << 20

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
	config := filepath.Join(dir, "config.json")
	if _, err := readFile(config); errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s: no config.json (not a run directory?)", dir)
	} else if err != nil {
		return r, fmt.Errorf("%s: %w", config, err)
	}
	if r.Config, err = train.ReadConfig(config); err != nil {
		return r, err
	}
	results := filepath.Join(dir, "results.csv")
	if r.Rows, err = readResults(results); err != nil {
		return r, fmt.Errorf("%s: %w", results, err)
	}
	environment := filepath.Join(dir, "environment.json")
	b, err := readFile(environment)
	if err == nil {
		r.Environment, err = pairs(b)
	} else if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", environment, err)
	}
	return r, nil
}

// readFile reads a regular file of at most maxFile bytes. Its error does not name the file.
func readFile(path string) ([]byte, error) {
	f, size, err := regular.Open("report", path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	if size > maxFile {
		return nil, fmt.Errorf("%d bytes, want at most %d (a file of another program?)", size, maxFile)
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// settings returns the names and values of a configuration as config.json has them.
func settings(c *train.Config) ([]Pair, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return pairs(b)
}

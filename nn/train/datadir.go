package train

import (
	"fmt"
	"os"
	"path/filepath"

	"resnet/data"
	"resnet/nn/train/checkpoint"
)

// recordDataDir has the configuration say where the data was found, in a way that holds from any working directory.
// Where Open searches for a data set, the next start may search again.
func (t *trainer) recordDataDir() error {
	d, err := data.Lookup(t.src.Name)
	if t.cfg.DataDir == "" && (err != nil || d.Classes != nil) {
		return nil
	}
	dir, err := filepath.Abs(t.src.Dir)
	if err != nil {
		return fmt.Errorf("train: data directory: %w", err)
	}
	t.cfg.DataDir = dir
	return nil
}

// DataDir returns where the data of the run in a directory is now, of which its configuration says recorded. A relative
// path, as older runs have it, began at the run's working directory. If nothing is there it is looked for beside and
// above the run, which may have been moved together with its data. The result is recorded if there is nothing either.
func DataDir(run, recorded string) string {
	if recorded == "" {
		return ""
	}
	env, _ := readEnvironment(checkpoint.Dir(run)) // without it the other places remain
	places := []string{recorded}
	below := recorded // relative to a working directory
	if !filepath.IsAbs(recorded) && env.Dir != "" {
		places = []string{filepath.Join(env.Dir, recorded), recorded}
	} else if rel, err := filepath.Rel(env.Dir, recorded); err == nil {
		below = rel
	}
	if at, err := filepath.Abs(run); err == nil && filepath.IsLocal(below) {
		for ; at != filepath.Dir(at); at = filepath.Dir(at) {
			places = append(places, filepath.Join(at, below))
		}
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return recorded
}

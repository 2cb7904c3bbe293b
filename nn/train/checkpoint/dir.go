// Package checkpoint keeps a run directory: configuration, results, weights, and checkpoints from which a run continues
// bit for bit. Every file is replaced atomically: a crash leaves the old or the new one.
package checkpoint

import (
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

	"resnet/data/atomicfile"
	"resnet/data/filelock"
)

// Dir is the path of a run directory; Config to Checkpoint are the paths of its files.
type Dir string

func (d Dir) Config() string      { return filepath.Join(string(d), "config.json") }
func (d Dir) Results() string     { return filepath.Join(string(d), "results.csv") }
func (d Dir) Environment() string { return filepath.Join(string(d), "environment.json") }
func (d Dir) Tuning() string      { return filepath.Join(string(d), "tuning.json") }
func (d Dir) Best() string        { return filepath.Join(d.weights(), "best.safetensors") }
func (d Dir) Last() string        { return filepath.Join(d.weights(), "last.safetensors") }

// Checkpoint is the file that a run resumes from.
func (d Dir) Checkpoint() string {
	return filepath.Join(string(d), "checkpoint", "checkpoint.safetensors")
}

// Lock is the file that is locked while a process trains in the directory; see package filelock.
func (d Dir) Lock() string { return filepath.Join(string(d), ".lock") }

func (d Dir) weights() string { return filepath.Join(string(d), "weights") }

// NewDir creates the directory of a new run: path, or runs/<time>-<model> if that is empty. If path already holds a
// run, that is removed if force is set and an error otherwise.
func NewDir(path, model string, now time.Time, force bool) (Dir, error) {
	d := Dir(path)
	if path == "" {
		base := filepath.Join("runs", now.Format("20060102-150405")+"-"+model)
		d = Dir(base)
		for i := 2; exists(string(d)); i++ {
			d = Dir(base + "-" + strconv.Itoa(i))
		}
	}
	if exists(d.Checkpoint()) { // without one a run was killed before its first step
		if !force {
			return "", fmt.Errorf("train: %s: already holds a run (resume it, choose another output, or force a new "+
				"run in its place)", d)
		}
		if err := d.clear(); err != nil {
			return "", fmt.Errorf("train: output: %w", err)
		}
	}
	return d, d.Prepare()
}

// Prepare creates missing directories and removes temporary files that a crash has left.
func (d Dir) Prepare() error {
	for _, dir := range []string{string(d), d.weights(), filepath.Dir(d.Checkpoint())} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
		if err := atomicfile.RemoveStale(dir); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
	}
	return nil
}

// written lists the files of a run, except the checkpoint and event files, whose names vary.
var written = []string{
	"config.json", "environment.json", "tuning.json", "results.csv",
	"curves.png", "confusion.png", "predictions.png", "wrong.png", "filters.png",
	"weights/best.safetensors", "weights/last.safetensors",
}

// clear removes the files of a run, including event files and pictures, and no others. The checkpoint is the last, so
// that a partly removed run still counts as one.
func (d Dir) clear() error {
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
		if err := os.Remove(filepath.Join(string(d), filepath.FromSlash(name))); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(d.Checkpoint())
}

// Resumable says whether a checkpoint has been written.
func (d Dir) Resumable() bool { return exists(d.Checkpoint()) }

// InUse says whether a process trains in the directory now, and which: one with a checkpoint that is neither finished nor
// in use was interrupted.
func (d Dir) InUse() (by filelock.Owner, inUse bool) { return filelock.Find(d.Lock()) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// WriteJSON replaces a file by the indented JSON of a value.
func WriteJSON(path string, v any) error {
	return atomicfile.WriteDurable(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	})
}

// Package checkpoint keeps a run directory: configuration, results, weights, and checkpoints from which a run continues
// bit for bit. Every file is replaced atomically: a crash leaves the old or the new one. The checkpoint before the last
// is kept, and taken where the last is damaged. One process at a time writes; its lock ends with it.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"resnet/data/atomicfile"
	"resnet/data/filelock"
)

// Dir is the path of a run directory; Config to Lock are the paths of its files.
type Dir string

func (d Dir) Config() string      { return filepath.Join(string(d), "config.json") }
func (d Dir) Results() string     { return filepath.Join(string(d), "results.csv") }
func (d Dir) Environment() string { return filepath.Join(string(d), "environment.json") }
func (d Dir) Tuning() string      { return filepath.Join(string(d), "tuning.json") }
func (d Dir) BadImages() string   { return filepath.Join(string(d), "bad-images.txt") }
func (d Dir) Best() string        { return filepath.Join(d.weights(), "best.safetensors") }
func (d Dir) Last() string        { return filepath.Join(d.weights(), "last.safetensors") }

// Checkpoint is the file that a run resumes from.
func (d Dir) Checkpoint() string {
	return filepath.Join(string(d), "checkpoint", "checkpoint.safetensors")
}

// Lock is the file that is locked while a process trains in the directory; see package filelock.
func (d Dir) Lock() string { return filepath.Join(string(d), ".lock") }

func (d Dir) weights() string { return filepath.Join(string(d), "weights") }

// previous is the checkpoint before it, which a run resumes from if the newer one is damaged.
func (d Dir) previous() string { return previousOf(d.Checkpoint()) }

func previousOf(checkpoint string) string {
	return filepath.Join(filepath.Dir(checkpoint), "previous.safetensors")
}

// NewDir creates the directory of a new run, path, or runs/<time>-<model> if that is empty, and locks it until unlock
// is closed. If path already holds a run, that is removed if force is set and an error otherwise.
func NewDir(fsys atomicfile.FS, path, model string, now time.Time, force bool, log Logger) (
	d Dir, unlock io.Closer, err error,
) {
	d = Dir(path)
	if path == "" {
		d, err = mkdirUnique(fsys, filepath.Join("runs", now.Format("20060102-150405")+"-"+model))
	} else {
		err = atomicfile.MkdirAll(fsys, path)
	}
	if err != nil {
		return "", nil, fmt.Errorf("train: output: %w", err)
	}
	if unlock, err = d.Take(fsys, log); err != nil {
		return "", nil, err
	}
	if err := d.begin(fsys, force); err != nil {
		unlock.Close()
		return "", nil, err
	}
	return d, unlock, nil
}

// mkdirUnique creates a directory that was not there before: base, base-2, base-3 and so on.
func mkdirUnique(fsys atomicfile.FS, base string) (Dir, error) {
	parent := filepath.Dir(base)
	if err := atomicfile.MkdirAll(fsys, parent); err != nil {
		return "", err
	}
	path := base
	for i := 2; ; i++ {
		err := fsys.Mkdir(path, 0o777)
		if err == nil {
			return Dir(path), fsys.SyncDir(parent)
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		path = base + "-" + strconv.Itoa(i)
	}
}

// begin makes the directory ready for a new run.
func (d Dir) begin(fsys atomicfile.FS, force bool) error {
	if d.Resumable() { // without a checkpoint a run was killed before its first step
		if !force {
			return fmt.Errorf("train: %s: already holds a run (resume it, choose another output, or force a new run "+
				"in its place)", d)
		}
		if err := d.clear(fsys); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
	}
	return d.Prepare(fsys)
}

// A Logger writes a note of one line.
type Logger func(format string, args ...any)

// Take locks the directory until the lock is closed, so that no second process writes into it.
func (d Dir) Take(fsys atomicfile.FS, log Logger) (io.Closer, error) {
	unlock, err := fsys.Lock(d.Lock())
	var held *filelock.Held
	switch {
	case errors.As(err, &held):
		return nil, fmt.Errorf("train: %s: %w (wait for it, or choose another output)", d, err)
	case errors.Is(err, errors.ErrUnsupported):
		log("note: %s: the file system has no locks: let no second run write there", d)
		return io.NopCloser(nil), nil
	case err != nil:
		return nil, fmt.Errorf("train: output: %w", err)
	}
	return unlock, nil
}

// Prepare creates missing directories and removes temporary files that a crash has left.
func (d Dir) Prepare(fsys atomicfile.FS) error {
	files := map[string][]string{}
	for _, path := range append(slices.Clone(written), "checkpoint/checkpoint.safetensors") {
		dir, name := filepath.Split(filepath.Join(string(d), filepath.FromSlash(path)))
		files[dir] = append(files[dir], name)
	}
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		if err := atomicfile.MkdirAll(fsys, filepath.Clean(dir)); err != nil {
			return fmt.Errorf("train: output: %w", err)
		}
		atomicfile.RemoveStale(fsys, dir, files[dir]...)
	}
	return nil
}

// written lists the files of a run, except the checkpoint and event files, whose names vary.
var written = []string{
	"config.json", "environment.json", "tuning.json", "results.csv", "bad-images.txt",
	"curves.png", "confusion.png", "predictions.png", "wrong.png", "filters.png",
	"weights/best.safetensors", "weights/last.safetensors",
}

// clear removes the files of a run, including event files and pictures, and no others. The checkpoint is the last, so
// that a partly removed run still counts as one.
func (d Dir) clear(fsys atomicfile.FS) error {
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
	names = append(names, "checkpoint/previous.safetensors", "checkpoint/checkpoint.safetensors")
	for _, name := range names {
		if err := fsys.Remove(filepath.Join(string(d), filepath.FromSlash(name))); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fsys.SyncDir(filepath.Dir(d.Checkpoint())) // no crash brings it back among the new run's files
}

// Resumable says whether a checkpoint has been written.
func (d Dir) Resumable() bool { return exists(d.Checkpoint()) || exists(d.previous()) }

// InUse says whether a process trains in the directory now, and which: one with a checkpoint that is neither finished
// nor in use was interrupted.
func (d Dir) InUse() (by filelock.Owner, inUse bool) { return filelock.Find(d.Lock()) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// WriteJSON replaces a file by the indented JSON of a value.
func WriteJSON(fsys atomicfile.FS, path string, v any) error {
	return atomicfile.WriteDurableOn(fsys, path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	})
}

// Package atomicfile replaces files as a whole: a reader sees the old content or the new one, never a part of either.
package atomicfile

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// tempPrefix begins the name of every temporary file, so that RemoveStale finds those of a process that was killed.
const tempPrefix = ".tmp-"

// Write replaces the file at path by what write writes. The content goes to a temporary file in the same directory
// first, which is renamed once it is complete; the new file has mode 0644. On an error the file is as it was before.
//
// Write does not wait for the disk: a crash of the machine soon afterwards may leave a damaged file. It is meant for
// content that is checked when it is read and can be made again, like a cache. [WriteDurable] is for the rest.
func Write(path string, write func(io.Writer) error) error {
	return replace(path, write, (*os.File).Close)
}

// WriteDurable is [Write] for content that cannot be made again. It returns when the new content and its name are on
// the disk, and after a crash of the machine at any moment the file holds either the old content or the new one.
func WriteDurable(path string, write func(io.Writer) error) error {
	err := replace(path, write, func(f *os.File) error {
		if err := f.Sync(); err != nil {
			return err
		}
		return f.Close()
	})
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// RemoveStale removes the temporary files that killed processes left in dir. Nobody may be writing into dir meanwhile.
func RemoveStale(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a temporary file, closes it by finish and renames it to path.
func replace(path string, write func(io.Writer) error, finish func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := finish(f); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncDir makes a rename in dir last through a crash of the machine.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which cannot, and need not, sync a directory
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

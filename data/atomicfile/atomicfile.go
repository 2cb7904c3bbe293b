// Package atomicfile replaces files as a whole: a reader sees the old content or the new one, never a part of either.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write replaces the file at path by what write writes. The content goes to a temporary file in the same directory
// first, which is renamed once it is complete. A file that is there keeps its mode; a new one has what the umask leaves
// of 0666. A symbolic link is replaced itself, not what it points to. On an error the file is as it was before.
//
// Write does not wait for the disk: a crash of the machine soon afterwards may leave a damaged file. It is meant for
// content that is checked when it is read and can be made again, like a cache. [WriteDurable] is for the rest.
func Write(path string, write func(io.Writer) error) error { return WriteOn(OS, path, write) }

// WriteDurable is [Write] for content that cannot be made again. It returns when the new content and its name are on
// the disk, and after a crash of the machine at any moment the file holds either the old content or the new one.
func WriteDurable(path string, write func(io.Writer) error) error {
	return WriteDurableOn(OS, path, write)
}

// WriteOn is [Write] on a file system.
func WriteOn(fsys FS, path string, write func(io.Writer) error) error {
	temp, err := writeTemp(fsys, path, write, File.Close)
	if err != nil {
		return err
	}
	return rename(fsys, temp, path)
}

// WriteDurableOn is [WriteDurable] on a file system.
func WriteDurableOn(fsys FS, path string, write func(io.Writer) error) error {
	return ReplaceOn(fsys, path, "", write)
}

// ReplaceOn is [WriteDurableOn] that keeps the file that is replaced, if there is one, as previous, unless that is
// empty. After a crash at any moment one of the two is whole, if path was before.
func ReplaceOn(fsys FS, path, previous string, write func(io.Writer) error) error {
	temp, err := writeTemp(fsys, path, write, syncAndClose)
	if err != nil {
		return err
	}
	if previous != "" {
		if err := keep(fsys, path, previous); err != nil {
			fsys.Remove(temp)
			return err
		}
	}
	if err := rename(fsys, temp, path); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// keep gives the file at path, if there is one, a second name, so that it is never without one. A file system that
// cannot do so gives it the new name alone.
func keep(fsys FS, path, previous string) error {
	if err := fsys.Remove(previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := fsys.Link(path, previous)
	if err != nil {
		err = fsys.Rename(path, previous)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the first of its kind
	}
	return err
}

func syncAndClose(f File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// rename gives a temporary file its name, or removes it.
func rename(fsys FS, temp, path string) error {
	err := fsys.Rename(temp, path)
	if err != nil {
		fsys.Remove(temp)
	}
	return named(err, path)
}

// named makes an error about a temporary file one about the file that it was for.
func named(err error, path string) error {
	switch e := err.(type) {
	case *fs.PathError:
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	case *os.LinkError:
		return &fs.PathError{Op: "replace", Path: path, Err: e.Err}
	}
	return err
}

// writeTemp writes a temporary file for path, closes it by finish, and returns its name.
func writeTemp(fsys FS, path string, write func(io.Writer) error, finish func(File) error) (string, error) {
	f, name, err := createTemp(fsys, path)
	if err != nil {
		return "", err
	}
	err = fill(f, path, write)
	if err == nil {
		err = finish(f)
	}
	if err != nil {
		f.Close()
		fsys.Remove(name)
	}
	return name, named(err, path)
}

// fill writes a temporary file for path, whose mode it takes if there is such a file.
func fill(f File, path string, write func(io.Writer) error) error {
	if i, err := os.Lstat(path); err == nil && i.Mode().IsRegular() {
		if err := f.Chmod(i.Mode().Perm()); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// createTemp creates a temporary file in the directory of path; see tempName.
func createTemp(fsys FS, path string) (File, string, error) {
	for {
		name := filepath.Join(filepath.Dir(path), tempName(filepath.Base(path), os.Getpid(), rand.Uint32()))
		f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, name, named(err, path)
		}
	}
}

func tempName(base string, pid int, random uint32) string {
	return fmt.Sprintf(".tmp-%s-%d-%d", base, pid, random)
}

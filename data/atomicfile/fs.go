package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"resnet/data/filelock"
)

// FS is a file system as far as files are written. Everything that a run leaves goes through one, so that a test can
// let each operation fail, or cut the power after it; see package disktest.
type FS interface {
	OpenFile(path string, flag int, perm fs.FileMode) (File, error) // flag has os.O_WRONLY
	Rename(from, to string) error
	Link(from, to string) error
	Remove(path string) error
	Mkdir(path string, perm fs.FileMode) error
	// SyncDir returns when the names in dir are on the disk.
	SyncDir(dir string) error
	Lock(path string) (io.Closer, error) // see filelock.Lock
}

// File is an open file of an FS.
type File interface {
	io.WriteCloser
	Sync() error
	Chmod(fs.FileMode) error
	Truncate(size int64) error
}

// OS is the machine's file system.
var OS FS = machine{}

type machine struct{}

func (machine) OpenFile(path string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err // not a File that holds a nil *os.File
	}
	return f, nil
}

func (machine) Rename(from, to string) error              { return os.Rename(from, to) }
func (machine) Link(from, to string) error                { return os.Link(from, to) }
func (machine) Remove(path string) error                  { return os.Remove(path) }
func (machine) Mkdir(path string, perm fs.FileMode) error { return os.Mkdir(path, perm) }
func (machine) Lock(path string) (io.Closer, error)       { return filelock.Lock(path) }

func (machine) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which cannot, and need not, sync a directory
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // a file system, such as some over a network, on which there is nothing to wait for
	}
	return err
}

// MkdirAll creates a directory and those above it that are missing, and returns when their names are on the disk.
func MkdirAll(fsys FS, dir string) error {
	if i, err := os.Stat(dir); err == nil {
		if !i.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("is a file, want a directory")}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) { // another process may be faster
		return err
	}
	return fsys.SyncDir(parent)
}

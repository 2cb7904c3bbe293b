// Package disktest has a disk on which things go wrong.
package disktest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"resnet/data/atomicfile"
)

// Disk writes to the machine's file system, except that the operation with the number At, from 1, fails with Err. It
// also keeps what would be left if the power were cut, see [Disk.PowerCut]. Everything must be written below one
// directory, through this Disk. Nothing waits for the machine's own disk.
type Disk struct {
	At  int
	Err error
	// Dead makes all later operations fail as well, as if the process had been killed amid operation At. Locks are
	// given up, as the system does then.
	Dead bool
	// NoLinks is a file system on which a file has only one name.
	NoLinks bool

	mu      sync.Mutex
	ops     []string
	current map[string]*node // by path
	durable map[string]*node // the names that would be left
}

// node is a file or a directory.
type node struct {
	dir     bool
	content []byte
	synced  []byte // the content that would be left
}

// ErrKilled is the Err of a process that was killed.
var ErrKilled = errors.New("killed")

// Ops lists the operations so far, such as "sync .../config.json".
func (d *Disk) Ops() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.ops...)
}

// Failed is the operation that failed, such as "sync .../config.json"; empty if none has.
func (d *Disk) Failed() string {
	if ops := d.Ops(); d.At > 0 && d.At <= len(ops) {
		return ops[d.At-1]
	}
	return ""
}

// op counts an operation and returns its error. If that is nil, do is called under the lock and counts as its result.
func (d *Disk) op(name, path string, do func() error) error { return d.opOr(name, path, do, func() {}) }

// opOr is op that calls partly, under the lock too, where operation At fails.
func (d *Disk) opOr(name, path string, do func() error, partly func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		d.current, d.durable = map[string]*node{}, map[string]*node{}
	}
	d.ops = append(d.ops, name+" "+path)
	n := len(d.ops)
	if n == d.At {
		partly()
	}
	if n == d.At || d.Dead && d.At > 0 && n > d.At {
		return &fs.PathError{Op: name, Path: path, Err: d.Err}
	}
	return do()
}

func (d *Disk) OpenFile(path string, flag int, perm fs.FileMode) (atomicfile.File, error) {
	f := &file{disk: d, path: path}
	err := d.op("open", path, func() (err error) {
		if f.File, err = atomicfile.OS.OpenFile(path, flag, perm); err != nil {
			return err
		}
		if f.node = d.current[path]; f.node == nil {
			f.node = &node{}
			d.current[path] = f.node
		}
		return nil
	})
	return f, err
}

func (d *Disk) Rename(from, to string) error {
	return d.op("rename", to, func() error {
		if err := atomicfile.OS.Rename(from, to); err != nil {
			return err
		}
		d.current[to] = d.current[from]
		delete(d.current, from)
		return nil
	})
}

func (d *Disk) Link(from, to string) error {
	return d.op("link", to, func() error {
		if d.NoLinks {
			return errors.ErrUnsupported
		}
		if err := atomicfile.OS.Link(from, to); err != nil {
			return err
		}
		d.current[to] = d.current[from]
		return nil
	})
}

func (d *Disk) Remove(path string) error {
	return d.op("remove", path, func() error {
		if err := atomicfile.OS.Remove(path); err != nil {
			return err
		}
		delete(d.current, path)
		return nil
	})
}

func (d *Disk) Mkdir(path string, perm fs.FileMode) error {
	return d.op("mkdir", path, func() error {
		if err := atomicfile.OS.Mkdir(path, perm); err != nil {
			return err
		}
		d.current[path] = &node{dir: true}
		return nil
	})
}

func (d *Disk) SyncDir(dir string) error {
	return d.op("syncdir", dir, func() error {
		for _, path := range entries(d.durable, dir) {
			delete(d.durable, path)
		}
		for _, path := range entries(d.current, dir) {
			d.durable[path] = d.current[path]
		}
		return nil
	})
}

func (d *Disk) Lock(path string) (unlock io.Closer, err error) {
	err = d.op("lock", path, func() (err error) {
		unlock, err = atomicfile.OS.Lock(path)
		return err
	})
	return unlock, err
}

type file struct {
	atomicfile.File
	disk *Disk
	path string
	node *node
}

// Write writes a half if it fails.
func (f *file) Write(p []byte) (n int, err error) {
	write := func(p []byte) (err error) {
		n, err = f.File.Write(p)
		f.node.content = append(f.node.content, p[:n]...)
		return err
	}
	err = f.disk.opOr("write", f.path, func() error { return write(p) }, func() { write(p[:len(p)/2]) })
	return n, err
}

func (f *file) Sync() error {
	return f.disk.op("sync", f.path, func() error {
		f.node.synced = append([]byte(nil), f.node.content...)
		return nil
	})
}

func (f *file) Truncate(size int64) error {
	return f.disk.op("truncate", f.path, func() error {
		f.node.content = f.node.content[:size]
		return f.File.Truncate(size)
	})
}

func (f *file) Chmod(mode fs.FileMode) error {
	return f.disk.op("chmod", f.path, func() error { return f.File.Chmod(mode) })
}

// Close closes the file also where that fails, as the system does.
func (f *file) Close() error {
	err := f.File.Close()
	if e := f.disk.op("close", f.path, func() error { return nil }); err == nil {
		err = e
	}
	return err
}

// String says where the disk fails.
func (d *Disk) String() string {
	return fmt.Sprintf("%v at operation %d, %s", d.Err, d.At, d.Failed())
}

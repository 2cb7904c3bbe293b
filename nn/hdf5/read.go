package hdf5

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"resnet/nn/internal/regular"
)

// A File is an open file whose objects are read on demand. It is for one goroutine at a time.
type File struct {
	Name string // the path, for error messages

	r      io.ReaderAt
	size   uint64
	root   uint64 // address of the root group's object header
	heaps  map[uint64]map[int][]byte
	inHeap uint64    // bytes in the heaps that have been read
	closer io.Closer // nil unless Open opened the file
}

// Open opens the file at path. The caller closes the File.
func Open(path string) (*File, error) {
	r, size, err := regular.Open("hdf5", path)
	if err != nil {
		return nil, err
	}
	f, err := New(r, size, path)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.closer = r
	return f, nil
}

// New opens a file of size bytes; name is for error messages.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, r: r, size: uint64(max(size, 0)), heaps: map[uint64]map[int][]byte{}}
	if err := f.superblock(); err != nil {
		return nil, fmt.Errorf("hdf5: %s: %w", name, err)
	}
	return f, nil
}

// Close closes the file if Open opened it.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Object opens the group or dataset at a path such as "layers/conv2d". The path "" is the root group.
func (f *File) Object(path string) (*Object, error) {
	o, err := f.object("", f.root)
	for name := range strings.SplitSeq(path, "/") {
		if err != nil || name == "" {
			continue
		}
		o, err = o.Object(name)
	}
	return o, err
}

func (f *File) superblock() error {
	b, err := f.read(0, min(f.size, superblockSize))
	if err != nil {
		return err
	}
	c := &cursor{b: b}
	if string(c.take(8)) != signature {
		return errors.New("no HDF5 signature (not an HDF5 file?)")
	}
	version := c.u8()
	if version > 1 {
		return fmt.Errorf("superblock version %d, want 0 or 1 (written with libver=\"latest\"?)", version)
	}
	c.take(4)
	if offset, length := c.u8(), c.u8(); !c.short && (offset != 8 || length != 8) {
		return fmt.Errorf("addresses of %d and lengths of %d bytes, want 8", offset, length)
	}
	c.take(1 + 4 + 4 + 4*version)
	base := c.u64()
	c.take(8) // free space
	end := c.u64()
	c.take(8 + 8) // driver, the root group's name
	f.root = c.u64()
	switch {
	case c.short:
		return fmt.Errorf("%d bytes, too short for an HDF5 file", f.size)
	case base != 0:
		return fmt.Errorf("base address %d, want 0", base)
	case end > f.size:
		return fmt.Errorf("%d bytes, want %d (truncated?)", f.size, end)
	}
	return nil
}

// read reads n bytes at an address. It checks n against the size of the file before it allocates.
func (f *File) read(at, n uint64) ([]byte, error) {
	if at > f.size || n > f.size-at {
		return nil, fmt.Errorf("%d bytes at %d, but the file has %d (truncated?)", n, at, f.size)
	}
	p := make([]byte, n)
	if got, err := f.r.ReadAt(p, int64(at)); got < len(p) {
		return nil, fmt.Errorf("%d bytes at %d: %w", n, at, err)
	}
	return p, nil
}

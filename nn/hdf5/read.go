package hdf5

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"resnet/nn/internal/regular"
)

// What is read of a file besides the elements of its datasets has a budget, whatever the file says of itself. The
// largest models of Keras have a tenth of it.
const (
	maxMetadata = 64 << 20 // bytes
	maxParts    = 1 << 20  // names, messages and strings
)

// A File is an open file whose objects are read on demand. It is for one goroutine at a time. It keeps what it has read
// besides elements, so that each part of the file is read once: parts do not overlap in a valid file, so those that are
// read may not be larger together than the file is.
type File struct {
	Name string // the path, for error messages

	r        io.ReaderAt
	size     uint64
	root     uint64 // address of the root group's object header
	headers  map[uint64]*header
	heaps    map[uint64]map[int]string
	metaLeft uint64    // bytes of metadata that may still be read
	partLeft int       // parts that may still be kept
	closer   io.Closer // nil unless Open opened the file
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
	f := &File{
		Name: name, r: r, size: uint64(max(size, 0)), headers: map[uint64]*header{}, heaps: map[uint64]map[int]string{},
		partLeft: maxParts,
	}
	f.metaLeft = min(f.size, maxMetadata)
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
	o := &Object{f: f}
	err := o.open(f.root)
	for name := range strings.SplitSeq(path, "/") {
		if err != nil || name == "" {
			continue
		}
		o, err = o.Object(name)
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

func (f *File) superblock() error {
	b := make([]byte, min(f.size, superblockSize))
	if err := f.read(b, 0); err != nil {
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

// metadata reads n bytes at an address and takes them off the budget.
func (f *File) metadata(at, n uint64) ([]byte, error) {
	if err := f.within(at, n); err != nil {
		return nil, err
	}
	if n > f.metaLeft {
		return nil, fmt.Errorf("headers and names of more than %d bytes (parts that overlap?)",
			min(f.size, maxMetadata))
	}
	f.metaLeft -= n
	p := make([]byte, n)
	return p, f.read(p, at)
}

// count takes n parts off the budget.
func (f *File) count(n int) error {
	if n > f.partLeft {
		return fmt.Errorf("more than %d names, attributes and strings in the file", maxParts)
	}
	f.partLeft -= n
	return nil
}

// within checks that n bytes at an address are in the file.
func (f *File) within(at, n uint64) error {
	if at > f.size || n > f.size-at {
		return fmt.Errorf("%d bytes at %d, but the file has %d (truncated?)", n, at, f.size)
	}
	return nil
}

// read fills p from an address.
func (f *File) read(p []byte, at uint64) error {
	if got, err := f.r.ReadAt(p, int64(at)); got < len(p) {
		return fmt.Errorf("%d bytes at %d: %w", len(p), at, err)
	}
	return nil
}

package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"resnet/nn/internal/regular"
)

const (
	metadataKey = "__metadata__"
	// maxHeader is the limit of the format's reference implementation.
	maxHeader = 100_000_000
)

// Info describes a tensor of a file.
type Info struct {
	Name   string
	DType  DType
	Shape  []int // empty for a scalar
	Offset int64 // from the start of the data
	Bytes  int64
}

// Elems returns the number of elements.
func (i *Info) Elems() int { return int(i.Bytes) / i.DType.Size() }

// A File is an open file whose header has been read and checked. Tensors are read on demand.
type File struct {
	Name     string // the path, for error messages
	Metadata map[string]string
	Tensors  []Info // in the order of their data

	r      io.ReaderAt
	data   int64 // offset of the data in the file
	byName map[string]int
	closer io.Closer // nil unless Open opened the file
}

// Open reads the header of the file at path. The caller closes the File.
func Open(path string) (*File, error) {
	r, size, err := regular.Open("safetensors", path)
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

// New reads the header of a file of size bytes; name is for error messages.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, r: r}
	if err := f.readHeader(size); err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
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

// Lookup finds a tensor by name.
func (f *File) Lookup(name string) (Info, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Info{}, false
	}
	return f.Tensors[i], true
}

// Read returns the encoded elements of a tensor.
func (f *File) Read(name string) ([]byte, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	p := make([]byte, t.Bytes)
	return p, f.readAt(t, p, 0)
}

func (f *File) find(name string) (Info, error) {
	t, ok := f.Lookup(name)
	if !ok {
		return t, fmt.Errorf("safetensors: %s: no tensor %s (the file has %d others)", f.Name, Shown(name),
			len(f.Tensors))
	}
	return t, nil
}

// readAt reads a tensor's elements from byte at on.
func (f *File) readAt(t Info, p []byte, at int64) error {
	if n, err := f.r.ReadAt(p, f.data+t.Offset+at); n < len(p) {
		return fmt.Errorf("safetensors: %s: %s: %d of %d bytes read: %w", f.Name, Shown(t.Name), at+int64(n), t.Bytes,
			err)
	}
	return nil
}

// pieceBytes is how much is read at once, a multiple of every element's size.
const pieceBytes = 1 << 16

// eachPiece reads a tensor in pieces, so that it takes no memory beside the caller's own; do gets each piece and the
// byte at which it starts.
func (f *File) eachPiece(t Info, do func(piece []byte, at int64) error) error {
	buffer := make([]byte, min(pieceBytes, t.Bytes))
	for at := int64(0); at < t.Bytes; {
		p := buffer[:min(pieceBytes, t.Bytes-at)]
		if err := f.readAt(t, p, at); err != nil {
			return err
		}
		if err := do(p, at); err != nil {
			return err
		}
		at += int64(len(p))
	}
	return nil
}

// Float32 returns the elements of a tensor of type F32, F64, F16 or BF16 as float32.
func (f *File) Float32(name string) ([]float32, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	if !t.DType.IsFloat() {
		return nil, fmt.Errorf("safetensors: %s: %s: dtype %s, want F32, F64, F16 or BF16", f.Name, Shown(name),
			t.DType)
	}
	x, size := make([]float32, t.Elems()), int64(t.DType.Size())
	err = f.eachPiece(t, func(p []byte, at int64) error {
		toFloat32(x[at/size:][:int64(len(p))/size], t.DType, p)
		return nil
	})
	return x, err
}

// Digest is the Digest of all tensors, which are read in pieces.
func (f *File) Digest(with ...string) (string, error) {
	d := newDigest(with)
	sorted := slices.Clone(f.Tensors)
	slices.SortFunc(sorted, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range sorted {
		d.begin(t.Name, t.DType, t.Shape)
		if err := f.eachPiece(t, func(p []byte, _ int64) error { d.Write(p); return nil }); err != nil {
			return "", err
		}
	}
	return d.sum(), nil
}

// All reads every tensor.
func (f *File) All() ([]Tensor, error) {
	all := make([]Tensor, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		p, err := f.Read(t.Name)
		if err != nil {
			return nil, err
		}
		all[i] = Tensor{t.Name, t.DType, t.Shape, p}
	}
	return all, nil
}

func (f *File) readHeader(size int64) error {
	if size < 8 {
		return fmt.Errorf("%d bytes, too short for a safetensors file", size)
	}
	var length [8]byte
	if _, err := f.r.ReadAt(length[:], 0); err != nil && err != io.EOF {
		return err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return fmt.Errorf("header length %d, want at most %d (not a safetensors file?)", n, maxHeader)
	}
	if int64(n) > size-8 {
		return fmt.Errorf("header length %d, but only %d bytes follow (truncated?)", n, size-8)
	}
	header := make([]byte, n)
	if read, err := f.r.ReadAt(header, 8); read < len(header) {
		return err
	}
	f.data = 8 + int64(n)
	if err := f.parseHeader(header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	return f.checkLayout(size - f.data)
}

// checkLayout sorts the tensors by offset and checks that they fill the data.
func (f *File) checkLayout(dataSize int64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Bytes, b.Bytes))
	})
	f.byName = make(map[string]int, len(f.Tensors))
	var at int64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		end := t.Offset + t.Bytes
		switch {
		case t.Offset > at:
			return fmt.Errorf("%s: starts at %d, want %d (hole in the data)", Shown(t.Name), t.Offset, at)
		case t.Offset < at:
			return fmt.Errorf("%s: starts at %d, want %d (overlaps the tensor before it)", Shown(t.Name), t.Offset, at)
		case end > dataSize:
			return fmt.Errorf("%s: ends at %d, but the file holds %d bytes of data (truncated?)", Shown(t.Name), end,
				dataSize)
		}
		at = end
		f.byName[t.Name] = i
	}
	if at != dataSize {
		return fmt.Errorf("%d bytes of data, want %d (trailing bytes)", dataSize, at)
	}
	return nil
}

// byteSize returns the size of a tensor in bytes. It fails for a shape whose size overflows.
func byteSize(d DType, shape []int) (int64, error) {
	size := int64(d.Size())
	if size == 0 {
		return 0, fmt.Errorf("dtype %q is not known", Shown(string(d)))
	}
	empty := slices.Contains(shape, 0)
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative extent", shape)
		}
		if empty {
			continue
		}
		if int64(n) > math.MaxInt64/size {
			return 0, fmt.Errorf("shape %v overflows", shape)
		}
		size *= int64(n)
	}
	if empty {
		return 0, nil
	}
	return size, nil
}

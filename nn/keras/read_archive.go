package keras

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"resnet/nn/hdf5"
)

const (
	maxConfig = 16 << 20 // bytes of a configuration; that of a ResNet-152 has half a million
	// maxDirectory is the bytes of an archive's list of members. An archive of Keras has three, and assets.
	maxDirectory = 1 << 20
	// deflateRatio is the most that the bytes of a deflated member can stand for.
	deflateRatio = 1032
)

// readArchive reads an archive: the members that are stored, as Keras writes them, in place, and those that another
// program deflated in memory. most is the largest that the weights may be in memory.
func (s *saved) readArchive(file io.ReaderAt, size, most int64, path string) error {
	directory := &limited{file, maxDirectory}
	z, err := zip.NewReader(directory, size)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	directory.left = math.MaxInt64 // it has been read
	a := archive{file, size, z}
	config, n, err := a.open(configMember, maxConfig)
	if err == nil && n > maxConfig {
		err = fmt.Errorf("%s: %d bytes, want at most %d", configMember, n, maxConfig)
	}
	if err == nil {
		s.config, err = io.ReadAll(io.NewSectionReader(config, 0, n))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	weights, n, err := a.open(weightsMember, most)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := hdf5.New(weights, n, path+"/"+weightsMember)
	if err != nil {
		return err
	}
	return s.read(f)
}

// An archive is a zip file with the file that it is in.
type archive struct {
	file io.ReaderAt
	size int64
	zip  *zip.Reader
}

// limited fails when more than so many bytes are read.
type limited struct {
	io.ReaderAt
	left int64
}

func (l *limited) ReadAt(p []byte, at int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, fmt.Errorf("a list of members of more than %d bytes", maxDirectory)
	}
	return l.ReaderAt.ReadAt(p, at)
}

// open returns the content of a member, whose checksum is right. A compressed one may have at most so many bytes.
func (a *archive) open(name string, most int64) (r io.ReaderAt, size int64, err error) {
	m, err := a.member(name)
	if err != nil {
		return nil, 0, err
	}
	const encrypted = 1
	compressed, n := m.CompressedSize64, m.UncompressedSize64
	at, err := m.DataOffset()
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	case m.Flags&encrypted != 0:
		return nil, 0, fmt.Errorf("%s: encrypted, want it plain", name)
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return nil, 0, fmt.Errorf("%s: compression method %d, want 0 or 8: stored or deflated", name, m.Method)
	case compressed > uint64(a.size-min(at, a.size)):
		return nil, 0, fmt.Errorf("%s: %d bytes at %d, but the archive has %d (truncated?)",
			name, compressed, at, a.size)
	case m.Method == zip.Store && n != compressed:
		return nil, 0, fmt.Errorf("%s: %d bytes are stored as %d, want as many", name, n, compressed)
	case m.Method == zip.Store:
		r = io.NewSectionReader(a.file, at, int64(n))
	case n/deflateRatio > compressed:
		return nil, 0, fmt.Errorf("%s: %d bytes are deflated to %d, want at least 1 in %d",
			name, n, compressed, deflateRatio)
	case n > uint64(most):
		return nil, 0, fmt.Errorf("%s: inflates to %d bytes, want at most %d for this network", name, n, most)
	default:
		b := make([]byte, n)
		if err := inflate(b, m); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		r = bytes.NewReader(b)
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, int64(n))); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if sum.Sum32() != m.CRC32 {
		return nil, 0, fmt.Errorf("%s: CRC-32 %08x, want %08x (damaged)", name, sum.Sum32(), m.CRC32)
	}
	return r, int64(n), nil
}

// inflate fills b with the content of a member, which must have as many bytes.
func inflate(b []byte, m *zip.File) error {
	r, err := m.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("inflating to %d bytes: %w", len(b), err)
	}
	return nil
}

// member finds the only member of a name.
func (a *archive) member(name string) (found *zip.File, err error) {
	var other string
	for _, m := range a.zip.File {
		switch {
		case m.Name == name && found != nil:
			return nil, fmt.Errorf("%s: two members of this name", name)
		case m.Name == name:
			found = m
		case strings.HasPrefix(m.Name, "model.weights") || strings.HasPrefix(m.Name, "model_weights"):
			other = m.Name
		}
	}
	switch {
	case found != nil:
		return found, nil
	case name == weightsMember && other != "":
		return nil, fmt.Errorf("the weights are in %.80q, want them in one file, %s", other, name)
	}
	return nil, fmt.Errorf("no %s (not a Keras archive?)", name)
}

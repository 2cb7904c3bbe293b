package safetensors

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"unicode/utf8"
)

// A Tensor is a tensor with its elements.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty for a scalar
	Data  []byte // little-endian, row-major
}

// Write writes a file. Its bytes depend on the arguments only, and not on the order of the tensors: they are sorted by
// descending element size, then by name. The header is padded to 8 bytes, so every tensor is aligned.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted, err := layOut(tensors)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	header, err := encodeHeader(sorted, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for i := range sorted {
		if _, err := w.Write(sorted[i].Data); err != nil {
			return err
		}
	}
	return nil
}

// layOut checks the tensors and returns them in the order of the file.
func layOut(tensors []Tensor) ([]Tensor, error) {
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	seen := make(map[string]bool, len(sorted))
	for i := range sorted {
		t := &sorted[i]
		if t.Name == metadataKey || !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("tensor name %q cannot be used", t.Name)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("%s: two tensors of this name", t.Name)
		}
		seen[t.Name] = true
		want, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		if int64(len(t.Data)) != want {
			return nil, fmt.Errorf("%s: %d bytes, want %d for %s %v", t.Name, len(t.Data), want, t.DType, t.Shape)
		}
	}
	return sorted, nil
}

type headerEntry struct {
	DType   DType    `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// encodeHeader returns the file up to the data, including the length of the header.
func encodeHeader(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 8))
	separator := byte('{')
	entry := func(key string, value any) error {
		b.WriteByte(separator)
		separator = ','
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value) // a map's keys come out sorted
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return err
	}
	if len(metadata) > 0 {
		if err := entry(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	var at int64
	for i := range sorted {
		t := &sorted[i]
		e := headerEntry{t.DType, append([]int{}, t.Shape...), [2]int64{at, at + int64(len(t.Data))}}
		if err := entry(t.Name, e); err != nil {
			return nil, err
		}
		at = e.Offsets[1]
	}
	if separator == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if n := b.Len() - 8; n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, want at most %d", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// Digest returns the SHA-256, in hex, of the given strings and of the names, types, shapes and elements of the tensors,
// in any order of the tensors. The format has no checksum; a program can keep this one in the metadata.
func Digest(tensors []Tensor, with ...string) string {
	d := newDigest(with)
	sorted := slices.Clone(tensors)
	slices.SortFunc(sorted, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for i := range sorted {
		t := &sorted[i]
		d.begin(t.Name, t.DType, t.Shape)
		d.Write(t.Data)
	}
	return d.sum()
}

// digest sums up tensors in the order of their names. What Write gets are the elements of the last begun.
type digest struct{ hash.Hash }

func newDigest(with []string) digest {
	d := digest{sha256.New()}
	for _, s := range with {
		fmt.Fprintf(d, "%q\n", s)
	}
	return d
}

func (d digest) begin(name string, t DType, shape []int) {
	fmt.Fprintf(d, "%q %s %v\n", name, t, shape)
}
func (d digest) sum() string { return hex.EncodeToString(d.Sum(nil)) }

package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Limits of a header besides maxHeader. With them it takes a few times its own size in memory, whatever it says.
const (
	maxKeys = 1 << 18 // of an object: tensors, or entries of the metadata
	maxDims = 64      // as PyTorch has
)

// parseHeader sets f.Metadata and f.Tensors.
func (f *File) parseHeader(header []byte) error {
	if len(header) == 0 || header[0] != '{' {
		return errors.New("does not start with { (not a safetensors file?)")
	}
	if !utf8.Valid(header) {
		return errors.New("not UTF-8") // encoding/json would silently replace invalid bytes, and names could collide
	}
	p, seen := &parser{text: header}, map[string]bool{}
	err := p.object(func(key string) (err error) {
		if seen[key] {
			return errDuplicate
		}
		seen[key] = true
		if key == metadataKey {
			f.Metadata, err = p.metadata()
			return err
		}
		t, err := p.tensor()
		t.Name = key
		f.Tensors = append(f.Tensors, t)
		return err
	})
	if err != nil {
		return err
	}
	if rest := bytes.Trim(header[p.at:], " "); len(rest) > 0 {
		return fmt.Errorf("%d bytes after the closing }", len(rest))
	}
	return nil
}

// metadata reads an object of strings, or null for none.
func (p *parser) metadata() (map[string]string, error) {
	if p.null() {
		return nil, nil
	}
	m := map[string]string{}
	err := p.object(func(key string) (err error) {
		if _, ok := m[key]; ok {
			return errDuplicate
		}
		m[key], err = p.string()
		return err
	})
	return m, err
}

var tensorFields = []string{"dtype", "shape", "data_offsets"}

func (p *parser) tensor() (t Info, err error) {
	var offsets []int
	seen := 0 // a bit for each of tensorFields
	err = p.object(func(key string) (err error) {
		i := slices.Index(tensorFields, key)
		if i >= 0 && seen>>i&1 == 1 {
			return errDuplicate
		}
		seen |= 1 << max(i, 0)
		switch key {
		case "dtype":
			var s string
			s, err = p.string()
			t.DType = DType(s)
		case "shape":
			t.Shape, err = p.integers(maxDims)
		case "data_offsets":
			offsets, err = p.integers(2)
		default:
			return fmt.Errorf("field %q is not known", Shown(key))
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if n := bits.OnesCount(uint(seen)); n != len(tensorFields) {
		return t, fmt.Errorf("%d fields, want dtype, shape and data_offsets", n)
	}
	if len(offsets) != 2 || offsets[0] > offsets[1] {
		return t, fmt.Errorf("data_offsets %v, want [start, end]", offsets)
	}
	t.Offset, t.Bytes = int64(offsets[0]), int64(offsets[1]-offsets[0])
	want, err := byteSize(t.DType, t.Shape)
	if err == nil && want != t.Bytes {
		err = fmt.Errorf("data_offsets span %d bytes, want %d for %s %v", t.Bytes, want, t.DType, t.Shape)
	}
	return t, err
}

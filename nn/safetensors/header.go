package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// parseHeader sets f.Metadata and f.Tensors. It reads the JSON token by token, because encoding/json silently takes the
// last of duplicate keys.
func (f *File) parseHeader(header []byte) error {
	if len(header) == 0 || header[0] != '{' {
		return errors.New("does not start with { (not a safetensors file?)")
	}
	if !utf8.Valid(header) {
		return errors.New("not UTF-8") // encoding/json would silently replace invalid bytes, and names could collide
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	err := object(d, func(key string) error {
		if key == metadataKey {
			f.Metadata = map[string]string{}
			return object(d, func(k string) (err error) {
				f.Metadata[k], err = next[string](d)
				return err
			})
		}
		t, err := parseTensor(d)
		t.Name = key
		f.Tensors = append(f.Tensors, t)
		return err
	})
	if err != nil {
		return err
	}
	if rest := bytes.Trim(header[d.InputOffset():], " "); len(rest) > 0 {
		return fmt.Errorf("%d bytes after the closing }", len(rest))
	}
	return nil
}

func parseTensor(d *json.Decoder) (t Info, err error) {
	var offsets []int
	seen := 0
	err = object(d, func(key string) (err error) {
		switch key {
		case "dtype":
			var s string
			s, err = next[string](d)
			t.DType = DType(s)
		case "shape":
			t.Shape, err = integers(d)
		case "data_offsets":
			offsets, err = integers(d)
		default:
			return fmt.Errorf("field %q is not known", key)
		}
		seen++
		return err
	})
	if err != nil {
		return t, err
	}
	if seen != 3 {
		return t, fmt.Errorf("%d fields, want dtype, shape and data_offsets", seen)
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

// object reads an object, calls field after each key and refuses duplicate keys. Errors name the key.
func object(d *json.Decoder, field func(key string) error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := next[string](d)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s: duplicate key", key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return delim(d, '}')
}

// integers reads an array of integers that are not negative.
func integers(d *json.Decoder) ([]int, error) {
	if err := delim(d, '['); err != nil {
		return nil, err
	}
	list := []int{}
	for d.More() {
		n, err := next[json.Number](d)
		if err != nil {
			return nil, err
		}
		i, err := strconv.ParseUint(n.String(), 10, strconv.IntSize-1)
		if err != nil {
			return nil, fmt.Errorf("number %s, want an integer of 0 or more", n)
		}
		list = append(list, int(i))
	}
	return list, delim(d, ']')
}

func delim(d *json.Decoder, want json.Delim) error {
	got, err := next[json.Delim](d)
	if err == nil && got != want {
		err = fmt.Errorf("%v, want %v", got, want)
	}
	return err
}

func next[T any](d *json.Decoder) (v T, err error) {
	tok, err := d.Token()
	if err == io.EOF {
		return v, io.ErrUnexpectedEOF
	}
	if err != nil {
		return v, err
	}
	v, ok := tok.(T)
	if !ok {
		return v, fmt.Errorf("%v, want a %T", tok, v)
	}
	return v, nil
}

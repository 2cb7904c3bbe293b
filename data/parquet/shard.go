package parquet

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"resnet/data/memory"
	"resnet/data/samples"
)

// maxFooter bounds the metadata at a file's end, of which a file of ten thousand row groups has 10 MB.
const maxFooter = 64 << 20

// shard is one file.
type shard struct {
	path    string
	split   samples.Split
	rows    int64
	classes []string
	image   columns
	label   string
}

// columns are the leaves of an image.
type columns struct{ bytes, path []string }

// feature is what Hugging Face's metadata say of a column.
type feature struct {
	Type  string   `json:"_type"`
	Names []string `json:"names"`
}

func openShard(path string) (*shard, error) {
	split, err := splitOf(path)
	if err != nil {
		return nil, err
	}
	x := &shard{path: path, split: split}
	return x, x.with(func(f *parquet.File) error {
		x.rows = f.NumRows()
		if size := f.Size(); x.rows < 0 || x.rows > size { // of which each has a picture of its own
			return fmt.Errorf("damaged: %d rows in %d bytes", x.rows, size)
		}
		return x.features(f)
	})
}

// with opens the file for the time of a call. The library panics at some damage.
func (x *shard) with(use func(*parquet.File) error) (err error) {
	f, err := os.Open(x.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return guarded(func() error { return withFile(f, info.Size(), use) })
}

func withFile(r io.ReaderAt, size int64, use func(*parquet.File) error) error {
	if err := checkFooter(r, size); err != nil {
		return err
	}
	p, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	return use(p)
}

// guarded makes an error of a panic.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: the reader failed: %v", p)
		}
	}()
	return f()
}

// checkFooter holds the length of the metadata that a file claims to what is there.
func checkFooter(r io.ReaderAt, size int64) error {
	var head [4]byte
	var tail [8]byte
	if size < 12 {
		return fmt.Errorf("file of %d bytes, want a Parquet file", size)
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if string(head[:]) != "PAR1" {
		return errors.New("not a Parquet file")
	}
	if string(tail[4:]) != "PAR1" {
		return errors.New("truncated: a Parquet file without its end")
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > min(size-12, maxFooter) {
		return fmt.Errorf("damaged: metadata of %s, want at most %s", memory.Format(n),
			memory.Format(min(size-12, maxFooter)))
	}
	return nil
}

// features finds the columns of image and label by the metadata.
func (x *shard) features(f *parquet.File) error {
	text, ok := f.Lookup("huggingface")
	if !ok {
		return errors.New("no metadata huggingface, want a data set of Hugging Face with an Image and a ClassLabel")
	}
	var meta struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return fmt.Errorf("metadata huggingface: %w", err)
	}
	var images, labels []string
	for name, raw := range meta.Info.Features {
		var is feature
		if json.Unmarshal(raw, &is) != nil {
			continue // a list or the like
		}
		switch is.Type {
		case "Image":
			images = append(images, name)
		case "ClassLabel":
			labels, x.classes = append(labels, name), is.Names
		}
	}
	slices.Sort(images)
	slices.Sort(labels)
	if len(images) != 1 || len(labels) != 1 {
		return fmt.Errorf("columns of images %q and of class labels %q, want one of each", images, labels)
	}
	if len(x.classes) == 0 {
		return fmt.Errorf("column %s: no names of classes in the metadata", labels[0])
	}
	x.image = columns{[]string{images[0], "bytes"}, []string{images[0], "path"}}
	x.label = labels[0]
	return x.check(f)
}

// check holds the columns to the types that they have in such files.
func (x *shard) check(f *parquet.File) error {
	for _, c := range []struct {
		path  []string
		kinds []parquet.Kind
	}{
		{x.image.bytes, []parquet.Kind{parquet.ByteArray}}, {x.image.path, []parquet.Kind{parquet.ByteArray}},
		{[]string{x.label}, []parquet.Kind{parquet.Int64, parquet.Int32}},
	} {
		leaf, ok := f.Schema().Lookup(c.path...)
		if !ok {
			return fmt.Errorf("no column %q", c.path)
		}
		if kind := leaf.Node.Type().Kind(); !slices.Contains(c.kinds, kind) || leaf.MaxRepetitionLevel > 0 {
			return fmt.Errorf("column %q of %v, want %v", c.path, kind, c.kinds[0])
		}
	}
	return nil
}

package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"resnet/data/samples"
)

// record is a row as Hugging Face has it.
type record struct {
	Image struct {
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Label *int64 `parquet:"label,optional"`
	Other []int  `parquet:"other"` // a column that nobody asked for
}

const catsAndDogs = `{"info": {"features": {"image": {"_type": "Image"}, "other": [{"dtype": "int64"}],
	"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}`

// encode writes labels with pictures of their own, in row groups of three.
func encode(t testing.TB, meta string, labels ...int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[record](&b, parquet.KeyValueMetadata("huggingface", meta),
		parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(3))
	for i, label := range labels {
		r := record{Label: &label, Other: []int{1, 2, 3}}
		path := fmt.Sprintf("%d.png", i)
		r.Image.Bytes, r.Image.Path = fmt.Appendf(nil, "picture %d of %d", i, label), &path
		if _, err := w.Write([]record{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rows has a line for each row of a split.
func rows(t *testing.T, s *Set, split samples.Split) (all []string) {
	t.Helper()
	err := s.Rows(split, func(r *Row) error {
		all = append(all, fmt.Sprintf("%d %q %s %s", r.Index, r.Image, r.Path, s.Classes[r.Class]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(all)) != s.Len(split) {
		t.Errorf("%d rows of %v, want %d", len(all), split, s.Len(split))
	}
	return all
}

func TestRows(t *testing.T) {
	dir := write(t, map[string][]byte{
		"data/train-00001-of-00002.parquet":              encode(t, catsAndDogs, 1),
		"data/train-00000-of-00002.parquet":              encode(t, catsAndDogs, 0, 1, 1, 0, 1),
		"data/validation-00000-of-00001-0123abc.parquet": encode(t, catsAndDogs, 0),
		"data/README.md":                                 nil,
	})
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`0 "picture 0 of 0" 0.png cat`, `1 "picture 1 of 1" 1.png dog`, `2 "picture 2 of 1" 2.png dog`,
		`3 "picture 3 of 0" 3.png cat`, `4 "picture 4 of 1" 4.png dog`, `0 "picture 0 of 1" 0.png dog`,
	}
	if got := rows(t, s, samples.Train); !slices.Equal(got, want) {
		t.Errorf("train %q, want %q", got, want)
	}
	if got := rows(t, s, samples.Val); len(got) != 1 {
		t.Errorf("validation %q, want one row", got)
	}
	if got := rows(t, s, samples.Test); len(got) != 0 {
		t.Errorf("test %q, want none", got)
	}
	stop, seen := errors.New("enough"), 0
	if err := s.Rows(samples.Train, func(*Row) error { seen++; return stop }); err != stop || seen != 1 {
		t.Errorf("%v after %d rows, want the visitor's error after one", err, seen)
	}
}

// A file that another implementation has written; see testdata/make.py.
func TestPyarrow(t *testing.T) {
	s, err := Open(filepath.Join("testdata", "pyarrow.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`0 "picture 0" 0.png cat`, `1 "picture 1" 1.png dog`, `2 "picture 2" 2.png owl`,
		`3 "picture 3"  dog`, `4 "picture 4" 4.png cat`}
	if got := rows(t, s, samples.Train); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestErrors(t *testing.T) {
	good := encode(t, catsAndDogs, 0, 1)
	footer := bytes.Clone(good)
	binary.LittleEndian.PutUint32(footer[len(footer)-8:], 1<<30)
	meta := func(features string) []byte {
		return encode(t, fmt.Sprintf(`{"info": {"features": {%s}}}`, features), 0)
	}
	const (
		names  = `"label": {"_type": "ClassLabel", "names": ["a"]}`
		images = `"image": {"_type": "Image"}`
	)
	for want, files := range map[string]map[string][]byte{
		"no files *.parquet, there or in the folder data": {"x.csv": nil},
		"no train-00001-of-00003.parquet, want all 3": {
			"train-00000-of-00003.parquet": good, "train-00002-of-00003.parquet": good,
		},
		`split "dev", want train, validation or test`: {"dev-00000-of-00001.parquet": good},
		"file of 4 bytes, want a Parquet file":        {"x.parquet": []byte("PAR1")},
		"not a Parquet file":                          {"x.parquet": []byte("something else")},
		"truncated: a Parquet file without its end":   {"x.parquet": good[:len(good)-1]},
		"damaged: metadata of 1.07 GB, want at most":  {"x.parquet": footer},
		"no names of classes in the metadata": {
			"x.parquet": meta(images + `, "label": {"_type": "ClassLabel"}`),
		},
		`columns of images [] and of class labels ["label"], want one of each`: {"x.parquet": meta(names)},
		`no column ["picture" "bytes"]`: {
			"x.parquet": meta(names + `, "picture": {"_type": "Image"}`),
		},
		"metadata huggingface: ": {"x.parquet": encode(t, "{", 0)},
		"b.parquet: 1 classes that are not the 2 of": {
			"a.parquet": good, "b.parquet": meta(names + `, ` + images),
		},
	} {
		if _, err := Open(write(t, files)); err == nil || !strings.HasPrefix(err.Error(), "parquet: ") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Open("none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want os.ErrNotExist", err)
	}
	s, err := Open(write(t, map[string][]byte{"x.parquet": encode(t, catsAndDogs, 0, 7)}))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Rows(samples.Train, func(*Row) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "x.parquet: row 1: label 7, want 0 to 1") {
		t.Error(err)
	}
}

// readAll reads a file that may be damaged.
func readAll(t *testing.T, path string, size int) {
	s, err := Open(path)
	if err != nil {
		return
	}
	_ = s.Rows(samples.Train, func(r *Row) error {
		if len(r.Image) > 1<<10*size || r.Class >= len(s.Classes) {
			t.Fatalf("a picture of %d bytes and class %d of %d in a file of %d", len(r.Image), r.Class, len(s.Classes),
				size)
		}
		return nil
	})
}

// Damage at any place is an error or changes what is read, and is no panic.
func TestDamage(t *testing.T) {
	good := encode(t, catsAndDogs, 0, 1, 1, 0)
	path := filepath.Join(t.TempDir(), "x.parquet")
	for i := 0; i < len(good); i += 3 {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		readAll(t, path, len(bad))
	}
}

func FuzzParquet(f *testing.F) {
	f.Add(encode(f, catsAndDogs, 0, 1, 1, 0))
	pyarrow, err := os.ReadFile(filepath.Join("testdata", "pyarrow.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pyarrow)
	path := filepath.Join(f.TempDir(), "x.parquet")
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := os.WriteFile(path, in, 0o644); err != nil {
			t.Fatal(err)
		}
		readAll(t, path, len(in))
	})
}

package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// member is a file of an archive; a name that ends in a slash is a folder's.
type member struct {
	name    string
	content []byte
}

func tarOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.content)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(m.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return gzipped(t, b.Bytes())
}

func zipOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err == nil {
			_, err = f.Write(m.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asItIs(b []byte) content {
	c := contentOf(b)
	c.asIs = true
	return c
}

// inArchive makes a published data set in CIFAR's format, of a training and a test file, whose archive a mirror serves.
func inArchive(t *testing.T) (p *store, m *mirror, train []byte) {
	t.Helper()
	train, test := records(6, 2, 3), records(2, 2, 3)
	served := tarOf(t, member{"small-binary/", nil}, member{"small-binary/readme.html", []byte("<html>")},
		member{"small-binary/train.bin", train}, member{"../small-binary/test.bin", test})
	p, _ = small(t)
	p.layout = cifarLayout{files: cifar100Files, labels: 2, folder: "small-binary"}
	p.files = []content{contentOf(train), contentOf(test)}
	p.archive = archive{name: "small.tar.gz", content: asItIs(served)}
	p.system, p.systemPkg = "", ""
	p.Mean, p.Std = []float32{0.1, 0.2, 0.3}, []float32{0.4, 0.5, 0.6}
	m = newMirror(t, map[string][]byte{"small.tar.gz": served}, nil)
	p.serve(m)
	return p, m, train
}

func TestFetchArchive(t *testing.T) {
	p, m, train := inArchive(t)
	src, err := p.open(t.Context(), Options{Download: true})
	if err != nil {
		t.Fatal(err)
	}
	if src.Train.N != 6 || src.Test.N != 2 || strings.Join(src.ClassNames, "") != "abc" || len(src.Notes) > 0 ||
		!slices.Equal(src.Mean, p.Mean) || !slices.Equal(src.Std, p.Std) {
		t.Errorf("%d and %d images, classes %q, notes %q, mean %v", src.Train.N, src.Test.N, src.ClassNames, src.Notes,
			src.Mean)
	}
	entries, err := os.ReadDir(p.cache)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{".lock", "test.bin", "train.bin"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q in the cache, want %q: %v", names, want, err)
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil || len(m.requests()) != 1 {
		t.Errorf("fetched again: %v, requests %q, want one in all", err, m.requests())
	}
	// A damaged file is fetched anew.
	put(t, p.cache, map[string][]byte{"train.bin": append(bytes.Clone(train[:len(train)-1]), 77)})
	if _, err := p.open(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("damaged: %v", err)
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil || len(m.requests()) != 2 {
		t.Errorf("mended: %v, requests %q, want two", err, m.requests())
	}
	if got, _ := os.ReadFile(filepath.Join(p.cache, "train.bin")); !bytes.Equal(got, train) {
		t.Error("the damaged file was not mended")
	}
	// Also in the folder that a user's own unpacking has made.
	dir := t.TempDir()
	put(t, filepath.Join(dir, "small-binary"), map[string][]byte{"train.bin": train[:100]})
	if _, err := p.fetch(t.Context(), Options{Dir: dir}); err != nil {
		t.Error(err)
	}
	if src, err := p.open(t.Context(), Options{Dir: dir}); err != nil || src.Train.N != 6 {
		t.Errorf("fetched beside damaged files: %v", err)
	}
}

// A broken transfer of an archive goes on where it stopped.
func TestFetchArchiveResumes(t *testing.T) {
	p, _, _ := inArchive(t)
	served, broken := tarOf(t, member{"train.bin", records(6, 2, 3)}, member{"test.bin", records(2, 2, 3)}), false
	p.archive.content = asItIs(served)
	m := newMirror(t, map[string][]byte{"small.tar.gz": served}, func(w http.ResponseWriter, r *http.Request) bool {
		if broken {
			return false
		}
		broken = true
		w.Header().Set("ETag", etag(served))
		w.Header().Set("Content-Length", fmt.Sprint(len(served)))
		w.Write(served[:100])
		return true
	})
	p.serve(m)
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/small.tar.gz", "/small.tar.gzbytes=100-"}; !slices.Equal(m.requests(), want) {
		t.Errorf("requests %q, want %q", m.requests(), want)
	}
}

func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:4]) + `"`
}

func TestFetchArchiveRefuses(t *testing.T) {
	train, test := records(6, 2, 3), records(2, 2, 3)
	for _, c := range []struct {
		name, archive string
		served        []byte
		want          string
	}{
		{"a file is missing", "a.tar.gz", tarOf(t, member{"train.bin", train}), "a.tar.gz: no test.bin in it"},
		{"another file", "a.tar.gz", tarOf(t, member{"train.bin", test}, member{"test.bin", test}), "train.bin: "},
		{"too large a file", "a.tar.gz", tarOf(t, member{"train.bin", make([]byte, 1<<20)}),
			"train.bin: more than the"},
		{"a link", "a.tar.gz", tarOf(t, member{"train.bin/", nil}, member{"test.bin", test}), "no train.bin in it"},
		{"no gzip data", "a.tar.gz", []byte("not gzip"), "damaged gzip data"},
		{"no tar archive", "a.tar.gz", gzipped(t, bytes.Repeat([]byte("x"), 2000)), "damaged tar archive"},
		{"no zip archive", "a.zip", []byte("PK\x03\x04"), "damaged zip archive"},
	} {
		p, _, _ := inArchive(t)
		p.archive = archive{name: c.archive, content: asItIs(c.served)}
		p.serve(newMirror(t, map[string][]byte{c.archive: c.served}, nil))
		_, err := p.fetch(t.Context(), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", c.name, err, c.want)
		}
	}
	// What is served must be the archive that is published.
	p, _, _ := inArchive(t)
	p.serve(newMirror(t, map[string][]byte{"small.tar.gz": tarOf(t, member{"train.bin", train})}, nil))
	if _, err := p.fetch(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "as published") {
		t.Errorf("another archive: %v", err)
	}
}

// Several data sets share EMNIST's archive, which stays where it is.
func TestFetchSharedArchive(t *testing.T) {
	p, files := small(t)
	served := zipOf(t,
		member{"gzip/small-a-train-images-idx3-ubyte.gz", files[stems[0]+".gz"]},
		member{"gzip/small-a-train-labels-idx1-ubyte.gz", files[stems[1]+".gz"]},
		member{"gzip/small-b-train-labels-idx1-ubyte.gz", []byte("another's")},
		member{"gzip/small-a-test-images-idx3-ubyte.gz", files[stems[2]+".gz"]},
		member{"gzip/small-a-test-labels-idx1-ubyte.gz", files[stems[3]+".gz"]})
	for i := range p.files {
		p.files[i].sum = ""
	}
	p.layout = mnistLayout{prefix: "small-a-", folder: "gzip", transposed: true}
	p.archive = archive{name: "gzip.zip", shared: true, content: asItIs(served)}
	m := newMirror(t, map[string][]byte{"gzip.zip": served}, nil)
	p.serve(m)
	src, err := p.open(t.Context(), Options{Download: true})
	if err != nil {
		t.Fatal(err)
	}
	if s := src.Train; s.N != 400 || s.H != 6 || s.W != 4 || !src.Transposed || s.Image(9)[3*4+1] !=
		noise(400*24, 1)[9*24+1*6+3] {
		t.Errorf("%d images of %dx%d, transposed %v, want 400 of 6x4 turned upright", s.N, s.H, s.W, src.Transposed)
	}
	if len(src.Notes) != 4 || !strings.Contains(src.Notes[0], "small-a-train-images-idx3-ubyte.gz: held to its size") {
		t.Errorf("notes %q, want one for each file that cannot be verified", src.Notes)
	}
	if err := os.Remove(filepath.Join(p.cache, "small-a-train-labels-idx1-ubyte.gz")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil || len(m.requests()) != 1 {
		t.Errorf("unpacked again: %v, requests %q, want one in all", err, m.requests())
	}
}

package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// enter makes a store's data set one of the registry for a test.
func enter(t *testing.T, p *store) {
	was := registry
	registry = append([]entry{autoSet, p.published}, registry[1:]...)
	t.Cleanup(func() { registry = was })
}

func TestAutoRecognises(t *testing.T) {
	p, files := small(t)
	enter(t, p)
	other := plainSmall(t)
	other[stems[trainLabels]][8] = 2 // another data set
	cifar := t.TempDir()
	ownCIFAR10(t, cifar)
	for _, c := range []struct {
		name   string
		files  map[string][]byte
		want   string
		reason string
	}{
		{"published, compressed", files, "small", "train-labels-idx1-ubyte"},
		{"published, plain", plainSmall(t), "small", "train-labels-idx1-ubyte"},
		{"other files of its format", other, IDX, "train-images-idx3-ubyte"},
		{"QMNIST's names", prefixed("qmnist-", other), IDX, "qmnist-..."},
	} {
		dir, logged := t.TempDir(), ""
		put(t, dir, c.files)
		log := func(f string, a ...any) { logged += fmt.Sprintf(f, a...) }
		src, err := Open(t.Context(), Options{Dir: dir, Log: log})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := fmt.Sprintf("data: %s: %s, by %s", dir, c.want, c.reason); src.Name != c.want || logged != want {
			t.Errorf("%s: %s, logged %q, want %q", c.name, src.Name, logged, want)
		}
		if info, err := Describe(t.Context(), Options{Dir: dir}); err != nil || info.Dataset != c.want || !info.OK() {
			t.Errorf("%s: described as %+v, %v", c.name, info, err)
		}
	}
	// A damaged file of a published data set is that one's, and said to be damaged.
	dir := t.TempDir()
	put(t, dir, files)
	put(t, dir, map[string][]byte{firstFile: files[firstFile][:100]})
	_, err := Open(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "small: "+dir) || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("damaged: %v", err)
	}
}

func prefixed(prefix string, files map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for name, b := range files {
		all[prefix+name] = b
	}
	return all
}

// Files that only have the size of a published data set's are not taken for it.
func TestAutoNeedsMoreThanASize(t *testing.T) {
	p, _ := small(t)
	for i := range p.files {
		p.files[i].sum = ""
	}
	enter(t, p)
	dir := t.TempDir()
	put(t, dir, plainSmall(t))
	if src, err := Open(t.Context(), Options{Dir: dir}); err != nil || src.Name != IDX {
		t.Errorf("taken for %+v, %v, want %s", src, err, IDX)
	}
}

// What is published may be the compressed file alone, as of KMNIST.
func TestOpenVerifiesCompressedFiles(t *testing.T) {
	p, files := small(t)
	for i, stem := range stems {
		zipped := asItIs(files[stem+".gz"])
		p.files[i].sum, p.files[i].zipped = "", &zipped
	}
	m := newMirror(t, files, nil)
	p.serve(m)
	src, err := p.open(t.Context(), Options{Download: true})
	if err != nil || len(src.Notes) > 0 {
		t.Fatalf("%+v, %v, want no notes", src, err)
	}
	checkSmall(t, src, p.cache)
	if kept, _ := filepath.Glob(filepath.Join(p.cache, "*-ubyte")); len(kept) > 0 {
		t.Errorf("kept %v, which nothing verifies", kept)
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil || len(m.requests()) != 4 {
		t.Errorf("fetched again: %v, %d requests, want 4 in all", err, len(m.requests()))
	}
	// The same content compressed in another way is not the published file.
	put(t, p.cache, map[string][]byte{firstFile: append(files[firstFile], 0)})
	if _, err = p.open(t.Context(), Options{}); err == nil {
		t.Error("a changed file was taken")
	}
	dir := t.TempDir()
	put(t, dir, plainSmall(t))
	src, err = p.open(t.Context(), Options{Dir: dir})
	if err != nil || len(src.Notes) != 4 || !strings.Contains(src.Notes[0], "no checksum of it is published") {
		t.Errorf("plain files: %+v, %v, want a note for each", src, err)
	}
}

func TestAutoSaysWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		files []string
		want  string
	}{
		{nil, "no data set that is known: want MNIST's four files (train-images-idx3-ubyte, ...), CIFAR's binary " +
			"ones (data_batch_1.bin, ...) or a folder of pictures for each class; there are no files"},
		{[]string{"a\n.txt", "b", "c", "d", "e"}, `there are a\n.txt, b, c, 2 more`},
		{[]string{"cifar-10-batches-py"}, "(CIFAR's version for Python; the binary one comes with: resnet data fetch " +
			"--dataset cifar10)"},
	} {
		for _, name := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Skip(err) // Windows has no such names
			}
		}
		_, err := Open(t.Context(), Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", c.files, err, c.want)
		}
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "none: no such directory", filepath.Join(dir, "b"): "b: a file, want a directory",
	} {
		if _, err := Open(t.Context(), Options{Dir: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

// The letters of EMNIST are numbered from 1 on.
func TestEMNISTLettersBeginAtOne(t *testing.T) {
	l := emnistLetters.layout.(mnistLayout)
	dir := t.TempDir()
	put(t, dir, map[string][]byte{
		"emnist-letters-train-images-idx3-ubyte": append(header(magicImages, 2, 2, 2), ramp(8)...),
		"emnist-letters-train-labels-idx1-ubyte": append(header(magicLabels, 2), 1, 26),
		"emnist-letters-test-images-idx3-ubyte":  append(header(magicImages, 1, 2, 2), ramp(4)...),
		"emnist-letters-test-labels-idx1-ubyte":  append(header(magicLabels, 1), 3),
	})
	read := func() (*Source, error) {
		files := l.read(dir, nil)
		if err := firstError(dir, l.form(), files); err != nil {
			t.Fatal(err)
		}
		return l.assemble("letters", dir, files, Options{Classes: 26})
	}
	src, err := read()
	if err != nil {
		t.Fatal(err)
	}
	names := emnistLetters.Classes
	if a, z, c := src.Train.Labels[0], src.Train.Labels[1], src.Test.Labels[0]; names[a]+names[z]+names[c] != "AZC" {
		t.Errorf("labels %d, %d and %d, want those of A, Z and C", a, z, c)
	}
	put(t, dir, map[string][]byte{"emnist-letters-test-labels-idx1-ubyte": append(header(magicLabels, 1), 0)})
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "label 0 of image 0, want 1 at least") {
		t.Errorf("label 0: %v", err)
	}
	for name, want := range map[string]int{
		"emnist-balanced": 47, "emnist-byclass": 62, "emnist-bymerge": 47, "emnist-digits": 10, "emnist-mnist": 10,
		"emnist-letters": 26, "cifar10": 10, "cifar100": 100, "mnist": 10, "kmnist": 10,
	} {
		if d, err := Lookup(name); err != nil || len(d.Classes) != want {
			t.Errorf("%s: %d classes, %v, want %d", name, len(d.Classes), err, want)
		}
	}
}

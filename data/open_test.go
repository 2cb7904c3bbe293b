package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func unzip(t *testing.T, b []byte, kind int) []byte {
	t.Helper()
	x, err := readIDX(bytes.NewReader(b), magics[kind], limits{room: &room{left: 1 << 33}})
	if err != nil {
		t.Fatal(err)
	}
	return x.raw
}

func checkSmall(t *testing.T, src *Source, dir string) {
	t.Helper()
	if src.Dir != dir {
		t.Errorf("found in %s, want %s", src.Dir, dir)
	}
	if s := src.Train; s.Len() != 400 || s.H != 4 || s.W != 6 || s.C != 1 ||
		!bytes.Equal(s.Pixels, noise(400*24, 1)) || s.Labels[5] != 2 {
		t.Errorf("training set %dx%dx%dx%d or its content is not what was written", s.N, s.H, s.W, s.C)
	}
	if s := src.Test; s.Len() != 10 || !bytes.Equal(s.Image(9), noise(240, 2)[216:]) {
		t.Errorf("test set of %d or its content is not what was written", s.N)
	}
}

// Each place is looked at in its turn; those before it are empty or damaged.
func TestOpenSearches(t *testing.T) {
	p, files := small(t)
	p.env = filepath.Join(t.TempDir(), "env")
	damaged := map[string][]byte{firstFile: files[firstFile][:100]}

	put(t, p.system, files)
	put(t, p.env, damaged)
	var logged string
	o := Options{Log: func(f string, a ...any) { logged += fmt.Sprintf(f, a...) }}
	src, err := p.open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, p.system)
	if !strings.Contains(logged, p.env) || !strings.Contains(logged, "truncated") {
		t.Errorf("logged %q, want the damage in %s", logged, p.env)
	}
	if strings.Join(src.ClassNames, "") != "abc" || len(src.Checksum) != 64 {
		t.Errorf("classes %v, checksum %q", src.ClassNames, src.Checksum)
	}

	// The uncompressed copies kept from the system's files are found next, and hold the same.
	again, err := p.open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, again, p.cache)
	if again.Checksum != src.Checksum {
		t.Errorf("checksum %s from plain files, %s from gzip", again.Checksum, src.Checksum)
	}

	put(t, p.env, files)
	if src, err = p.open(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, p.env)
	if kept, _ := filepath.Glob(filepath.Join(p.env, "*-ubyte")); len(kept) > 0 {
		t.Errorf("wrote %v into the user's own directory", kept)
	}

	dir := t.TempDir()
	put(t, dir, files)
	if src, err = p.open(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, dir)
}

// A spoilt uncompressed copy is passed over for the compressed file, and made anew.
func TestOpenMendsTheKeptCopy(t *testing.T) {
	p, files := small(t)
	put(t, p.cache, files)
	plain := filepath.Join(p.cache, stems[trainImages])
	want := unzip(t, files[firstFile], trainImages)
	for _, spoilt := range [][]byte{nil, want[:50], append(bytes.Clone(want[:len(want)-1]), want[len(want)-1]^1)} {
		if err := os.WriteFile(plain, spoilt, 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := p.open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkSmall(t, src, p.cache)
		if got, _ := os.ReadFile(plain); !bytes.Equal(got, want) {
			t.Errorf("a copy of %d bytes was not mended", len(spoilt))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(p.cache, ".tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenDownloads(t *testing.T) {
	p, files := small(t)
	p.serve(newMirror(t, files, nil))
	src, err := p.open(t.Context(), Options{Download: true})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, p.cache)
}

// The directory that the user names is the only one.
func TestOpenFallsBackFromNothingTheUserNamed(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, nil)
	p.serve(m)
	put(t, p.cache, files)
	dir := t.TempDir()
	for _, c := range []struct {
		dir   string
		files map[string][]byte
		want  string
	}{
		{filepath.Join(dir, "none"), nil, "no such directory"},
		{dir, nil, "none of the four files"},
		{dir, map[string][]byte{firstFile: files[firstFile]}, "train-labels-idx1-ubyte[.gz] not found"},
		{dir, files, ""},
		{dir, map[string][]byte{firstFile: gzipped(t, append(header(magicImages, 1, 4, 6), ramp(24)...))}, "sha256"},
	} {
		if c.files != nil {
			put(t, c.dir, c.files)
		}
		_, err := p.open(t.Context(), Options{Dir: c.dir, Download: true})
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || c.want == "" ||
			!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("error %v, want one with %q and %q", err, c.want, c.dir)
		}
	}
	if got := m.requests(); len(got) != 0 {
		t.Errorf("downloaded %v", got)
	}
}

func TestOpenNamesEveryPlaceTried(t *testing.T) {
	p, _ := small(t)
	m := newMirror(t, nil, nil)
	p.serve(m)
	p.env = filepath.Join(t.TempDir(), "env")
	for _, download := range []bool{false, true} {
		_, err := p.open(t.Context(), Options{Download: download})
		if err == nil {
			t.Fatal("no error")
		}
		wants := []string{p.env, "$RESNET_DATA", p.cache, p.system, "no such directory",
			"apt install dataset-small", "make data", "--data-dir", "proxy"}
		if download {
			wants = append(wants, m.URL, "404")
		} else {
			wants = append(wants, "download is off")
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q says nothing of %q", err, want)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q has several lines", err)
		}
	}
	p.cache, p.cacheErr = "", errors.New("no home")
	if _, err := p.open(t.Context(), Options{Download: true}); err == nil || !strings.Contains(err.Error(), "no home") {
		t.Errorf("error %v, want the missing cache directory", err)
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range []Options{{}, {Dataset: IDX, Dir: t.TempDir()}} {
		if _, err := Open(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("dataset %q: error %v, want %v", o.Dataset, err, context.Canceled)
		}
	}
}

func TestOpenIDX(t *testing.T) {
	_, files := small(t)
	names := []string{
		"train-images.idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte.gz",
	}
	dir := t.TempDir()
	for i, name := range names {
		content := files[stems[i]+".gz"]
		if !strings.HasSuffix(name, ".gz") {
			content = unzip(t, content, i)
		}
		put(t, dir, map[string][]byte{name: content})
	}
	src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, dir)
	if src.Name != IDX || strings.Join(src.ClassNames, "") != "012" {
		t.Errorf("%s with classes %v, want idx with 0 1 2", src.Name, src.ClassNames)
	}
	t.Setenv(dirVariable, dir)
	if src, err = Open(t.Context(), Options{Dataset: IDX, Classes: 5}); err != nil || len(src.ClassNames) != 5 {
		t.Errorf("from $RESNET_DATA: %v, %v, want 5 classes", src, err)
	}
}

func TestOpenIDXRefuses(t *testing.T) {
	labels := func(l ...byte) []byte { return append(header(magicLabels, uint32(len(l))), l...) }
	images := func(n, h, w int) []byte {
		return append(header(magicImages, uint32(n), uint32(h), uint32(w)), ramp(n*h*w)...)
	}
	good := map[string][]byte{
		stems[0]: images(3, 2, 2), stems[1]: labels(0, 1, 7), stems[2]: images(1, 2, 2), stems[3]: labels(2),
	}
	for _, c := range []struct {
		name    string
		files   map[string][]byte
		classes int
		want    string
	}{
		{"label out of range", nil, 7,
			"train-labels-idx1-ubyte: label 7 of image 2 is not below the number of classes, 7"},
		{"label out of range in the test set", map[string][]byte{stems[3]: labels(9)}, 8,
			"t10k-labels-idx1-ubyte: label 9 of image 0"},
		{"too few labels", map[string][]byte{stems[1]: labels(0, 1)}, 0, "2 labels for the 3 images"},
		{"two sizes", map[string][]byte{stems[2]: images(1, 2, 3)}, 0, "test images are 2x3, training images 2x2"},
		{"labels for images", map[string][]byte{stems[0]: labels(1)}, 0, "labels file in place of images?"},
		{"classes", nil, -1, "-1 classes, want 2 to 1048576"},
	} {
		dir := t.TempDir()
		put(t, dir, good)
		put(t, dir, c.files)
		_, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir, Classes: c.classes})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: ") {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	t.Setenv(dirVariable, "")
	if _, err := Open(t.Context(), Options{Dataset: IDX}); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("without a directory: %v", err)
	}
	if _, err := Open(t.Context(), Options{Dataset: "cifar"}); err == nil || !strings.Contains(err.Error(), `"cifar"`) {
		t.Errorf("unknown data set: %v", err)
	}
	_, err := Open(t.Context(), Options{Classes: 3})
	if err == nil || !strings.Contains(err.Error(), "10 classes, not 3") {
		t.Errorf("3 classes for Fashion-MNIST: %v", err)
	}
	if _, err := Fetch(t.Context(), Options{Dataset: IDX}); err == nil {
		t.Error("Fetch took dataset idx")
	}
}

func TestReadFileRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, stems[0]), 0o755); err != nil {
		t.Fatal(err)
	}
	f := readFile(filepath.Join(dir, stems[0]), 0, limits{room: &room{left: 1 << 33}})
	if f.err == nil || !strings.Contains(f.err.Error(), "not a regular file") {
		t.Errorf("a directory in a file's place: %v", f.err)
	}
}

func TestDescribe(t *testing.T) {
	p, files := small(t)
	if _, err := p.describe(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("nothing there: %v", err)
	}
	put(t, p.cache, files)
	info, err := p.describe(t.Context(), Options{})
	if err != nil || !info.OK() {
		t.Fatalf("%+v, %v", info, err)
	}
	for _, f := range info.Files {
		if !f.Verified || f.Problem != "" || f.Bytes != int64(len(files[f.Name])) ||
			f.Content <= 0 || len(f.SHA256) != 64 {
			t.Errorf("%+v", f)
		}
	}
	got := fmt.Sprint(info.Train.PerClass, info.Test.PerClass, info.Classes)
	if got != "[134 133 133] [4 3 3] [a b c]" {
		t.Errorf("per class %s", got)
	}
	// Uniform bytes have mean 1/2 and deviation 256/255/sqrt(12) = 0.2898; of 9600, the mean strays by 0.003 and the
	// deviation by less, times 4.
	if m, s := info.Train.Mean, info.Train.Std; m < 0.488 || m > 0.512 || s < 0.278 || s > 0.302 {
		t.Errorf("mean %.4f, std %.4f, want 0.5 and 0.2898", m, s)
	}
	if kept, _ := filepath.Glob(filepath.Join(p.cache, "*-ubyte")); len(kept) > 0 {
		t.Errorf("describing wrote %v", kept)
	}

	put(t, p.cache, map[string][]byte{firstFile: files[firstFile][:99]})
	if info, err = p.describe(t.Context(), Options{}); err != nil || info.OK() || info.Checksum != "" {
		t.Fatalf("damaged: %+v, %v", info, err)
	}
	if f := info.Files; f[0].Problem == "" || f[0].Verified || f[1].Problem != "" || !f[1].Verified {
		t.Errorf("damaged: %+v", f)
	}

	idx, err := Describe(t.Context(), Options{Dataset: IDX, Dir: p.cache})
	if err != nil || idx.OK() || idx.Files[0].Problem == "" || idx.Files[1].Verified {
		t.Errorf("as idx: %+v, %v", idx, err)
	}
	if _, err := Describe(t.Context(), Options{Dataset: IDX, Dir: t.TempDir()}); err == nil {
		t.Error("an empty directory was described")
	}
}

package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"resnet/data/memory/memorytest"
	"resnet/data/picture"
	"resnet/data/samples"
)

// long ago enough for the cache.
var longAgo = time.Now().Add(-time.Hour)

func encode(t testing.TB, f func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise is a picture that does not compress, so that what is cut off is missed.
func noise(w, h int, seed uint32) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		seed = seed*1664525 + 1013904223 // Knuth's generator
		m.Pix[i] = byte(seed >> 24)
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(w io.Writer) error { return png.Encode(w, m) })
}

func jpegOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) })
}

// claiming is a PNG whose head has other sides, with the right checksum.
func claiming(t testing.TB, w, h uint32) []byte {
	b := pngOf(t, noise(2, 2, 1))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// setOf writes files, changed long ago, into a set of two classes.
func setOf(t testing.TB, files map[string][]byte) *samples.Set {
	t.Helper()
	s := &samples.Set{Dir: t.TempDir(), Classes: []string{"a", "b"}}
	for name, content := range files {
		path := filepath.Join(s.Dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
		s.Samples = append(s.Samples, samples.Sample{Path: name, Class: int32(len(s.Samples) % 2), Weight: 1})
	}
	s.Sort()
	return s
}

func scanAll(t testing.TB, s *samples.Set, o Options) map[string]Image {
	t.Helper()
	images, err := Scan(t.Context(), s, o)
	if err != nil || len(images) != len(s.Samples) {
		t.Fatalf("%d images of %d samples, %v", len(images), len(s.Samples), err)
	}
	all := map[string]Image{}
	for i, x := range s.Samples {
		all[x.Path] = images[i]
	}
	return all
}

func TestScan(t *testing.T) {
	whole := pngOf(t, noise(9, 5, 1))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	large := pngOf(t, noise(1200, 1000, 2)) // above smallFile
	if len(large) <= smallFile {
		t.Fatalf("%d bytes", len(large))
	}
	files := map[string][]byte{
		"good.png": whole, "large.png": large, "large-cut.png": large[:smallFile+1000], "cut.png": whole[:len(whole)/2],
		"flipped.png": flipped, "photo.jpg": jpegOf(t, noise(8, 8, 3)), "page.jpg": []byte("<html>404"),
		"empty.png": nil,
		"bomb.png":  claiming(t, 20990, 29700),
		"film.gif": encode(t, func(w io.Writer) error {
			m := image.NewPaletted(image.Rect(0, 0, 3, 4), color.Palette{color.Black})
			return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{m, m}, Delay: []int{1, 1}})
		}),
	}
	set := setOf(t, files)
	set.Samples = append(set.Samples, samples.Sample{Path: "none.png"})
	var calls []int
	images := scanAll(t, set, Options{Decode: true, Workers: 1, Progress: func(done, total int) {
		if total != len(set.Samples) {
			t.Errorf("%d in all, want %d", total, len(set.Samples))
		}
		calls = append(calls, done)
	}})
	for name, c := range map[string]struct {
		fault   picture.Fault
		problem string
	}{
		"good.png": {}, "large.png": {}, "photo.jpg": {}, "film.gif": {},
		"cut.png":       {picture.Truncated, "truncated png: its data are good up to row"},
		"large-cut.png": {picture.Truncated, "truncated png: its data are good up to row 21"},
		"flipped.png":   {picture.Damaged, "damaged png"},
		"page.jpg":      {picture.NotPicture, "is an HTML page, want a PNG"},
		"empty.png":     {picture.Truncated, "empty file"},
		"bomb.png":      {picture.TooLarge, "png of 29700x20990 pixels, 623 megapixels, want at most 100 megapixels"},
		"none.png":      {picture.None, "no such file"},
	} {
		got, ok := images[name]
		if !ok || got.Fault != c.fault || !strings.HasPrefix(got.Problem, c.problem) ||
			(got.Problem == "") != (c.problem == "") {
			t.Errorf("%s: %v %q, want %v %q", name, got.Fault, got.Problem, c.fault, c.problem)
		}
		if content, ok := files[name]; ok && (got.Sum != sha256.Sum256(content) || got.Bytes != int64(len(content))) {
			t.Errorf("%s: sum %x of %d bytes", name, got.Sum, got.Bytes)
		}
	}
	film := picture.Head{Format: "gif", Width: 3, Height: 4, Mode: picture.Palette | picture.Animated, Memory: 12}
	if m := images["film.gif"]; m.Head != film {
		t.Errorf("film.gif: %+v", m)
	}
	if want := len(set.Samples); len(calls) != want || calls[want-1] != want {
		t.Errorf("progress %v, want 1 to %d", calls, want)
	}
	if again := scanAll(t, set, Options{Decode: true, Workers: 4}); !reflect.DeepEqual(again, images) {
		t.Error("four goroutines find something else than one")
	}
	// Without decoding, what the head says is known and damage behind it is not.
	heads := scanAll(t, set, Options{})
	if m := heads["cut.png"]; m.Problem != "" || m.Width != 9 || m.Decoded || heads["bomb.png"].Problem == "" {
		t.Errorf("heads only: cut %+v, bomb %+v", m, heads["bomb.png"])
	}
}

// A picture is refused by its head, before it takes memory: a goroutine's buffers and the head's are all.
func TestBombsTakeNoMemory(t *testing.T) {
	set := setOf(t, map[string][]byte{"1.png": claiming(t, 20990, 29700), "2.png": claiming(t, 1<<31-1, 1<<31-1)})
	memorytest.Limit(t, smallFile+1<<20, func() {
		for name, m := range scanAll(t, set, Options{Decode: true, Workers: 1}) {
			if m.Fault != picture.TooLarge {
				t.Errorf("%s: %q", name, m.Problem)
			}
		}
	})
}

func TestScanIsInterrupted(t *testing.T) {
	set := setOf(t, map[string][]byte{"1.png": pngOf(t, noise(4, 4, 1)), "2.png": pngOf(t, noise(4, 4, 2))})
	cache := filepath.Join(t.TempDir(), "cache")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Scan(ctx, set, Options{Workers: 1, Cache: cache, Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if known := readCache(cache); len(known) != 1 {
		t.Errorf("%d pictures in the cache, want the one that was done", len(known))
	}
	r := interruptible{ctx, bytes.NewReader(make([]byte, 10))}
	if n, err := r.ReadAt(make([]byte, 5), 0); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("reads %d bytes after the end, %v", n, err)
	}
}

// A file that looks as it did is not read again.
func TestCache(t *testing.T) {
	good, other := pngOf(t, noise(4, 4, 1)), pngOf(t, noise(4, 4, 2))
	if len(good) != len(other) {
		t.Fatal("not the same length")
	}
	set := setOf(t, map[string][]byte{"good.png": good, "cut.png": good[:50], "bomb.png": claiming(t, 20990, 29700)})
	o := Options{Decode: true, Cache: filepath.Join(t.TempDir(), "made", "for it")}
	first := scanAll(t, set, o)
	if kept := slices.Collect(keys(readCache(o.Cache))); len(kept) != 2 || slices.Contains(kept, "bomb.png") {
		t.Errorf("kept %q, want all but bomb.png, which another limit may let pass", kept)
	}
	path := set.Path("good.png")
	replace := func(content []byte, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	replace(other, longAgo) // which nobody can see without reading it
	if again := scanAll(t, set, o); !reflect.DeepEqual(again, first) {
		t.Error("the cache was not used")
	}
	replace(other, longAgo.Add(time.Millisecond))
	if again := scanAll(t, set, o); again["good.png"].Sum != sha256.Sum256(other) {
		t.Error("a file that has changed was taken from the cache")
	}
	replace(good[:60], longAgo.Add(time.Millisecond))
	if again := scanAll(t, set, o); again["good.png"].Fault != picture.Truncated {
		t.Error("a file of another size was taken from the cache")
	}
	replace(good, time.Now())
	scanAll(t, set, o)
	if _, kept := readCache(o.Cache)["good.png"]; kept {
		t.Error("a file that may change again in the same moment was kept")
	}
}

func keys(m map[string]entry) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// What was found under other options serves only where these would find the same.
func TestCacheUnderOtherOptions(t *testing.T) {
	whole := pngOf(t, noise(9, 5, 1))
	set := setOf(t, map[string][]byte{"cut.png": whole[:len(whole)/2], "good.png": whole})
	o := Options{Cache: filepath.Join(t.TempDir(), "cache")}
	scanAll(t, set, o)
	o.Decode = true
	if m := scanAll(t, set, o)["cut.png"]; m.Fault != picture.Truncated {
		t.Errorf("cut.png after a scan of heads: %+v", m)
	}
	o.MaxPixels = 44
	if m := scanAll(t, set, o)["good.png"]; m.Fault != picture.TooLarge {
		t.Errorf("good.png under a lower limit: %+v", m)
	}
	o.MaxPixels = 45
	if m := scanAll(t, set, o)["good.png"]; m.Problem != "" || !m.Decoded {
		t.Errorf("good.png under a higher limit: %+v", m)
	}
}

// A damaged cache is none, and is made anew.
func TestDamagedCache(t *testing.T) {
	set := setOf(t, map[string][]byte{"1.png": pngOf(t, noise(4, 4, 1)), "2.png": []byte("\x89PNG\r\n\x1a\n")})
	o := Options{Decode: true, Cache: filepath.Join(t.TempDir(), "cache")}
	want := scanAll(t, set, o)
	good, err := os.ReadFile(o.Cache)
	if err != nil {
		t.Fatal(err)
	}
	if len(parseCache(good)) != 2 {
		t.Fatalf("%d entries", len(parseCache(good)))
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if parseCache(bad) != nil || parseCache(good[:i]) != nil {
			t.Fatalf("damaged at or cut after %d of %d bytes: entries", i, len(good))
		}
	}
	for _, content := range [][]byte{nil, good[:len(good)-1], append(bytes.Clone(good), 0)} {
		if err := os.WriteFile(o.Cache, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := scanAll(t, set, o); !reflect.DeepEqual(got, want) {
			t.Errorf("with a damaged cache of %d bytes: %+v, want %+v", len(content), got, want)
		}
		if b, err := os.ReadFile(o.Cache); err != nil || !bytes.Equal(b, good) {
			t.Errorf("%v: the cache is not what it was", err)
		}
	}
	// One that cannot be written is said, and nothing else.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	said := ""
	o = Options{Decode: true, Cache: filepath.Join(file, "cache"), Log: func(format string, _ ...any) { said = format }}
	if got := scanAll(t, set, o); !reflect.DeepEqual(got, want) || said == "" {
		t.Errorf("without a cache: %+v, said %q", got, said)
	}
}

// sealed makes a cache of a line, entries and their checksum.
func sealed(entries []byte) []byte {
	b := append([]byte(cacheLine), entries...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func cacheSeeds() [][]byte {
	e := entry{stamp{100, 200}, Image{Head: picture.Head{Format: "png", Width: 3, Height: 4, Orientation: 6,
		Mode: picture.Alpha, Memory: 48}, Bytes: 100, Decoded: true}}
	one := e.appendTo([]byte("\x02a"))
	e.Fault, e.Problem = picture.Truncated, "truncated png"
	two := e.appendTo(append(bytes.Clone(one), "\x04bc"...))
	huge := append([]byte("\x02a"), bytes.Repeat([]byte{0xff}, 9)...)
	return [][]byte{nil, one, two, one[:10], huge, binary.AppendVarint(nil, 1<<40), binary.AppendVarint(nil, -1)}
}

func FuzzCache(f *testing.F) {
	for _, seed := range cacheSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		entries := parseCache(sealed(in))
		var again []byte
		for path, e := range entries {
			again = e.appendTo(append(binary.AppendVarint(again, int64(len(path))), path...))
		}
		if entries != nil && !reflect.DeepEqual(parseCache(sealed(again)), entries) {
			t.Fatalf("%v is not read as it is written", entries)
		}
	})
}

// A cache that claims more than it holds takes no more memory than a map of what it may hold.
func TestCacheMemory(t *testing.T) {
	for i, in := range cacheSeeds() {
		memorytest.Limit(t, 16<<10+100*uint64(len(in)), func() { parseCache(sealed(in)) })
		if t.Failed() {
			t.Fatalf("seed %d", i)
		}
	}
}

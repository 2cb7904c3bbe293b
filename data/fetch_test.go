package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// mirror is a web server with the four files of a small data set, and a log of what was asked.
type mirror struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // path and Range of each request
}

// newMirror serves files by http.ServeContent, which knows Range and If-Range; handle, if not nil, may answer instead
// and then returns true.
func newMirror(
	t *testing.T, files map[string][]byte, handle func(w http.ResponseWriter, r *http.Request) bool,
) *mirror {
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.asked = append(m.asked, r.URL.Path+r.Header.Get("Range"))
		m.mu.Unlock()
		if handle != nil && handle(w, r) {
			return
		}
		content, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		sum := sha256.Sum256(content)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:4])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.asked...)
}

// noise is hard to compress, so that the compressed file is long enough to be cut at will.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(Key(seed, StreamAugment, 0, i))
	}
	return b
}

// small makes a published data set of 40 training and 10 test images, 4x6, 3 classes, and its files by name.
func small(t *testing.T, mirrors ...*mirror) (*store, map[string][]byte) {
	t.Helper()
	labels := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i % 3)
		}
		return b
	}
	plain := [4][]byte{
		append(header(magicImages, 400, 4, 6), noise(400*24, 1)...),
		append(header(magicLabels, 400), labels(400)...),
		append(header(magicImages, 10, 4, 6), noise(10*24, 2)...),
		append(header(magicLabels, 10), labels(10)...),
	}
	root := t.TempDir()
	p := &store{
		published: published{
			Dataset: Dataset{Name: "small", Classes: []string{"a", "b", "c"}},
			layout:  mnistLayout{},
			files:   make([]content, 4),
			system:  filepath.Join(root, "system"), systemPkg: "dataset-small",
		},
		cache: filepath.Join(root, "cache"), client: newClient(), stall: 10 * time.Second,
	}
	files := map[string][]byte{}
	for i, b := range plain {
		sum := sha256.Sum256(b)
		p.files[i] = content{size: int64(len(b)), sum: hex.EncodeToString(sum[:])}
		files[stems[i]+".gz"] = gzipped(t, b)
	}
	p.serve(mirrors...)
	return p, files
}

func (p *store) serve(mirrors ...*mirror) {
	p.mirrors = nil
	for _, m := range mirrors {
		p.mirrors = append(p.mirrors, m.URL+"/")
	}
}

func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFetched fails unless dir holds the four files as served, and nothing half done.
func checkFetched(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v, want the %d bytes served", name, len(got), err, len(want))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

const firstFile = "train-images-idx3-ubyte.gz"

func TestFetch(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, nil)
	p.serve(m)
	last := map[string][2]int64{}
	o := Options{Progress: func(file string, done, total int64) { last[file] = [2]int64{done, total} }}
	dir, err := p.fetch(t.Context(), o)
	if err != nil || dir != p.cache {
		t.Fatalf("%q, %v, want %q", dir, err, p.cache)
	}
	checkFetched(t, dir, files)
	for name, b := range files {
		if want := [2]int64{int64(len(b)), int64(len(b))}; last[name] != want {
			t.Errorf("%s: last progress %v, want %v", name, last[name], want)
		}
	}
	// What is intact is not fetched again, what is not is.
	put(t, dir, map[string][]byte{"t10k-labels-idx1-ubyte.gz": []byte("damaged")})
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, dir, files)
	if got := m.requests(); len(got) != 5 || got[4] != "/t10k-labels-idx1-ubyte.gz" {
		t.Errorf("asked for %v, want each file once and the damaged one again", got)
	}
	// Another directory on request.
	other := filepath.Join(t.TempDir(), "deep", "down")
	if dir, err := p.fetch(t.Context(), Options{Dir: other}); err != nil || dir != other {
		t.Fatalf("%q, %v, want %q", dir, err, other)
	}
	checkFetched(t, other, files)
}

// Mirrors are tried in order, and one that failed is not asked first again for the next file.
func TestFetchFromTheSecondMirror(t *testing.T) {
	p, files := small(t)
	wrong := map[string][]byte{}
	for name := range files {
		wrong[name] = files["t10k-labels-idx1-ubyte.gz"]
	}
	other := append(header(magicImages, 400, 4, 6), noise(400*24, 3)...)
	for name, handle := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"404": func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true },
		"a portal's page": func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, "<html>log in</html>")
			return true
		},
		"other content": func(w http.ResponseWriter, r *http.Request) bool { w.Write(gzipped(t, other)); return true },
		"another file":  func(w http.ResponseWriter, r *http.Request) bool { w.Write(wrong[firstFile]); return true },
		"no bytes":      func(w http.ResponseWriter, r *http.Request) bool { panic(http.ErrAbortHandler) },
		"too much": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", fmt.Sprint(256<<20))
			w.Write([]byte{0})
			return true
		},
		"a range nobody asked for": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			p.cache = filepath.Join(t.TempDir(), "cache")
			bad, good := newMirror(t, nil, handle), newMirror(t, files, nil)
			p.serve(bad, good)
			var logged []string
			o := Options{Log: func(f string, a ...any) { logged = append(logged, fmt.Sprintf(f, a...)) }}
			if _, err := p.fetch(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			checkFetched(t, p.cache, files)
			if n := len(bad.requests()); n != 1 {
				t.Errorf("the bad mirror was asked %d times, want once", n)
			}
			if len(logged) != 1 || !strings.Contains(logged[0], bad.URL) {
				t.Errorf("logged %q, want one line about %s", logged, bad.URL)
			}
		})
	}
}

func TestFetchGivesUpAStalledMirror(t *testing.T) {
	p, files := small(t)
	hang := newMirror(t, nil, func(w http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	p.serve(hang, newMirror(t, files, nil))
	p.stall = 200 * time.Millisecond // far above what a local server needs to answer, short enough to wait for
	var logged string
	o := Options{Log: func(f string, a ...any) { logged += fmt.Sprintf(f, a...) }}
	if _, err := p.fetch(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if !strings.Contains(logged, "nothing came for 200ms") {
		t.Errorf("logged %q, want the stall", logged)
	}
}

func TestFetchNamesEveryMirrorThatFailed(t *testing.T) {
	p, files := small(t)
	gone := newMirror(t, nil, nil)
	short := newMirror(t, nil, func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return cut(files, 5000, 1)(w, r)
	})
	closed := newMirror(t, nil, nil)
	closed.Close()
	p.serve(gone, short, closed)
	_, err := p.fetch(t.Context(), Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{gone.URL, "404", short.URL, "broke off after 5000 of", closed.URL, "refused"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q says nothing of %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
}

func TestFetchWaitsForAnotherProcess(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, nil)
	p.serve(m)
	put(t, p.cache, nil)
	unlock, err := lockDir(t.Context(), p.cache, func() { t.Error("waited for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Log: func(string, ...any) { // the other process finishes while this one waits
		put(t, p.cache, files)
		unlock()
	}}
	if _, err := p.fetch(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := m.requests(); len(got) != 0 {
		t.Errorf("asked for %v though another process had brought it", got)
	}
}

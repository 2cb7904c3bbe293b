package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cut makes a handler that breaks off the first file after n bytes, for the given number of requests from its start.
func cut(files map[string][]byte, n, times int) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/"+firstFile || r.Header.Get("Range") != "" || times == 0 {
			return false
		}
		times--
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(files[firstFile])))
		w.Write(files[firstFile][:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// resume answers the first file with 206 whatever the validator, as a server with unchanged content does.
func resume(files map[string][]byte, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/"+firstFile || r.Header.Get("If-Range") != `"v1"` {
		return false
	}
	r.Header.Set("If-Range", "")
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(files[firstFile]))
	return true
}

func TestFetchGoesOnWhereItBrokeOff(t *testing.T) {
	p, files := small(t)
	broken := cut(files, 5000, 1)
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		return broken(w, r) || resume(files, w, r)
	})
	p.serve(m)
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if got := m.requests(); len(got) != 5 || got[1] != "/"+firstFile+"bytes=5000-" {
		t.Errorf("asked for %v, want the second request from byte 5000 on", got)
	}
}

// The content changed between two tries: If-Range makes the server send the whole.
func TestFetchStartsAnewWhereTheContentChanged(t *testing.T) {
	p, files := small(t)
	broken := cut(files, 5000, 1)
	var conditions []string
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool { // afterwards with another ETag
		conditions = append(conditions, r.Header.Get("If-Range"))
		return broken(w, r)
	})
	p.serve(m)
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if got, want := fmt.Sprintf("%q", conditions), `["" "\"v1\"" "" "" ""]`; got != want {
		t.Errorf("If-Range of the requests %s, want %s", got, want)
	}
	if got := m.requests(); len(got) != 5 {
		t.Errorf("asked for %v, want the whole with the second request", got)
	}
}

// A server that ignores If-Range but says that its content is another one costs one more request.
func TestFetchNoticesAnotherETag(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("If-Range")
		return false
	})
	p.serve(m)
	put(t, p.cache, map[string][]byte{
		firstFile + ".part":      files[firstFile][:5000],
		firstFile + ".part.from": []byte(m.URL + "/" + firstFile + "\n\"v1\"\n"),
	})
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if got := m.requests(); len(got) != 5 || !strings.HasSuffix(got[0], "bytes=5000-") || got[1] != "/"+firstFile {
		t.Errorf("asked for %v, want the part's rest and then the whole", got)
	}
}

// A network's login page must not cost what has been transferred.
func TestFetchKeepsThePartFromAPortal(t *testing.T) {
	p, files := small(t)
	portal := newMirror(t, nil, func(w http.ResponseWriter, r *http.Request) bool {
		fmt.Fprint(w, "<html>log in</html>")
		return true
	})
	p.serve(portal)
	note := []byte(portal.URL + "/" + firstFile + "\n\"v1\"\n")
	put(t, p.cache, map[string][]byte{firstFile + ".part": files[firstFile][:5000], firstFile + ".part.from": note})
	_, err := p.fetch(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "a web page in place of the file") {
		t.Errorf("error %v, want the web page", err)
	}
	part, err := os.ReadFile(filepath.Join(p.cache, firstFile+".part"))
	if err != nil || !bytes.Equal(part, files[firstFile][:5000]) {
		t.Errorf("the part has %d bytes, %v, want its 5000", len(part), err)
	}
}

func TestFetchFromAServerWithoutRanges(t *testing.T) {
	p, files := small(t)
	broken := cut(files, 5000, 1)
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		if !broken(w, r) {
			w.Write(files[r.URL.Path[1:]])
		}
		return true
	})
	p.serve(m)
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
}

// A part that the disk spoilt, or that is longer than the file, costs one more request and nothing else.
func TestFetchRecoversFromABadPart(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool { return resume(files, w, r) })
	p.serve(m)
	for name, part := range map[string][]byte{
		"spoilt":   make([]byte, 5000),
		"complete": files[firstFile],
		"too long": append(bytes.Clone(files[firstFile]), "more"...),
	} {
		t.Run(name, func(t *testing.T) {
			p.cache = filepath.Join(t.TempDir(), "cache")
			put(t, p.cache, map[string][]byte{
				firstFile + ".part":      part,
				firstFile + ".part.from": []byte(m.URL + "/" + firstFile + "\n\"v1\"\n"),
			})
			before := len(m.requests())
			if _, err := p.fetch(t.Context(), Options{}); err != nil {
				t.Fatal(err)
			}
			checkFetched(t, p.cache, files)
			if n := len(m.requests()) - before; n != 5 {
				t.Errorf("%d requests, want 5", n)
			}
		})
	}
}

// A part of unknown origin must not be continued.
func TestFetchIgnoresAForeignPart(t *testing.T) {
	p, files := small(t)
	m := newMirror(t, files, nil)
	p.serve(m)
	put(t, p.cache, map[string][]byte{
		firstFile + ".part":      make([]byte, 5000),
		firstFile + ".part.from": []byte("http://elsewhere/" + firstFile + "\n\"v1\"\n"),
	})
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	for _, r := range m.requests() {
		if strings.Contains(r, "bytes=") {
			t.Errorf("asked for %s", r)
		}
	}
}

func TestFetchCancelledKeepsThePart(t *testing.T) {
	p, files := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m := newMirror(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		if ctx.Err() != nil {
			return resume(files, w, r)
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(files[firstFile])))
		w.Write(files[firstFile][:5000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	p.serve(m)
	o := Options{Progress: func(_ string, done, _ int64) {
		if done == 5000 {
			cancel()
		}
	}}
	if _, err := p.fetch(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	info, err := os.Stat(filepath.Join(p.cache, firstFile+".part"))
	if err != nil || info.Size() != 5000 {
		t.Fatalf("part %v, %v, want 5000 bytes", info, err)
	}
	if _, err := os.Stat(filepath.Join(p.cache, firstFile)); err == nil {
		t.Error("the file has its name already")
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if got := m.requests(); len(got) != 5 || got[1] != "/"+firstFile+"bytes=5000-" {
		t.Errorf("asked for %v, want the second request from byte 5000 on", got)
	}
}

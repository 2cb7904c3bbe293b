package data

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resnet/data/memory/memorytest"
)

// A mirror may send anything: what is taken is bounded by the published size, and the next mirror serves.
func TestFetchFromHostileMirrors(t *testing.T) {
	bomb := gzipped(t, make([]byte, 8<<20))
	endless := func(w http.ResponseWriter, chunk []byte) {
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	_, files := small(t)
	for _, c := range []struct {
		name, want string
		handle     func(w http.ResponseWriter, r *http.Request)
	}{
		{"a gzip bomb", "more than the 9616 bytes", func(w http.ResponseWriter, r *http.Request) {
			w.Write(bomb[:min(len(bomb), 60000)])
		}},
		{"an endless file", "more than the 9616 bytes", func(w http.ResponseWriter, r *http.Request) {
			endless(w, make([]byte, 1<<16))
		}},
		{"endless gzip members of nothing", "more than 75161 bytes, the most for the 9616",
			func(w http.ResponseWriter, r *http.Request) {
				endless(w, bytes.Repeat(gzipped(t, nil), 1000))
			}},
		{"a length above any the file can have", "bytes, want at most 75161 for the 9616",
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "12000000000")
				w.Write([]byte{0x1f, 0x8b, 8, 0})
			}},
		{"a length below the file's", "truncated: ", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack() // net/http's own would not send it
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n%s", files[firstFile])
		}},
		{"a part called the whole", "truncated: ", func(w http.ResponseWriter, r *http.Request) {
			w.Write(files[firstFile][:5000])
		}},
		{"nothing", "0 bytes, want 9616", func(w http.ResponseWriter, r *http.Request) {}},
		{"a redirect loop", "more than 5 redirects (a loop?)", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}},
		{"a redirect to a file", `redirect to scheme "file"`, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}},
		{"a login page", "a web page in place of the file", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "\n\n<!DOCTYPE html>")
		}},
		{"escape sequences", `503 busy \x1b[31m`, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "HTTP/1.1 503 busy \x1b[31m\r\nContent-Length: 0\r\n\r\n")
		}},
		{"a login demanded", "511 Network Authentication Required", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNetworkAuthenticationRequired)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, files := small(t)
			bad := newMirror(t, nil, func(w http.ResponseWriter, r *http.Request) bool { c.handle(w, r); return true })
			p.serve(bad, newMirror(t, files, nil))
			var logged string
			o := Options{Log: func(f string, a ...any) { logged += fmt.Sprintf(f, a...) + "\n" }}
			if _, err := p.fetch(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			checkFetched(t, p.cache, files)
			if !strings.Contains(logged, c.want) || !strings.Contains(logged, bad.URL) ||
				strings.Contains(logged, "\x1b") {
				t.Errorf("logged %q, want one of %s with %q", logged, bad.URL, c.want)
			}
			if n := len(bad.requests()); n > 6 { // one, and the redirects
				t.Errorf("the bad mirror was asked %d times", n)
			}
			entries, err := os.ReadDir(p.cache)
			if err != nil || len(entries) > 5 { // the four, and the lock
				t.Errorf("%v, %v in the directory, want the four files", entries, err)
			}
		})
	}
}

// The file goes to the disk and to the hash as it comes, never to memory.
func TestDownloadIsBounded(t *testing.T) {
	plain := noise(3<<20, 1)
	served := gzipped(t, plain)
	m := newMirror(t, map[string][]byte{"file.gz": served}, nil)
	d := download{client: newClient(), stall: time.Minute, progress: func(string, int64, int64) {}}
	p := part(filepath.Join(t.TempDir(), "file.gz.part"))
	memorytest.Limit(t, 1<<20, func() { // buffers of client and server
		if _, err := d.get(t.Context(), m.URL+"/file.gz", p, contentOf(plain)); err != nil {
			t.Error(err)
		}
	})
	if got, err := os.ReadFile(string(p)); err != nil || !bytes.Equal(got, served) {
		t.Errorf("%d bytes, %v, want the %d served", len(got), err, len(served))
	}
}

// A byte now and then is no progress.
func TestFetchGivesUpATricklingMirror(t *testing.T) {
	p, files := small(t)
	slow := newMirror(t, nil, func(w http.ResponseWriter, r *http.Request) bool {
		for i := 0; ; i++ {
			if _, err := w.Write(files[firstFile][i : i+1]); err != nil || r.Context().Err() != nil {
				return true
			}
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	p.serve(slow, newMirror(t, files, nil))
	p.stall = 300 * time.Millisecond // far above what a local server needs to answer, short enough to wait for thrice
	var logged string
	o := Options{Log: func(f string, a ...any) { logged += fmt.Sprintf(f, a...) }}
	if _, err := p.fetch(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
	if !strings.Contains(logged, "came in 300ms") {
		t.Errorf("logged %q, want the trickle", logged)
	}
}

// Neither is a redirect from https to http followed, nor is the disk's fault a mirror's.
func TestFetchStaysWithHTTPS(t *testing.T) {
	plain := newMirror(t, nil, nil)
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	c := newClient()
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).
		TLSClientConfig.RootCAs}
	_, err := c.Get(secure.URL)
	if err == nil || !strings.Contains(err.Error(), "redirect from https to http") || len(plain.requests()) != 0 {
		t.Errorf("error %v, and %v asked for", err, plain.requests())
	}
}

func TestFetchStopsWhereTheDiskFails(t *testing.T) {
	p, files := small(t)
	first, second := newMirror(t, files, nil), newMirror(t, files, nil)
	p.serve(first, second)
	put(t, filepath.Join(p.cache, firstFile+".part", "not empty"), nil) // neither to be written nor removed
	_, err := p.fetch(t.Context(), Options{})
	var local *os.PathError
	if !errors.As(err, &local) || len(first.requests()) != 1 || len(second.requests()) != 0 {
		t.Errorf("error %v after %v and %v, want the disk's after one request", err, first.requests(),
			second.requests())
	}
}

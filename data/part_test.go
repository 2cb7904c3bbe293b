package data

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

func TestResumable(t *testing.T) {
	const url = "https://host/file.gz"
	dir := t.TempDir()
	p := part(filepath.Join(dir, "file.gz.part"))
	outside := filepath.Join(dir, "outside")
	for _, c := range []struct {
		name, note string
		prepare    func() error
		want       int64
	}{
		{"good", url + "\n\"v1\"\n", nil, 5},
		{"a date", url + "\nTue, 01 Aug 2017 10:00:00 GMT\n", nil, 5},
		{"another URL", "https://other/file.gz\n\"v1\"\n", nil, 0},
		{"cut", url + "\n\"v", nil, 0},
		{"no validator", url + "\n\n", nil, 0},
		{"two lines", url + "\n\"v1\"\nmore\n", nil, 0},
		{"not to be sent", url + "\n\"v\x001\"\n", nil, 0},
		{"long", url + "\n\"" + string(make([]byte, 1<<13)) + "\"\n", nil, 0},
		{"no note", url + "\n\"v1\"\n", func() error { return os.Remove(p.note()) }, 0},
		{"no part", url + "\n\"v1\"\n", func() error { return os.Remove(string(p)) }, 0},
		{"a link", url + "\n\"v1\"\n", func() error {
			if err := os.Rename(string(p), outside); err != nil {
				return err
			}
			return os.Symlink(outside, string(p))
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := p.discard(); err != nil {
				t.Fatal(err)
			}
			put(t, dir, map[string][]byte{"file.gz.part": []byte("12345"), "file.gz.part.from": []byte(c.note)})
			if c.prepare != nil {
				if err := c.prepare(); err != nil {
					t.Skip(err) // Windows may refuse links
				}
			}
			if have, v := p.resumable(url); have != c.want || (v == "") != (have == 0) {
				t.Errorf("%d bytes of %q, want %d", have, v, c.want)
			}
		})
	}
	// The link itself gives way, not what it points to.
	f, err := p.open(url, 0, http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if b, err := os.ReadFile(outside); err == nil && string(b) != "12345" {
		t.Errorf("the file behind a link is now %q", b)
	}
}

func FuzzNote(f *testing.F) {
	const url = "https://host/file.gz"
	for _, seed := range []string{url + "\n\"v1\"\n", url, url + "\n", url + "\n\n", url + "\nW/\"x\"\n", "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, note string) {
		validator, ok := parseNote(note, url)
		if ok && note != url+"\n"+validator+"\n" {
			t.Fatalf("%q read as %q", note, validator)
		}
		for _, b := range []byte(validator) {
			if b < ' ' || b > '~' {
				t.Fatalf("validator %q cannot be sent", validator)
			}
		}
		if ok != (validator != "") {
			t.Fatalf("%q, %v", validator, ok)
		}
	})
}

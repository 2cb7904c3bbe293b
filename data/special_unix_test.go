//go:build unix

package data

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe has nothing to give: the file beside it is read, and without one nobody waits.
func TestOpenPassesAPipe(t *testing.T) {
	dir := t.TempDir()
	plain := plainSmall(t)
	images := plain[stems[0]]
	delete(plain, stems[0])
	put(t, dir, plain)
	if err := syscall.Mkfifo(filepath.Join(dir, stems[0]), 0o644); err != nil {
		t.Skip(err)
	}
	_, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err == nil || !strings.Contains(err.Error(), stems[0]+": not a regular file") {
		t.Errorf("a pipe alone: %v", err)
	}
	put(t, dir, map[string][]byte{stems[0] + ".gz": gzipped(t, images)})
	src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, dir)

	// Neither does a download wait for one.
	p, files := small(t)
	p.serve(newMirror(t, files, nil))
	put(t, p.cache, nil)
	for _, name := range []string{firstFile + ".part", firstFile + ".part.from"} {
		if err := syscall.Mkfifo(filepath.Join(p.cache, name), 0o644); err != nil {
			t.Skip(err)
		}
	}
	if _, err := p.fetch(t.Context(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkFetched(t, p.cache, files)
}

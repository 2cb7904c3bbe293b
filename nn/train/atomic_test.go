package train

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// names lists a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// A write that fails, after however many bytes, leaves the old file whole and nothing beside it.
func TestWriteFileKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	put := func(s string) error {
		return WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, s); return err })
	}
	if err := put("old"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	// 1<<20 is the buffer's size: the last two have bytes in the temporary file already.
	for _, n := range []int{0, 1, 1 << 20, 3<<20 + 1} {
		err := WriteFile(path, func(w io.Writer) error {
			if _, err := w.Write(make([]byte, n)); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v after %d bytes, want the writer's own", err, n)
		}
		b, err := os.ReadFile(path)
		if string(b) != "old" || err != nil || names(t, dir) != "f" {
			t.Errorf("after a write that failed at byte %d: %q, %v, directory %q", n, b, err, names(t, dir))
		}
	}
	// The old file stays until the new one is whole.
	err := WriteFile(path, func(w io.Writer) error {
		if b, err := os.ReadFile(path); string(b) != "old" || err != nil {
			t.Errorf("while writing: %q, %v", b, err)
		}
		_, err := io.WriteString(w, "new")
		return err
	})
	if b, _ := os.ReadFile(path); string(b) != "new" || err != nil || names(t, dir) != "f" {
		t.Errorf("after writing: %q, %v, directory %q", b, err, names(t, dir))
	}
}

// A rename that cannot be done (onto a directory that is not empty) is an error and leaves no temporary file.
func TestWriteFileWhereItCannot(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "f", "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	nothing := func(io.Writer) error { return nil }
	if err := WriteFile(filepath.Join(dir, "f"), nothing); err == nil || names(t, dir) != "f" {
		t.Errorf("onto a directory: %v, directory %q", err, names(t, dir))
	}
	if err := WriteFile(filepath.Join(dir, "none", "f"), nothing); err == nil {
		t.Error("into a directory that does not exist: no error")
	}
}

func TestRemoveStale(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{tempPrefix + "checkpoint.safetensors-123", "keep.safetensors", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeStale(dir); err != nil || names(t, dir) != ".hidden keep.safetensors" {
		t.Errorf("%v, directory %q", err, names(t, dir))
	}
}

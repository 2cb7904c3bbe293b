package atomicfile

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

type writer func(path string, write func(io.Writer) error) error

// eachWriter runs a test for both writers, which differ only in what a crash of the machine leaves.
func eachWriter(t *testing.T, test func(t *testing.T, writeFile writer)) {
	t.Run("Write", func(t *testing.T) { test(t, Write) })
	t.Run("WriteDurable", func(t *testing.T) { test(t, WriteDurable) })
}

// A write that fails, after however many bytes, leaves the old file whole and nothing beside it.
func TestKeepsTheOldFile(t *testing.T) {
	eachWriter(t, func(t *testing.T, writeFile writer) {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		put := func(s string) error {
			return writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, s); return err })
		}
		if err := put("old"); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		// 1<<20 is the buffer's size: the last two have bytes in the temporary file already.
		for _, n := range []int{0, 1, 1 << 20, 3<<20 + 1} {
			err := writeFile(path, func(w io.Writer) error {
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
		err := writeFile(path, func(w io.Writer) error {
			if b, err := os.ReadFile(path); string(b) != "old" || err != nil {
				t.Errorf("while writing: %q, %v", b, err)
			}
			_, err := io.WriteString(w, "new")
			return err
		})
		if b, _ := os.ReadFile(path); string(b) != "new" || err != nil || names(t, dir) != "f" {
			t.Errorf("after writing: %q, %v, directory %q", b, err, names(t, dir))
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := info.Mode(), os.FileMode(0o644); got != want {
			t.Errorf("mode %v, want %v", got, want)
		}
	})
}

// A rename that cannot be done (onto a directory that is not empty) is an error and leaves no temporary file.
func TestWhereItCannot(t *testing.T) {
	eachWriter(t, func(t *testing.T, writeFile writer) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "f", "inside"), 0o755); err != nil {
			t.Fatal(err)
		}
		nothing := func(io.Writer) error { return nil }
		if err := writeFile(filepath.Join(dir, "f"), nothing); err == nil || names(t, dir) != "f" {
			t.Errorf("onto a directory: %v, directory %q", err, names(t, dir))
		}
		if err := writeFile(filepath.Join(dir, "none", "f"), nothing); err == nil {
			t.Error("into a directory that does not exist: no error")
		}
	})
}

// Only temporary files of the names that were asked for, whose process has ended, are removed.
func TestRemoveStale(t *testing.T) {
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	ours, random := "checkpoint.safetensors", uint32(7)
	stay := []string{
		tempName(ours, os.Getppid(), random), tempName("notes.txt", dead.Process.Pid, random), // another's
		".tmp-checkpoint.safetensors-", ".tmp-" + ours, ".tmp-1", ".tmp-checkpoint.safetensors-1-2-x", ".tmp-notes-123",
		"keep.safetensors", ".hidden",
	}
	leave := []string{
		tempName(ours, dead.Process.Pid, random), tempName(ours, os.Getpid(), random),
		".tmp-checkpoint.safetensors-123", // as the first versions called them
	}
	dir := t.TempDir()
	for _, name := range append(slices.Clone(stay), leave...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	RemoveStale(OS, dir, ours)
	slices.Sort(stay)
	if got, want := names(t, dir), strings.Join(stay, " "); got != want {
		t.Errorf("directory %q, want %q", got, want)
	}
}

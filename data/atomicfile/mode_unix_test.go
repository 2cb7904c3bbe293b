//go:build unix

package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A new file has what the umask leaves of 0666; one that is replaced keeps its mode, also where the umask would allow
// more or less.
func TestMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	eachWriter(t, func(t *testing.T, writeFile writer) {
		nothing := func(io.Writer) error { return nil }
		for umask, want := range map[int]os.FileMode{0o022: 0o644, 0o077: 0o600, 0o002: 0o664} {
			syscall.Umask(umask)
			path := filepath.Join(t.TempDir(), "f")
			for _, want := range []os.FileMode{want, 0o600, 0o640, 0o666} {
				if _, err := os.Stat(path); err == nil {
					if err := os.Chmod(path, want); err != nil {
						t.Fatal(err)
					}
				}
				if err := writeFile(path, nothing); err != nil {
					t.Fatal(err)
				}
				i, err := os.Stat(path)
				if err != nil || i.Mode() != want {
					t.Errorf("umask %03o: mode %v (%v), want %v", umask, i.Mode(), err, want)
				}
			}
		}
	})
}

// A symbolic link is replaced; what it points to stays.
func TestSymbolicLink(t *testing.T) {
	eachWriter(t, func(t *testing.T, writeFile writer) {
		dir := t.TempDir()
		target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
		if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		writeNew := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
		if err := writeFile(link, writeNew); err != nil {
			t.Fatal(err)
		}
		old, _ := os.ReadFile(target)
		now, _ := os.ReadFile(link)
		if i, err := os.Lstat(link); err != nil || !i.Mode().IsRegular() || string(old) != "precious" ||
			string(now) != "new" {
			t.Errorf("link %v (%v) with %q, target %q", i.Mode(), err, now, old)
		}
	})
}

package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, size, err := Open("format", path)
	if err != nil || size != 5 {
		t.Fatalf("%d bytes, error %v; want 5 and none", size, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	missing := filepath.Join(dir, "missing")
	if _, _, err := Open("format", missing); !errors.Is(err, fs.ErrNotExist) ||
		strings.Count(err.Error(), missing) != 1 || !strings.HasPrefix(err.Error(), "format: ") {
		t.Errorf("error %v, want one that says once what is missing", err)
	}
	if _, _, err := Open("format", dir); err == nil || err.Error() != "format: "+dir+": not a regular file" {
		t.Errorf("error %v, want that a folder is no regular file", err)
	}
}

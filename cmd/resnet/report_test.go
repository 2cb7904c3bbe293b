package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page has every run, with what the best weights do, unless the data set is not there any more.
func TestReport(t *testing.T) {
	dir := writeBars(t, 24)
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	succeed(t, tiny(dir, "--epochs", "2", "--output", first)...)
	succeed(t, tiny(dir, "--epochs", "1", "--output", second, "--seed", "7")...)
	page := filepath.Join(t.TempDir(), "page.html")
	args := []string{"report", first, second, "-o", page, "--device", "cpu", "--title", "Bars & noise"}
	stdout, stderr, code := resnet(t, args...)
	if code != 0 || stdout != page+"\n" || stderr != "" {
		t.Fatalf("exit status %d, stdout %q, stderr %q, want 0, the page's name and nothing", code, stdout, stderr)
	}
	html := string(read(t, page))
	for _, want := range []string{"Bars &amp; noise", "first", "second", "</html>", "data:image/png"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	without := filepath.Join(t.TempDir(), "without.html")
	succeed(t, "report", first, "--no-eval", "-o", without)
	if strings.Contains(string(read(t, without)), "data:image/png") {
		t.Error("with --no-eval the page shows mistakes")
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, stderr, code = resnet(t, args...)
	if code != 0 || strings.Count(stderr, "\n") != 2 ||
		!strings.HasPrefix(stderr, "warning: "+first+": not evaluated: ") {
		t.Errorf("without the data set: exit status %d, stderr %q, want 0 and a warning for each run", code, stderr)
	}
	if strings.Contains(string(read(t, page)), "data:image/png") {
		t.Error("without the data set the page shows mistakes")
	}
}

package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// README.md is what the commands say about themselves now.
func TestReferenceIsCurrent(t *testing.T) {
	if got := succeed(t, "docs"); got != string(read(t, "README.md")) {
		t.Error("README.md is not current: go generate ./cmd/resnet")
	}
	path := filepath.Join(t.TempDir(), "reference.md")
	succeed(t, "docs", "-o", path)
	if string(read(t, path)) != string(read(t, "README.md")) {
		t.Error("docs -o wrote something else than README.md")
	}
}

// Every command explains itself, with examples that begin with it.
func TestEveryCommandHasExamples(t *testing.T) {
	var check func(path string, c *cli.Command)
	check = func(path string, c *cli.Command) {
		path += " " + c.Name
		_, examples, ok := strings.Cut(c.Description, "examples:\n")
		if !ok || !strings.Contains(examples, path) {
			t.Errorf("%s: no examples in %q", path, c.Description)
		}
		for _, sub := range c.Subcommands {
			check(path, sub)
		}
	}
	for _, c := range newApp(io.Discard, io.Discard).Commands {
		check("resnet", c)
	}
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/nn/infer"
)

func TestOneLine(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	for want, err := range map[string]error{
		"a; b":                    errors.Join(a, b),
		"a":                       errors.Join(a),
		"x: a; b (y)":             fmt.Errorf("x: %w (y)", errors.Join(a, b)),
		"x: a; b; y: b":           errors.Join(fmt.Errorf("x: %w", errors.Join(a, b)), fmt.Errorf("y: %w", b)),
		"x: a and b":              fmt.Errorf("x: %w and %w", a, b),
		`open \x1b[2J\n: no file`: errors.New("open \x1b[2J\n: no file\n"),
	} {
		if got := oneLine(err); got != want {
			t.Errorf("%q is %q, want %q", err, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""}, {"boot", "boot"}, {"sneaker", "sneak…"}, {"\x1b[2J", `\x1b[2J`[:5] + "…"}, {"Größe", "Größe"},
	} {
		if got := cell(c.in, 6); got != c.want {
			t.Errorf("%q is %q, want %q", c.in, got, c.want)
		}
	}
}

// No text out of a file's name reaches a terminal as what it obeys, on stdout or stderr; JSON has it as it is.
func TestHostileNames(t *testing.T) {
	const name = "\x1b]0;owned\a\x1b[31m\nresnet: all is well"
	at := t.TempDir()
	run := filepath.Join(at, name)
	if err := os.Mkdir(run, 0o755); err != nil {
		t.Skip(err) // a file system without such names
	}
	dir := writeBars(t, 24)
	harmless := func(args ...string) (stdout string) {
		t.Helper()
		stdout, stderr, _ := resnet(t, args...)
		if strings.ContainsAny(stdout+stderr, "\x1b\a") || strings.Contains(stdout+stderr, "\nresnet: all is well") {
			t.Errorf("%q: raw text in\n%q\n%q", args, stdout, stderr)
		}
		return stdout
	}
	harmless(tiny(dir, "--epochs", "1", "--quiet=false", "--output", run)...)
	harmless("train", "--resume", run)
	harmless(tiny(dir, "--epochs", "1", "--output", run)...)
	harmless("runs", at)
	harmless("report", run, filepath.Join(at, "none", name))
	weights := filepath.Join(run, "weights", "best.safetensors")
	harmless("eval", "--device", "cpu", "--weights", weights, "--data-dir", dir)
	for _, command := range [][]string{
		{"eval", "--weights"}, {"summary", "--weights"}, {"export", "--to", "onnx", "--weights"},
		{"import", "-o", "x.safetensors"}, {"data", "info", "--dataset", "idx", "--data-dir"}, {"train", "--config"},
		{"runs"}, {"train", "--model"}, {"train", "--val"}, {"summary", "--format"}, {"bench", "--phase"},
		{"doctor", "--device"}, {"train"}, {"train", "--"},
	} {
		harmless(append(command, name)...)
	}
	harmless(name)
	harmless("--" + name)
	harmless("train", "--"+name)
	var e struct{ Weights string }
	decode(t, succeed(t, "eval", "--device", "cpu", "--weights", weights, "--data-dir", dir, "--format", "json"), &e)
	if e.Weights != weights {
		t.Errorf("JSON has %q, want %q", e.Weights, weights)
	}
}

// Class names out of a weights file are quoted, and cut where they are long.
func TestHostileClasses(t *testing.T) {
	names := []string{"\x1b[2J\nboot", strings.Repeat("long", 1<<18)}
	e := &infer.Evaluation{Confusion: [][]int{{1, 0}, {0, 1}},
		Classes: []infer.ClassScore{{Name: names[0]}, {Name: names[1]}}}
	var b strings.Builder
	if err := (&evaluation{Weights: "w", Model: "\x1b[2J", Dataset: "\x1b[2J", Evaluation: e}).write(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "\x1b") || len(text) > 2000 || strings.Count(text, "\n") != 14 ||
		strings.Count(text, `\x1b[2J\nboot `) != 2 {
		t.Errorf("%d bytes:\n%q", len(text), text[:min(len(text), 2000)])
	}
}

package main

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"T-shirt/top":           "T-shirt/top",
		"Größe 日本語 🙂 \"a\" \\b": "Größe 日本語 🙂 \"a\" \\b",
		"a\x1b[2Jb":             `a\x1b[2Jb`,
		"a\nb\r\tc":             `a\nb\r\tc`,
		"\u202eabc":             `\u202eabc`, // turns the direction of text
		"a\xffb":                `a\xffb`,
		"\u009b31m":             `\u009b31m`, // the one-byte form of an escape sequence's start
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

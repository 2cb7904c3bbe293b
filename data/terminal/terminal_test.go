package terminal

import (
	"strings"
	"testing"
)

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
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"epoch", 5, "epoch"}, {"epoch", 4, "epo…"}, {"epoch", 1, "…"}, {"epoch", 0, ""}, {"epoch", -3, ""},
		{"", 0, ""}, {"", 3, ""}, {"Größe", 5, "Größe"}, {"Größe", 4, "Grö…"}, {"日本語", 2, "日…"},
	} {
		if got := Shorten(c.in, c.n); got != c.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// What is written takes the drawn line's place, whoever writes it.
func TestScreen(t *testing.T) {
	var out strings.Builder
	s := NewScreen(&out, true)
	line := func(text string) func(int) string { return func(int) string { return text } }
	s.Write([]byte("one\n"))
	s.Draw(line("10 %"))
	s.Draw(line("20 %"))
	s.Write([]byte("two\n"))
	s.Write([]byte("three\n"))
	s.Draw(line("30 %"))
	s.Leave()
	s.Leave()
	const want = "one\n\r10 %\x1b[K\r20 %\x1b[K\r\x1b[Ktwo\nthree\n\r30 %\x1b[K\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	s.Draw(func(n int) string { return strings.Repeat("=", 2*n) })
	if want := "\r" + strings.Repeat("=", 78) + "…\x1b[K"; out.String() != want { // a width that nobody tells is 80
		t.Errorf("too long a line: %q, want %q", out.String(), want)
	}

	out.Reset()
	plain := NewScreen(&out, false)
	plain.Draw(line("10 %"))
	plain.Leave()
	plain.Write([]byte("one\n"))
	if out.String() != "one\n" || plain.Live() {
		t.Errorf("no terminal: %q, want one line", out.String())
	}
}

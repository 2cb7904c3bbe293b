// Package terminal is what this program does before people's eyes: text that came out of files stays text, and a line
// of progress that is drawn again and again stays one line.
package terminal

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable returns text out of a file or a file's name as it may reach a terminal: characters that are not to be seen,
// escape sequences and line ends among them, and bytes that are not UTF-8 stand as Go writes them in a string.
func Printable(s string) string {
	plain := func(r rune) bool { return r != unicode.ReplacementChar && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
}

// Shorten returns the beginning of s in at most n characters, the last of which is … where some are left out.
func Shorten(s string, n int) string {
	if n <= 0 {
		return ""
	}
	count, last := 0, 0 // characters so far, and where the last that fits begins
	for i := range s {
		if count == n {
			return s[:last] + "…"
		}
		count, last = count+1, i
	}
	return s
}

package main

import (
	"strconv"
	"strings"
	"unicode"
)

// printable returns text out of a file or a file's name as it may reach a terminal: characters that are not to be seen,
// escape sequences and line ends among them, and bytes that are not UTF-8 stand as Go writes them in a string.
func printable(s string) string {
	plain := func(r rune) bool { return r != unicode.ReplacementChar && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
}

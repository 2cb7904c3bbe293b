package main

import (
	"io"
	"os"
	"strings"
	"unicode"

	"resnet/data/terminal"
)

func isTerminal(w io.Writer) bool { return terminal.Is(w) }

// showsBars says whether a line on w can be drawn again and again.
func showsBars(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// showsColor says whether w is a terminal on which colours are welcome, see https://no-color.org.
func showsColor(w io.Writer) bool { return showsBars(w) && os.Getenv("NO_COLOR") == "" }

// commandLine is what one types into a shell to run the program with args.
func commandLine(args []string) string {
	words := []string{"resnet"}
	for _, a := range args[1:] {
		if a == "" || strings.ContainsFunc(a, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:,=+@%", r)
		}) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

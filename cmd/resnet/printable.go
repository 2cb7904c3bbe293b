package main

import (
	"unicode/utf8"

	"resnet/data/terminal"
)

// printable returns text out of a file or a file's name as it may reach a terminal.
func printable(s string) string { return terminal.Printable(s) }

// cell is printable text for a table, of at most n characters.
func cell(s string, n int) string { return terminal.Shorten(printable(s), n) }

// columns is how many characters a text has, by which fmt pads it too.
func columns(s string) int { return utf8.RuneCountInString(s) }

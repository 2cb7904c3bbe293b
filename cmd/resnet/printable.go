package main

import "resnet/data/terminal"

// printable returns text out of a file or a file's name as it may reach a terminal.
func printable(s string) string { return terminal.Printable(s) }

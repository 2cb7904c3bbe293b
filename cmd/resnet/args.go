package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// interspersed moves a command's options before its arguments, so that they may be given in any order, as people are
// used to; the parser stops at the first argument. What follows "--" is left alone.
func interspersed(app *cli.App, args []string) []string {
	commands, flags := app.Commands, app.Flags
	i := 1
	for i < len(args) {
		c := find(commands, args[i])
		if c == nil {
			break
		}
		commands, flags = c.Subcommands, c.Flags
		i++
	}
	if len(commands) > 0 {
		return args
	}
	options := append([]string(nil), args[:i]...)
	var rest []string
	for ; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			rest = append(rest, a)
			continue
		}
		options = append(options, a)
		if takesValue(flags, strings.TrimLeft(a, "-")) && i+1 < len(args) {
			i++
			options = append(options, args[i])
		}
	}
	if len(rest) == 0 {
		return options
	}
	return append(append(options, "--"), rest...)
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func takesValue(flags []cli.Flag, name string) bool {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name {
				d, ok := f.(cli.DocGenerationFlag)
				return ok && d.TakesValue()
			}
		}
	}
	return false
}

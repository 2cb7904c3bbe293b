package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// boolFlag is a flag that is off unless it is given.
func boolFlag(name, usage string, aliases ...string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, DisableDefaultText: true}
}

func quietFlag() cli.Flag { return boolFlag("quiet", "no progress", "q") }

// choiceFlag is a flag whose values completion proposes.
type choiceFlag struct {
	*cli.StringFlag
	values []string
}

// choice is a flag that takes one of the given values, which its usage text lists.
func choice(name, value, usage string, values ...string) choiceFlag {
	list := strings.Join(values, ", ")
	check := func(_ *cli.Context, v string) error {
		if !slices.Contains(values, v) {
			return usagef("--%s %q, want one of %s", name, v, list)
		}
		return nil
	}
	return choiceFlag{&cli.StringFlag{Name: name, Value: value, Usage: usage + ": " + list, Action: check}, values}
}

// suggest is a flag that takes more than the given values, which completion proposes.
func suggest(f *cli.StringFlag, values ...string) choiceFlag { return choiceFlag{f, values} }

// formatFlag is --format; the first of the formats is the default.
func formatFlag(formats ...string) cli.Flag {
	return choice("format", formats[0], "of the result", formats...)
}

// outputFlag is -o, the file that the result goes to.
func outputFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write " + usage + " to `FILE`"}
}

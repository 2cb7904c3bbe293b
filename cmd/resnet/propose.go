package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// propose lists what the last of the words, which is being typed, may become: commands, options, or an option's values.
// An empty list means that a file may stand there.
func propose(app *cli.App, words []string) []proposal {
	if len(words) == 0 {
		return nil
	}
	last, before := words[len(words)-1], words[:len(words)-1]
	if last == "=" { // bash splits --opt=adam in three
		last = ""
	}
	before = slices.DeleteFunc(before, func(w string) bool { return w == "=" })
	commands, flags := app.Commands, app.Flags
	var pending cli.Flag // whose value comes next
	for _, w := range before {
		switch {
		case pending != nil:
			pending = nil
		case strings.HasPrefix(w, "-"):
			pending = flagOf(flags, w)
		default:
			if c := find(commands, w); c != nil {
				commands, flags = c.Subcommands, c.Flags
			}
		}
	}
	name, value, joined := strings.Cut(last, "=")
	switch {
	case pending != nil:
		return starting(last, "", valuesOf(pending))
	case joined && strings.HasPrefix(last, "-"):
		if f := flagOf(flags, name); f != nil {
			return starting(value, name+"=", valuesOf(f))
		}
		return nil
	case strings.HasPrefix(last, "-"):
		return starting(last, "", optionsOf(flags))
	}
	var names []proposal
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, proposal{c.Name, c.Usage})
		}
	}
	return starting(last, "", names)
}

// starting returns the proposals that begin with what was typed, and puts prefix before each.
func starting(typed, prefix string, all []proposal) []proposal {
	var some []proposal
	for _, p := range all {
		if strings.HasPrefix(p.word, typed) {
			some = append(some, proposal{prefix + p.word, p.about})
		}
	}
	return some
}

// flagOf returns the flag that a word names if it takes a value, else nil.
func flagOf(flags []cli.Flag, word string) cli.Flag {
	name := strings.TrimLeft(word, "-")
	if !takesValue(flags, name) {
		return nil
	}
	return flags[slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })]
}

// optionsOf lists the options in their long form.
func optionsOf(flags []cli.Flag) []proposal {
	var all []proposal
	for _, f := range flags {
		about := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			about = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		all = append(all, proposal{"--" + f.Names()[0], about})
	}
	if !slices.ContainsFunc(all, func(p proposal) bool { return p.word == "--help" }) {
		all = append(all, proposal{"--help", "show this help"})
	}
	return all
}

// valuesOf lists the values that a flag proposes.
func valuesOf(f cli.Flag) []proposal {
	var all []proposal
	if c, ok := f.(choiceFlag); ok {
		for _, v := range c.values {
			all = append(all, proposal{v, ""})
		}
	}
	return all
}

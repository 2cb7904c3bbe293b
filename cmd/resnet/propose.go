package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/data"
	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
	"resnet/nn/models"
	"resnet/nn/train"
)

// propose lists what the last of the words, which is being typed, may become:
// commands, options, or an option's values. Nothing stands for files.
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

// starting are the proposals that begin with what was typed, with a prefix.
func starting(typed, prefix string, all []proposal) []proposal {
	var some []proposal
	for _, p := range all {
		if strings.HasPrefix(p.word, typed) {
			some = append(some, proposal{prefix + p.word, p.about})
		}
	}
	return some
}

// flagOf is the flag that a word spells and that takes a value, or nil.
func flagOf(flags []cli.Flag, word string) cli.Flag {
	name := strings.TrimLeft(word, "-")
	if !takesValue(flags, name) {
		return nil
	}
	return flags[slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })]
}

// optionsOf are the options in their long form.
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

// valuesOf are the values of a flag that takes one of a few.
func valuesOf(f cli.Flag) []proposal {
	var values []string
	if c, ok := f.(choiceFlag); ok {
		values = c.values
	} else {
		values = knownValues(f.Names()[0])
	}
	var all []proposal
	for _, v := range values {
		all = append(all, proposal{v, ""})
	}
	return all
}

// knownValues are those of flags that other packages check.
func knownValues(flag string) []string {
	switch flag {
	case "model":
		return models.Names()
	case "dataset":
		return []string{data.FashionMNIST, data.IDX}
	case "device":
		return []string{device.Auto, device.CPU, device.CUDA}
	case "precision":
		return []string{nn.FP32.String(), nn.TF32.String(), nn.BF16.String(), nn.FP16.String()}
	case "fuse":
		return []string{cuda.FuseAuto.String(), cuda.FuseOn.String(), cuda.FuseOff.String()}
	case "opt":
		return []string{"adam", "adamw", "sgd"}
	case "sched":
		return []string{train.SchedConstant, train.SchedStep, train.SchedCosine, train.SchedOneCycle}
	case "val":
		return []string{train.ValTest, train.ValNone}
	case "phase":
		return []string{"train", "infer"}
	case "isa":
		var names []string
		for _, isa := range kernels.Supported() {
			names = append(names, isa.String())
		}
		return names
	}
	return nil
}

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
)

const (
	appHelp = `{{.Name}} - {{.Usage}}

usage: {{.HelpName}} COMMAND [options] [arguments]

commands:{{range .VisibleCommands}}
   {{printf "%-10s" .Name}} {{.Usage}}{{end}}

"{{.HelpName}} COMMAND --help" lists a command's options, "{{.HelpName}} --version" tells the version.

examples:
   resnet train                                 Fashion-MNIST with the published recipe
   resnet train --resume runs/DIR               go on with a run that was stopped
   resnet eval --weights runs/DIR/weights/best.safetensors
   resnet predict --weights FILE picture.png    what a picture shows
   resnet report runs/DIR                       a web page about a run
   resnet bench                                 how fast this machine is
   resnet doctor                                what is missing here

exit status: 0 success, 1 failure, 2 wrong usage, 129, 130 or 143 after SIGHUP,
SIGINT or SIGTERM with the checkpoint written
`
	commandHelp = `{{.HelpName}} - {{.Usage}}{{if .Aliases}} (also: {{join .Aliases ", "}}){{end}}

usage: {{if .UsageText}}{{.UsageText}}{{else}}{{.HelpName}}
{{- if .Subcommands}} COMMAND{{end}}
{{- if .VisibleFlags}} [options]{{end}}
{{- if .ArgsUsage}} {{.ArgsUsage}}{{end}}{{end}}
{{- if .Subcommands}}

commands:{{range .VisibleCommands}}
   {{printf "%-10s" .Name}} {{.Usage}}{{end}}{{end}}
{{- if .VisibleFlags}}

options:{{range .VisibleFlags}}
   {{wrap .String 6}}{{end}}{{end}}
{{- if .Description}}

{{.Description}}{{end}}
`
)

func newApp(stdout, stderr io.Writer) *cli.App {
	cli.VersionPrinter = func(c *cli.Context) { fmt.Fprintln(c.App.Writer, version()) }
	cli.HelpFlag = boolFlag("help", "show this help", "h")
	cli.VersionFlag = boolFlag("version", "print the version", "v")
	app := &cli.App{
		Name: "resnet", HelpName: "resnet", Usage: "trains ResNets on small images, evaluates them and runs them",
		Version: version(),
		Writer:  stdout, ErrWriter: stderr,
		CustomAppHelpTemplate: appHelp,
		HideHelpCommand:       true,
		Commands: []*cli.Command{
			trainCommand(), runsCommand(), evalCommand(), predictCommand(), summaryCommand(), reportCommand(),
			exportCommand(), importCommand(),
			benchCommand(), dataCommand(), doctorCommand(), completionCommand(), completeCommand(), docsCommand(),
		},
		Action: missingCommand, OnUsageError: onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // main reports and exits
	}
	for _, c := range app.Commands {
		finish(c)
	}
	return app
}

// finish sets what all commands and their subcommands share.
func finish(c *cli.Command) {
	c.CustomHelpTemplate = commandHelp
	c.HideHelpCommand = true
	c.OnUsageError = onUsageError
	if len(c.Subcommands) > 0 {
		c.Action = missingCommand
	} else {
		c.Before = refuseEmpty
	}
	for _, sub := range c.Subcommands {
		finish(sub)
	}
}

func version() string {
	return fmt.Sprintf("resnet %s (%s, %s/%s)", bench.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// missingCommand runs where a command was expected and something else, or nothing, came.
func missingCommand(c *cli.Context) error {
	commands := c.Command.Subcommands
	if !c.Args().Present() {
		return usagef("no command given, want one of %s (see %s --help)", commandNames(commands), c.Command.HelpName)
	}
	name := c.Args().First()
	hint := fmt.Sprintf("see %s --help", c.Command.HelpName)
	if s := nearest(name, func(yield func(string)) {
		for _, sub := range commands {
			if sub.Hidden {
				continue
			}
			for _, n := range sub.Names() {
				yield(n)
			}
		}
	}); s != "" {
		hint = fmt.Sprintf("did you mean %s?", s)
	}
	return usagef("unknown command %q, want one of %s; %s", name, commandNames(commands), hint)
}

func commandNames(commands []*cli.Command) string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// refuseEmpty refuses options and arguments that are there and empty, as a shell's variables are that were never set:
// --resume "$RUN" is no wish for a new run. A variable of the environment may be empty.
func refuseEmpty(c *cli.Context) error {
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if text, isText := c.Value(name).(string); isText && text == "" && c.IsSet(name) && fromArguments(f) {
			return usagef("--%s: an empty value (leave the option out for its default)", name)
		}
	}
	if c.Command.Hidden {
		return nil
	}
	for i, a := range c.Args().Slice() {
		if a == "" {
			return usagef("%s: argument %d is empty", c.Command.Name, i+1)
		}
	}
	return nil
}

// fromArguments says whether a flag has its values from the command line alone.
func fromArguments(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && len(d.GetEnvVars()) == 0
}

// onUsageError rewords the flag parser's errors in the project's form.
func onUsageError(c *cli.Context, err error, _ bool) error {
	const unknown = "flag provided but not defined: -"
	where := strings.TrimPrefix(c.Command.HelpName+": ", "resnet: ")
	where = strings.TrimPrefix(where, "resnet ")
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return usagef("%s%s", where, reworded(err.Error(), c.Command.Flags))
	}
	hint := fmt.Sprintf("see %s --help", c.Command.HelpName)
	if s := nearest(name, func(yield func(string)) {
		for _, f := range c.Command.Flags {
			for _, n := range f.Names() {
				yield(n)
			}
		}
	}); s != "" {
		hint = "did you mean --" + s + "?"
	}
	return usagef("%sunknown flag --%s; %s", where, name, hint)
}

// reworded is an error of the flag parser in the project's words.
func reworded(text string, flags []cli.Flag) string {
	if names, ok := strings.CutPrefix(text, "Cannot use two forms of the same flag: "); ok {
		short, long, _ := strings.Cut(names, " ")
		return fmt.Sprintf("-%s and --%s are the same option, want one of them", short, long)
	}
	want := "not a number"
	for _, f := range flags {
		if _, whole := f.(*cli.IntFlag); whole && slices.ContainsFunc(f.Names(), func(name string) bool {
			return strings.Contains(text, "flag -"+name+":")
		}) {
			want = "want a whole number"
		}
	}
	if strings.HasPrefix(text, "invalid boolean value") {
		want = "want true or false"
	}
	return strings.NewReplacer(`for flag -`, `for --`, `for -`, `for --`,
		`flag needs an argument: -`, `missing value of --`, `parse error`, want).Replace(text)
}

// nearest is the candidate that takes the fewest edits from what was given, or "" where none is near.
func nearest(given string, candidates func(yield func(string))) string {
	best, fewest := "", 1+len(given)/3
	candidates(func(name string) {
		if len(name) < 2 {
			return
		}
		d := edits(given, name)
		if strings.HasPrefix(name, given) && len(given) > 1 {
			d = min(d, 1)
		}
		if d < fewest || d == fewest && best == "" {
			best, fewest = name, d
		}
	})
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

package main

import (
	"embed"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

//go:embed completion
var completionScripts embed.FS

func completionCommand() *cli.Command {
	script := func(shell, how string) *cli.Command {
		return &cli.Command{
			Name: shell, Usage: "print the script for " + shell,
			Description: "The script's first lines say how to keep it.\n\nexamples:\n   " + how,
			Action: func(c *cli.Context) error {
				if err := noArguments(c); err != nil {
					return err
				}
				text, err := completionScripts.ReadFile("completion/resnet." + shell)
				if err != nil {
					return err
				}
				_, err = c.App.Writer.Write(text)
				return err
			},
		}
	}
	return &cli.Command{
		Name: "completion", Usage: "print a script that makes a shell complete resnet's commands and options",
		Description: `examples:
   source <(resnet completion bash)
   resnet completion zsh > ~/.zfunc/_resnet`,
		Subcommands: []*cli.Command{
			script("bash", "source <(resnet completion bash)"),
			script("zsh", "source <(resnet completion zsh)"),
			script("fish", "resnet completion fish | source"),
		},
	}
}

// completeCommand is what the scripts call: it proposes words for the last of its arguments, one a line, with a tab and
// an explanation behind.
func completeCommand() *cli.Command {
	return &cli.Command{
		Name: "__complete", Hidden: true, Usage: "propose words", ArgsUsage: "-- WORD...",
		Description: "examples:\n   resnet __complete -- train --dev",
		Action: func(c *cli.Context) error {
			for _, p := range propose(c.App, c.Args().Slice()) {
				if _, err := io.WriteString(c.App.Writer, p.String()+"\n"); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// A proposal is a word that may stand where the cursor is.
type proposal struct{ word, about string }

func (p proposal) String() string {
	if p.about == "" {
		return p.word
	}
	return fmt.Sprintf("%s\t%s", p.word, p.about)
}

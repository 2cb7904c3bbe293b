package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

//go:generate go run -tags nocuda . docs -o README.md

func docsCommand() *cli.Command {
	return &cli.Command{
		Name: "docs", Hidden: true, Usage: "write the reference of all commands",
		Description: "examples:\n   resnet docs -o README.md",
		Flags:       []cli.Flag{outputFlag("the reference")},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			text, err := reference()
			if err != nil {
				return err
			}
			write := func(w io.Writer) error {
				_, err := io.WriteString(w, text)
				return err
			}
			if path := c.String("output"); path != "" {
				return writeOutput(path, write)
			}
			return write(c.App.Writer)
		},
	}
}

// reference is what --help says about every command, as Markdown.
func reference() (string, error) {
	var b strings.Builder
	b.WriteString("# resnet\n\nWhat `--help` says, written by `go generate ./cmd/resnet`.\n")
	section := func(title string, args ...string) error {
		help, err := helpOf(args...)
		fmt.Fprintf(&b, "\n%s\n\n```text\n%s\n```\n", title, strings.TrimSpace(help))
		return err
	}
	if err := section("## resnet"); err != nil {
		return "", err
	}
	for _, c := range newApp(io.Discard, io.Discard).Commands {
		if c.Hidden {
			continue
		}
		if err := section("## resnet "+c.Name, c.Name); err != nil {
			return "", err
		}
		for _, sub := range c.Subcommands {
			if err := section("### resnet "+c.Name+" "+sub.Name, c.Name, sub.Name); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

// helpOf is a command's help.
func helpOf(command ...string) (string, error) {
	var b bytes.Buffer
	err := newApp(&b, io.Discard).Run(append(append([]string{"resnet"}, command...), "--help"))
	return b.String(), err
}

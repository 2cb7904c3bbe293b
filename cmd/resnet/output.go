package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/atomicfile"

	"github.com/urfave/cli/v2"
)

// choiceFlag is a flag whose values completion proposes.
type choiceFlag struct {
	*cli.StringFlag
	values []string
}

// choice is a flag with the given values; its usage text ends in their list.
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

// outputFlag is -o, a file of the command's result.
func outputFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write " + usage + " to `FILE`"}
}

// writeOutput replaces the file at path as a whole, or writes to what stands
// there and is no file, such as a pipe.
func writeOutput(path string, write func(io.Writer) error) error {
	if i, err := os.Stat(path); err == nil && !i.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		return errors.Join(write(f), f.Close())
	}
	if dir := filepath.Dir(path); !isDir(dir) {
		return fmt.Errorf("output: %s: no directory %s (make it first)", path, dir)
	}
	if err := atomicfile.WriteDurable(path, write); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return nil
}

func isDir(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.IsDir()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// thousands writes an integer with a comma before each three digits.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// mebibytes writes a number of bytes in MiB.
func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// noArguments refuses arguments where a command has none.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s: unexpected argument %q, this command has options only", c.Command.Name, c.Args().First())
	}
	return nil
}

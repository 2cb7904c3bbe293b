package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"resnet/data/atomicfile"
)

// writeOutput replaces the file at path as a whole. Where path is not a regular file, such as a pipe, it writes to
// that.
func writeOutput(path string, write func(io.Writer) error) error {
	if i, err := os.Stat(path); err == nil && !i.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		if err = errors.Join(write(f), f.Close()); readerEnded(err) {
			return errNobodyReads
		}
		return err
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

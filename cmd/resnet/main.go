// Command resnet trains ResNets on small images, evaluates them and runs them.
//
// Results go to stdout, progress and messages to stderr. It exits with 0 after success, 1 after a failure, 2 where the
// command line makes no sense, and 130 or 143 after SIGINT or SIGTERM; see resnet --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"resnet/nn"
	"resnet/nn/cuda"
)

func main() {
	ctx, signals := withSignals(context.Background())
	err := run(ctx, os.Args, os.Stdout, os.Stderr)
	if err != nil {
		name := "resnet:"
		if showsColor(os.Stderr) {
			name = "\x1b[31m" + name + "\x1b[0m"
		}
		fmt.Fprintf(os.Stderr, "%s %s\n", name, oneLine(err))
	}
	os.Exit(exitCode(err, signals.caught()))
}

// run is the whole program except for os.Exit.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	app := newApp(stdout, stderr)
	return app.RunContext(ctx, interspersed(app, args))
}

// usageError is an error in the command line, as opposed to work that failed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// asUsage makes an error that the given settings alone caused a usageError. Another machine may have the memory that
// this one lacks.
func asUsage(err error) error {
	if err == nil || errors.Is(err, nn.ErrOutOfMemory) {
		return err
	}
	return usageError{err}
}

func exitCode(err error, signal int) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case signal != 0:
		return 128 + signal
	case errors.As(err, &usage), errors.Is(err, cuda.ErrNoCUDA):
		return 2
	}
	return 1
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

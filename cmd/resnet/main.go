// Command resnet trains ResNets on small images, evaluates them and runs them.
//
// Results go to stdout, progress and messages to stderr. It exits with 0 after success, 1 after a failure, 2 where the
// command line makes no sense, and 129, 130 or 143 after SIGHUP, SIGINT or SIGTERM; see resnet --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"resnet/data/terminal"
	"resnet/nn"
	"resnet/nn/cuda"
)

func main() {
	signals := newSignals()
	stdout, stderr := &stream{file: os.Stdout, interrupted: signals.came}, newMessages(os.Stderr, signals.came)
	ctx := signals.watch(context.Background(), func(signal int) {
		complain(stderr, errInterrupted)
		os.Exit(128 + signal)
	})
	err := run(ctx, os.Args, stdout, stderr)
	switch signal := signals.caught(); {
	case err == nil:
		err = stdout.err // help texts do not report it
	case signal != 0 && errors.Is(err, context.Canceled):
		err = errInterrupted
	}
	if err != nil && !errors.Is(err, errNobodyReads) {
		complain(stderr, err)
	}
	os.Exit(exitCode(err, signals.caught()))
}

// complain writes an error's line.
func complain(stderr *terminal.Screen, err error) {
	name := "resnet:"
	if showsColor(stderr) {
		name = "\x1b[31m" + name + "\x1b[0m"
	}
	fmt.Fprintf(stderr, "%s %s\n", name, oneLine(err))
}

// run is the whole program except for os.Exit.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	app := newApp(stdout, stderr)
	return app.RunContext(ctx, interspersed(app, args))
}

// errInterrupted is the error of a command that a signal has ended and that has nothing more to say.
var errInterrupted = errors.New("interrupted")

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
	case errors.Is(err, errNobodyReads) && signal == 0:
		return 0
	case signal != 0:
		return 128 + signal
	case errors.As(err, &usage), errors.Is(err, cuda.ErrNoCUDA):
		return 2
	}
	return 1
}

// oneLine is an error's text in one line, with nothing in it that a terminal obeys.
func oneLine(err error) string { return printable(strings.TrimSpace(joined(err))) }

// joined is an error's text with "; " instead of the line ends that errors.Join puts between errors.
func joined(err error) string {
	text := err.Error()
	var parts []error
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		parts = e.Unwrap()
	case interface{ Unwrap() error }:
		parts = []error{e.Unwrap()}
	}
	var before, after []string
	for _, part := range parts {
		if part == nil {
			return text
		}
		before, after = append(before, part.Error()), append(after, joined(part))
	}
	if text == strings.Join(before, "\n") {
		return strings.Join(after, "; ")
	}
	for i := range before {
		text = strings.Replace(text, before[i], after[i], 1)
	}
	return text
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"resnet/data/terminal"
)

// errNobodyReads is the error of a write to a pipe whose reader has ended, as that of "resnet runs | head -1" does. The
// reader has what it wanted.
var errNobodyReads = errors.New("nobody reads the output")

// stream is stdout or stderr. After a signal it does not wait any longer for a reader that has stopped reading.
type stream struct {
	file        *os.File
	interrupted <-chan struct{}
	stuck       bool  // a write was given up
	err         error // the first of Write
}

// patience is how long after a signal a write may still take.
const patience = 200 * time.Millisecond

// Fd is the file's descriptor, for its terminal.
func (s *stream) Fd() uintptr { return s.file.Fd() }

// Write implements io.Writer. Its error is errNobodyReads or that of the file.
func (s *stream) Write(p []byte) (int, error) {
	n, err := s.write(p)
	if s.err == nil {
		s.err = err
	}
	return n, err
}

func (s *stream) write(p []byte) (int, error) {
	n, err := s.tryWrite(p)
	if readerEnded(err) {
		err = errNobodyReads
	}
	return n, err
}

// tryWrite writes to the file; after a signal it soon gives up.
func (s *stream) tryWrite(p []byte) (int, error) {
	if s.stuck {
		return 0, errNobodyReads
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func(p []byte) {
		n, err := s.file.Write(p)
		done <- result{n, err}
	}(bytes.Clone(p))
	select {
	case r := <-done:
		return r.n, r.err
	case <-s.interrupted:
	}
	select {
	case r := <-done:
		return r.n, r.err
	case <-time.After(patience):
		s.stuck = true
		return 0, errNobodyReads
	}
}

func readerEnded(err error) bool {
	if runtime.GOOS == "windows" {
		const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232)
		return errors.Is(err, brokenPipe) || errors.Is(err, noData)
	}
	return errors.Is(err, syscall.EPIPE)
}

// messages is stderr, for progress and messages. Where it cannot be written to, as when the program that shows a log
// has ended or the log's disk is full, they are lost and nothing else is.
type messages struct{ *stream }

func (m messages) Write(p []byte) (int, error) {
	_, _ = m.write(p)
	return len(p), nil
}

// newMessages returns stderr as a screen, on which a bar can be drawn where it is a terminal.
func newMessages(f *os.File, interrupted <-chan struct{}) *terminal.Screen {
	m := messages{&stream{file: f, interrupted: interrupted}}
	return terminal.NewScreen(m, showsBars(f))
}

// mention writes to stdout what is not the purpose of a command that has done its work: where that fails there is a
// warning, and none where nobody reads.
func mention(c *cli.Context, write func(io.Writer) error) {
	w := c.App.Writer
	if s, ok := w.(*stream); ok {
		w = unwatched{s}
	}
	if err := write(w); err != nil && !errors.Is(err, errNobodyReads) {
		fmt.Fprintf(c.App.ErrWriter, "warning: %s\n", oneLine(err))
	}
}

// unwatched is a stream that does not keep its first error.
type unwatched struct{ *stream }

func (u unwatched) Write(p []byte) (int, error) { return u.write(p) }

//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreWriteSignals makes a write to a pipe that nobody reads, or beyond the size that files may have, an error like
// any other instead of the program's end.
func ignoreWriteSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }

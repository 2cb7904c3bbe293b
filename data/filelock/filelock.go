// Package filelock keeps a second process away from what one process writes. A lock belongs to an open file and ends
// with its process, however that ends: flock on Unix, LockFileEx on Windows. On Linux flock also holds between machines
// on NFS.
package filelock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Owner is the process that holds a lock, as it wrote itself into the file; zero if that cannot be read.
type Owner struct {
	PID  int
	Host string
}

// String is "process 123", or "process 123 on node7" if that is another machine.
func (o Owner) String() string {
	switch host, _ := os.Hostname(); {
	case o.PID == 0:
		return "another process"
	case o.Host != host:
		return fmt.Sprintf("process %d on %q", o.PID, o.Host)
	}
	return fmt.Sprintf("process %d", o.PID)
}

// Held is the error of a lock that another process holds.
type Held struct{ Owner Owner }

func (e *Held) Error() string { return "in use by " + e.Owner.String() }

// errHeld is what the system's lock returns if another process holds it.
var errHeld = errors.New("held")

// A look by [Find] holds the lock for a moment; a process that wants it tries again for that long before it gives up.
const (
	tries = 10
	pause = 20 * time.Millisecond
)

// Lock creates the file at path if there is none, locks it, and writes this process into it. Close ends the lock; the
// file stays, because a process that waits for it may have it open. The error is a [Held] if another process has the
// lock, and wraps errors.ErrUnsupported if the file system has no locks.
func Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := lockSoon(f); err != nil {
		defer f.Close()
		if errors.Is(err, errHeld) {
			return nil, &Held{ownerIn(f)}
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	host, _ := os.Hostname() // empty where the system does not tell
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "%d %s\n", os.Getpid(), host)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func lockSoon(f *os.File) (err error) {
	for range tries {
		if err = lock(f, true); !errors.Is(err, errHeld) {
			return err
		}
		time.Sleep(pause)
	}
	return err
}

// Find returns the process that holds the lock of the file at path. held is false if no process does, and also if that
// cannot be known: there is no such regular file, it cannot be read, or its file system has no locks.
func Find(path string) (o Owner, held bool) {
	if i, err := os.Stat(path); err != nil || !i.Mode().IsRegular() { // to open a pipe would wait for its writer
		return Owner{}, false
	}
	f, err := os.Open(path)
	if err != nil {
		return Owner{}, false
	}
	defer f.Close()
	if !errors.Is(lock(f, false), errHeld) {
		return Owner{}, false
	}
	return ownerIn(f), true
}

// ownerIn reads the process in a lock's file. The file is empty for a moment after it was locked.
func ownerIn(f *os.File) (o Owner) {
	for range tries {
		b := make([]byte, 512)
		n, _ := f.ReadAt(b, 0)
		line, _, whole := strings.Cut(string(b[:n]), "\n")
		if _, err := fmt.Sscan(line, &o.PID); whole && err == nil {
			_, o.Host, _ = strings.Cut(line, " ")
			return o
		}
		time.Sleep(pause)
	}
	return Owner{}
}

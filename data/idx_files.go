package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"resnet/data/terminal"
)

// missingError means that a file or directory is absent, as opposed to present and damaged.
type missingError string

func (e missingError) Error() string { return string(e) }

var errNotRegular = errors.New("not a regular file")

func isMissing(err error) bool {
	var m missingError
	return errors.As(err, &m)
}

// file is one of the four files with its content; or, with err set, the reason why it cannot be used.
type file struct {
	path   string // empty if missing
	size   int64  // bytes on disk
	full   int64  // bytes uncompressed, 0 if it could not be read
	sum    string // SHA-256 of the uncompressed file, in hex
	zipped bool
	idx    *idx // nil if err is not
	err    error
}

// name is the file's name as messages have it.
func (f *file) name() string { return terminal.Printable(filepath.Base(f.path)) }

// readFiles reads the four files of dir concurrently. Each may be plain, .gz, spelt with a dot, or in a folder of its
// name. Of several the first whose content is that in want is taken or, if want is nil, the first. Files of which
// nothing is known beforehand may also have a prefix, one for all.
func readFiles(dir string, want *[4]content) [4]file {
	files := readNamed(dir, "", want)
	if want != nil || anyPresent(files) {
		return files
	}
	prefix, err := choosePrefix(dir)
	switch {
	case err != nil && !isMissing(err):
		for i := range files {
			files[i].err = err
		}
	case prefix != "":
		files = readNamed(dir, prefix, nil)
	}
	return files
}

func readNamed(dir, prefix string, want *[4]content) [4]file {
	var files [4]file
	room := newRoom()
	var wg sync.WaitGroup
	for i := range files {
		wg.Go(func() {
			l := limits{room: room}
			if want != nil {
				l.want = &want[i]
			}
			paths, folders := candidates(dir, prefix, i)
			files[i] = readFirst(paths, i, l)
			switch {
			case files[i].path != "":
			case len(folders) > 0:
				files[i].err = missingError(terminal.Printable(filepath.Base(folders[0])) +
					": a folder without the file of that name")
			default:
				files[i].err = missingError(terminal.Printable(prefix+stems[i]) + "[.gz] not found")
			}
		})
	}
	wg.Wait()
	return files
}

// readFirst reads the first of the paths that is as wanted. The first error is the one to report, unless a later path
// is good. If nothing is known beforehand, the first file that is there is read and no other.
func readFirst(paths []string, kind int, l limits) file {
	var first file
	for _, path := range paths {
		f := readFile(path, kind, l)
		switch {
		case isMissing(f.err):
			continue
		case f.err == nil || l.want == nil && !errors.Is(f.err, errNotRegular):
			return f
		case first.path == "":
			first = f
		}
	}
	return first
}

// readFile reads the file at path as number kind of the four.
func readFile(path string, kind int, l limits) file {
	f := file{path: path}
	f.err = f.read(kind, l)
	if f.err != nil {
		f.err = fmt.Errorf("%s: %w", f.name(), f.err)
	}
	return f
}

func (f *file) read(kind int, l limits) error {
	info, err := os.Stat(f.path) // before opening, which would wait for a writer if this were a pipe
	switch {
	case err != nil:
		return osReason(err)
	case !info.Mode().IsRegular():
		return errNotRegular
	}
	r, err := os.Open(f.path)
	if err != nil {
		return osReason(err)
	}
	defer r.Close()
	f.size = info.Size()
	x, err := readIDX(r, magics[kind], l)
	if err != nil {
		return err
	}
	f.full = int64(len(x.raw))
	f.zipped = f.size != f.full
	sum := sha256.Sum256(x.raw)
	f.sum = hex.EncodeToString(sum[:])
	if l.want != nil && f.sum != l.want.sum {
		l.room.give(x.reserved)
		return fmt.Errorf("sha256 of the content %.12s..., want %.12s... as published", f.sum, l.want.sum)
	}
	f.idx = x
	return nil
}

// osReason strips the operation and the path from an error of package os; messages here name the file already.
func osReason(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return missingError("not found")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// firstError returns what is wrong with dir, nil if nothing is.
func firstError(dir string, files [4]file) error {
	allMissing := true
	for _, f := range files {
		allMissing = allMissing && isMissing(f.err)
	}
	if allMissing {
		switch info, err := os.Stat(dir); {
		case errors.Is(err, fs.ErrNotExist):
			return missingError("no such directory")
		case err == nil && !info.IsDir():
			return missingError("a file, want the directory with the four files")
		}
		return missingError("none of the four files is there (" + strings.Join(stems[:], ", ") + ", plain or .gz)")
	}
	for _, f := range files {
		if f.err != nil {
			return f.err
		}
	}
	return nil
}

// checksum returns the SHA-256, in hex, of the SHA-256 sums of the uncompressed files.
func checksum(files [4]file) string {
	h := sha256.New()
	for _, f := range files {
		sum, _ := hex.DecodeString(f.sum)
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

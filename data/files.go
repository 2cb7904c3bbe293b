package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// layout is how a format names its files and what it makes of them.
type layout interface {
	form() form
	// read reads the files of dir concurrently and holds each to what is published of it; want is nil where nothing is.
	read(dir string, want []content) []file
	// mark is the file that tells one data set of this layout from another, as an index of the form's names, and
	// isMarked says whether that of a directory is as wanted.
	mark() int
	isMarked(dir string, want content) bool
	// assemble makes a data set of files that were read without error, and checks that they fit together.
	assemble(name, dir string, files []file, o Options) (*Source, error)
}

// form is what is said of a layout's files.
type form struct {
	names  []string // of the files, in their order
	wanted string   // what they are together: "the four files"
	also   string   // how else they may be spelt: ", plain or .gz"
	folder string   // around them in their archive, "" if there is none
	any    string   // name of the data set of any files in this layout
}

// file is one of a data set's files with its content; or, with err set, the reason why it cannot be used.
type file struct {
	path     string // empty if missing
	size     int64  // bytes on disk
	full     int64  // bytes uncompressed, 0 if it could not be read
	sum      string // SHA-256 of the uncompressed file, in hex
	verified bool   // it has the published checksum
	zipped   bool
	raw      []byte // the uncompressed file; nil if err is not
	idx      *idx   // likewise, in MNIST's format
	err      error
}

// name is the file's name as messages have it.
func (f *file) name() string { return terminal.Printable(filepath.Base(f.path)) }

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
func firstError(dir string, of form, files []file) error {
	allMissing := true
	for _, f := range files {
		allMissing = allMissing && isMissing(f.err)
	}
	if allMissing {
		switch info, err := os.Stat(dir); {
		case errors.Is(err, fs.ErrNotExist):
			return missingError("no such directory")
		case err == nil && !info.IsDir():
			return missingError("a file, want the directory with " + of.wanted)
		}
		return missingError("none of " + of.wanted + " is there (" + strings.Join(of.names, ", ") + of.also + ")")
	}
	for _, f := range files {
		if f.err != nil {
			return f.err
		}
	}
	return nil
}

// checksum returns the SHA-256, in hex, of the SHA-256 sums of the uncompressed files.
func checksum(files []file) string {
	h := sha256.New()
	for _, f := range files {
		sum, _ := hex.DecodeString(f.sum)
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func anyPresent(files []file) bool {
	return slices.ContainsFunc(files, func(f file) bool { return f.path != "" })
}

// held compares the content's SHA-256 with the published one, if there is one.
func (f *file) held(raw []byte, want *content) error {
	sum := sha256.Sum256(raw)
	f.sum = hex.EncodeToString(sum[:])
	if want == nil || want.sum == "" {
		return nil
	}
	if f.sum != want.sum {
		return fmt.Errorf("sha256 of the content %.12s..., want %.12s... as published", f.sum, want.sum)
	}
	f.verified = true
	return nil
}

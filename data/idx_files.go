package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"resnet/data/terminal"
)

// mnistLayout is four files in MNIST's format. The zero value is MNIST's own.
type mnistLayout struct {
	prefix     string // of the files' names; where it is empty and nothing is published, any will do
	folder     string // as in form
	transposed bool   // the files hold rows and columns exchanged
	first      int32  // the label of the first class
}

func (l mnistLayout) form() form {
	f := form{wanted: "the four files", also: ", plain or .gz", folder: l.folder, any: IDX}
	for _, stem := range stems {
		if l.prefix != "" { // as EMNIST spells it
			stem = strings.Replace(stem, "t10k", "test", 1)
		}
		f.names = append(f.names, l.prefix+stem)
	}
	return f
}

func (mnistLayout) mark() int { return trainLabels }

// isMarked says whether the training labels are those that are published, or have their name where no sum of them is.
func (l mnistLayout) isMarked(dir string, want content) bool {
	all := make([]content, len(stems))
	all[trainLabels] = want
	f := readOne(dir, l.prefix, trainLabels, all, newRoom())
	return f.err == nil && (f.verified || l.prefix != "")
}

func (l mnistLayout) read(dir string, want []content) []file {
	if want == nil && l.prefix == "" {
		return readFiles(dir)
	}
	return readNamed(dir, l.prefix, want)
}

// readFiles reads four files of which nothing is known beforehand. They may have a prefix, one for all.
func readFiles(dir string) []file {
	files := readNamed(dir, "", nil)
	if anyPresent(files) {
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

// readNamed reads the four files concurrently. Each may be plain, .gz, spelt with a dot, or in a folder of its name. Of
// several the first whose content is that in want is taken or, if want is nil, the first.
func readNamed(dir, prefix string, want []content) []file {
	files := make([]file, len(stems))
	room := newRoom()
	var wg sync.WaitGroup
	for i := range files {
		wg.Go(func() { files[i] = readOne(dir, prefix, i, want, room) })
	}
	wg.Wait()
	return files
}

// readOne reads one of the four files.
func readOne(dir, prefix string, kind int, want []content, room *room) file {
	l := limits{room: room}
	if want != nil {
		l.want = &want[kind]
	}
	paths, folders := candidates(dir, prefix, kind)
	f := readFirst(paths, kind, l)
	switch {
	case f.path != "":
	case len(folders) > 0:
		f.err = missingError(terminal.Printable(filepath.Base(folders[0])) + ": a folder without the file of that name")
	default:
		f.err = missingError(terminal.Printable(prefix+stems[kind]) + "[.gz] not found")
	}
	return f
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
	if err = f.held(x.raw, l.want); err == nil && f.zipped {
		err = f.heldZipped(r, l.want)
	}
	if err != nil {
		l.room.give(x.reserved)
		return err
	}
	f.raw, f.idx = x.raw, x
	return nil
}

// heldZipped compares the file as it is on disk with what is published of it, where that is all that is published.
func (f *file) heldZipped(r *os.File, want *content) error {
	if want == nil || want.zipped == nil {
		return nil
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := want.zipped.verify(r); err != nil {
		return err
	}
	f.verified = true
	return nil
}

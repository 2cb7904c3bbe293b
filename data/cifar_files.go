package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"resnet/data/memory"
	"resnet/data/terminal"
)

// The images of CIFAR's files: three planes, red, green and blue.
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarPixels = 3 * cifarPlane
)

// cifarLayout is files of records, each of some labels, a byte each of which the last counts, and an image.
type cifarLayout struct {
	files  []string // the last has the test images
	labels int      // of a record
	folder string   // as in form
}

func (l cifarLayout) form() form {
	return form{
		names: l.files, wanted: fmt.Sprintf("the %d files", len(l.files)), folder: l.folder, any: CIFARBinary,
	}
}

func (l cifarLayout) mark() int { return len(l.files) - 1 }

func (l cifarLayout) isMarked(dir string, want content) bool {
	f := l.readOne(filepath.Join(dir, l.files[l.mark()]), &want, newRoom())
	return f.err == nil
}

func (l cifarLayout) read(dir string, want []content) []file {
	files := make([]file, len(l.files))
	room := newRoom()
	var wg sync.WaitGroup
	for i, name := range l.files {
		wg.Go(func() {
			var w *content
			if want != nil {
				w = &want[i]
			}
			files[i] = l.readOne(filepath.Join(dir, name), w, room)
		})
	}
	wg.Wait()
	return files
}

func (l cifarLayout) readOne(path string, want *content, room *room) file {
	f := file{path: path}
	if f.err = f.readRecords(l.record(), want, room); f.err != nil {
		name := f.name()
		if isMissing(f.err) {
			f.path = ""
			f.err = missingError(name + " not found")
		} else {
			f.err = fmt.Errorf("%s: %w", name, f.err)
		}
	}
	return f
}

func (l cifarLayout) record() int { return l.labels + cifarPixels }

// readRecords reads the file at f.path, which must be one or more whole records.
func (f *file) readRecords(record int, want *content, room *room) error {
	info, err := os.Stat(f.path) // before opening, which would wait for a writer if this were a pipe
	switch {
	case err != nil:
		return osReason(err)
	case !info.Mode().IsRegular():
		return errNotRegular
	}
	f.size = info.Size()
	r, err := os.Open(f.path)
	if err != nil {
		return osReason(err)
	}
	defer r.Close()
	return f.take(r, record, want, room)
}

// take reads the f.size bytes of a file of records from r.
func (f *file) take(r io.Reader, record int, want *content, room *room) error {
	switch {
	case want != nil && f.size != want.size:
		return fmt.Errorf("%d bytes, want the %d that are published", f.size, want.size)
	case f.size == 0 || f.size%int64(record) != 0:
		return fmt.Errorf("%d bytes, want a multiple of %d for records of %s and 3x32x32 bytes%s", f.size, record,
			counted(record-cifarPixels, "label"), hint(r))
	case f.size/int64(record) > 1<<31-1:
		return fmt.Errorf("%d images, want at most %d", f.size/int64(record), 1<<31-1)
	}
	if err := room.take(2 * f.size); err != nil { // the file, and the images that are made of it
		return fmt.Errorf("%d images: %w", f.size/int64(record), err)
	}
	raw := make([]byte, f.size)
	if n, err := io.ReadFull(r, raw); err != nil {
		return readError(err, n, len(raw))
	}
	f.full = f.size
	if err := f.held(raw, want); err != nil {
		room.give(2 * f.size)
		return err
	}
	f.raw = raw
	return nil
}

// hint guesses what a file is that has no whole records.
func hint(r io.Reader) string {
	lead := make([]byte, 8)
	n, _ := io.ReadFull(r, lead)
	if kind := foreign(string(lead[:n])); kind != "" {
		return " (" + kind + ")"
	}
	return ""
}

// counted writes a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// assemble implements layout.
func (l cifarLayout) assemble(name, dir string, files []file, o Options) (*Source, error) {
	last := len(files) - 1
	src := &Source{Name: name, Dir: dir, Train: l.newSet(files[:last]), Test: l.newSet(files[last:]),
		Checksum: checksum(files)}
	classes, err := l.classNames(dir)
	if err != nil {
		return nil, err
	}
	if o.Classes == 0 {
		o.Classes = len(classes)
	}
	names := [2]string{strings.Join(l.files[:last], ", "), l.files[last]}
	if err := src.setClasses(names, o.Classes); err != nil {
		return nil, err
	}
	copy(src.ClassNames, classes)
	return src, nil
}

// newSet makes a set of the records of files: planes become pixels.
func (l cifarLayout) newSet(files []file) *Set {
	s := &Set{H: cifarSide, W: cifarSide, C: 3}
	for _, f := range files {
		s.N += len(f.raw) / l.record()
	}
	s.Pixels, s.Labels = make([]byte, s.N*cifarPixels), make([]int32, 0, s.N)
	to := s.Pixels
	for _, f := range files {
		for rest := f.raw; len(rest) > 0; rest = rest[l.record():] {
			s.Labels = append(s.Labels, int32(rest[l.labels-1]))
			planes := rest[l.labels:l.record()]
			for i := range cifarPlane {
				to[3*i], to[3*i+1], to[3*i+2] = planes[i], planes[cifarPlane+i], planes[2*cifarPlane+i]
			}
			to = to[cifarPixels:]
		}
	}
	return s
}

// maxNames bounds a file of class names.
const maxNames = 1 << 20

// classNames reads the names of the classes, a line each, from the file that goes with the layout; nil without it.
func (l cifarLayout) classNames(dir string) ([]string, error) {
	name := "batches.meta.txt"
	if l.labels == 2 {
		name = "fine_label_names.txt"
	}
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	case info.Size() > maxNames:
		return nil, fmt.Errorf("%s: %s, want class names of at most %s", name, memory.Format(info.Size()),
			memory.Format(maxNames))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, osReason(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxNames+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, osReason(err))
	}
	names, err := parseNames(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return names, nil
}

// parseNames splits a file of class names. Empty lines do not count.
func parseNames(text string) ([]string, error) {
	var names []string
	line := map[string]int{}
	n := 0
	for l := range strings.Lines(text) {
		n++
		name := strings.TrimSpace(l)
		if name == "" {
			continue
		}
		if was := line[name]; was > 0 {
			return nil, fmt.Errorf("lines %d and %d are both %s", was, n, terminal.Printable(strconv.Quote(name)))
		}
		line[name] = n
		names = append(names, name)
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("no class names, want one a line")
	case len(names) > 256:
		return nil, fmt.Errorf("%d class names, want at most 256, as a label is a byte", len(names))
	}
	return names, nil
}

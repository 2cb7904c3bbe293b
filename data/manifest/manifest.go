// Package manifest reads data sets of picture files that a table lists: CSV or other columns of text, or JSON lines.
package manifest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/memory"
	"resnet/data/samples"
)

const maxFile = 1e9 // bytes of a manifest

// Read reads the manifest at path. Each row names a picture, relative to the manifest's folder, and its label; if there
// are such columns, also its split (train without) and the weight of its loss (1 without).
//
// Columns are separated by tabs, semicolons, commas, or where the first line has none of these by spaces; the first
// three follow RFC 4180. A header is recognised by its names: path, file, filename, image and the like; label, class,
// category or target; split, set or subset; weight. Without one the first column is the path and the second the label.
// Columns, if not empty, names them in their order: path, label, split, weight, anything else for what is not used.
// JSON lines have the same names as keys.
//
// Labels are class names as they are written, numbers too. What is not there, or listed twice in a class and split, is
// in the set's Others. A row that says nothing sensible is an error, with its line.
func Read(ctx context.Context, path string, columns []string) (*samples.Set, error) {
	set, err := read(ctx, path, columns)
	if err != nil {
		return nil, fmt.Errorf("manifest: %s: %w", path, err)
	}
	return set, nil
}

func read(ctx context.Context, path string, columns []string) (*samples.Set, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, reason(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file, want a table of pictures and labels")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("file of %s, want at most %s", memory.Format(info.Size()), memory.Format(maxFile))
	}
	if err := memory.Fits(10 * info.Size()); err != nil { // a row of 30 bytes becomes a sample and two strings
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	b := builder{
		set: &samples.Set{Dir: filepath.Dir(path)}, ctx: ctx,
		classes: map[string]int32{}, seen: map[samples.Sample]bool{},
	}
	if err := parse(f, columns, b.exists, b.add); err != nil {
		return nil, err
	}
	return b.finish()
}

// reason is what an error says beside the file's name and the system's call.
func reason(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// row is one of a manifest.
type row struct {
	path, label string
	split       samples.Split
	weight      float32
}

// source reads a manifest row by row.
type source interface {
	next() (*row, error) // io.EOF after the last
	line() int           // where that row is, from 1
}

// parse calls add for each row. Exists tells whether there is a file of a path; it helps to recognise a header.
func parse(r io.Reader, columns []string, exists func(string) bool, add func(*row) error) error {
	br := bufio.NewReaderSize(r, 1<<16)
	s, err := open(br, columns, exists)
	if err != nil {
		return err
	}
	for {
		x, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = x.check()
		}
		if err == nil {
			err = add(x)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", s.line(), err)
		}
	}
}

func (x *row) check() error {
	switch {
	case x.path == "":
		return errors.New("no path, want a picture file")
	case x.label == "":
		return fmt.Errorf("no label of %s", x.path)
	case strings.Contains(x.path, "://"):
		return fmt.Errorf("%s is a URL, want a file (fetch it first)", x.path)
	case strings.ContainsRune(x.path, 0):
		return fmt.Errorf("path %q has a zero byte", x.path)
	}
	return nil
}

// builder makes a set of rows.
type builder struct {
	set     *samples.Set
	ctx     context.Context
	classes map[string]int32 // in the order of their first row
	names   []string
	seen    map[samples.Sample]bool
}

// local returns the path of a file as this system has it. Manifests that were written on Windows have backslashes.
func (b *builder) local(path string) (string, error) {
	path = filepath.Clean(filepath.FromSlash(path))
	_, err := os.Stat(b.set.Path(path))
	if errors.Is(err, fs.ErrNotExist) && filepath.Separator == '/' && strings.Contains(path, `\`) {
		other := filepath.Clean(strings.ReplaceAll(path, `\`, "/"))
		if _, err := os.Stat(b.set.Path(other)); err == nil {
			return other, nil
		}
	}
	return path, err
}

func (b *builder) exists(path string) bool {
	_, err := b.local(path)
	return err == nil
}

func (b *builder) add(x *row) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	class, known := b.classes[x.label]
	if !known {
		class = int32(len(b.classes))
		label := strings.Clone(x.label)
		b.classes[label], b.names = class, append(b.names, label)
	}
	path, err := b.local(x.path)
	if err != nil {
		other := samples.Other{Path: path, Reason: samples.Missing}
		if !errors.Is(err, fs.ErrNotExist) {
			other.Reason, other.Detail = samples.Unreadable, reason(err).Error()
		}
		b.set.Others = append(b.set.Others, other)
		return nil
	}
	s := samples.Sample{Path: strings.Clone(path), Class: class, Split: x.split}
	if b.seen[s] {
		b.set.Others = append(b.set.Others, samples.Other{Path: path, Reason: samples.Repeated})
		return nil
	}
	b.seen[s] = true
	s.Weight = x.weight
	b.set.Samples = append(b.set.Samples, s)
	return nil
}

// finish sorts classes by their bytes, and gives samples their new numbers. Classes without a sample are set apart.
func (b *builder) finish() (*samples.Set, error) {
	if len(b.names) == 0 {
		return nil, errors.New("no rows, want a picture and its label in each")
	}
	b.seen = nil
	used := map[int32]bool{}
	for _, s := range b.set.Samples {
		used[s.Class] = true
	}
	if len(used) == 0 {
		return nil, fmt.Errorf("none of the %d files is there, as %s (paths are relative to the manifest)",
			len(b.set.Others), b.set.Others[0].Path)
	}
	to := make([]int32, len(b.names))
	for _, name := range slices.Sorted(maps.Keys(b.classes)) {
		class := b.classes[name]
		if used[class] {
			to[class] = int32(len(b.set.Classes))
			b.set.Classes = append(b.set.Classes, name)
		} else {
			b.set.Empty = append(b.set.Empty, name)
		}
	}
	for i := range b.set.Samples {
		b.set.Samples[i].Class = to[b.set.Samples[i].Class]
	}
	b.set.Sort()
	return b.set, nil
}

package data

import (
	"context"
	"errors"
	"fmt"
	"io"

	"resnet/data/memory"
	"resnet/data/picture"
	"resnet/data/samples"
	"resnet/data/terminal"
)

// defaultSize is that to which pictures are scaled where [Options] has none.
var defaultSize = Size{3, 64, 64}

// pictureSet is a kind of data set of picture files with labels.
type pictureSet struct {
	Dataset
	classes string // that it has, for the error of somebody who gives their number
	needs   string // what --data-dir is
	// evidence implements recognise.
	evidence func(path string) string
	// find finds the pictures, and reads none. Where Options.Dir is not their place yet, it becomes that.
	find func(context.Context, *Options) (*pictures, error)
}

// pictures are those of a data set before they are decoded.
type pictures struct {
	set *samples.Set
	// each calls visit for each sample of the set, from several goroutines: with its index and its file's content, or
	// why that cannot be read. Classes and paths of samples need not be known before.
	each func(ctx context.Context, visit func(i int, f *io.SectionReader, err error)) error
}

// inFiles are pictures that have a file each.
func inFiles(set *samples.Set) *pictures {
	return &pictures{set, func(ctx context.Context, visit func(int, *io.SectionReader, error)) error {
		return inParallel(ctx, len(set.Samples), func(i int) {
			f, info, err := picture.Open(set.Path(set.Samples[i].Path))
			if err != nil {
				visit(i, nil, err)
				return
			}
			defer f.Close()
			visit(i, io.NewSectionReader(f, 0, info.Size()), nil)
		})
	}}
}

func (p *pictureSet) recognise(path string) string { return p.evidence(path) }

func (p *pictureSet) open(ctx context.Context, o Options) (*Source, error) {
	switch {
	case o.Dir == "":
		return nil, fmt.Errorf("dataset %q needs %s (--data-dir)", p.Name, p.needs)
	case o.Classes != 0:
		return nil, fmt.Errorf("dataset %q has %s (classes are for dataset %q)", p.Name, p.classes, IDX)
	case o.Transpose:
		return nil, fmt.Errorf("dataset %q has its images upright (transpose is for dataset %q)", p.Name, IDX)
	case len(o.Columns) > 0 && p.Name != Manifest:
		return nil, fmt.Errorf("dataset %q has no columns to name (columns are for dataset %q)", p.Name, Manifest)
	}
	found, err := p.find(ctx, &o)
	if err != nil {
		return nil, err
	}
	if err := found.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", found.set.Dir, err)
	}
	l := loader{Source: &Source{Name: p.Name, Dir: o.Dir, ClassNames: found.set.Classes}, pictures: found, o: &o}
	return l.load(ctx)
}

func (p *pictureSet) fetch(context.Context, Options) (string, error) {
	return "", fmt.Errorf("dataset %q is files of your own, there is nothing to fetch", p.Name)
}

// describe implements entry. It reads the pictures.
func (p *pictureSet) describe(ctx context.Context, o Options) (*Info, error) {
	src, err := p.open(ctx, o)
	if err != nil {
		return nil, err
	}
	n := len(src.ClassNames)
	return &Info{
		Dataset: src.Name, Dir: src.Dir, Checksum: src.Checksum, Classes: src.ClassNames, Notes: src.Notes,
		Train: src.Train.info(n), Test: src.Test.info(n),
	}, nil
}

// check says why there is nothing to learn, before any picture is read.
func (p *pictures) check() error {
	names := p.set.Classes
	switch {
	case !p.set.HasSplit(samples.Train):
		return errors.New("no pictures to train on")
	case len(names) < 2:
		hint := ""
		if tables := p.set.Tables(); len(tables) > 0 {
			hint = fmt.Sprintf("; or name the table: %s", terminal.Printable(p.set.Path(tables[0])))
		}
		return fmt.Errorf("one class with pictures (%s), nothing to learn (want at least 2%s)",
			terminal.Printable(names[0]), hint)
	case len(names) > MaxClasses:
		return fmt.Errorf("%d classes, want at most %d", len(names), MaxClasses)
	}
	return nil
}

// size is that to which the pictures are scaled, and need what they take.
func (p *pictures) size(o *Options) (size Size, need int64, err error) {
	size = o.Size
	if size == (Size{}) {
		size = defaultSize
	}
	if size.C != 1 && size.C != 3 || size.H < 1 || size.W < 1 {
		return size, 0, fmt.Errorf("pictures wanted as %v, want 1 or 3 channels and sides of at least 1", size)
	}
	n := len(p.set.Samples)
	need, ok := size.bytes(n)
	err = memory.Fits(need)
	if !ok {
		err = errors.New("more than any machine has")
	}
	if err != nil {
		err = fmt.Errorf("%d pictures as %v: %w (--input CxHxW makes them smaller)", n, size, err)
	}
	return size, need, err
}
